"""Listening sockets that are opened once and handed on: no process that ends takes the address with it."""

from __future__ import annotations

import errno
import socket
from typing import Final

from entrypoints.failures import CommandFailed

BACKLOG: Final = 4096


def listen(host: str, port: int, option: str) -> socket.socket:
    """A listening TCP socket, inheritable; CommandFailed names the port and the option that changes it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CommandFailed(_why_not(error, host, port, option)) from error
    listener.set_inheritable(True)
    return listener


def _why_not(error: OSError, host: str, port: int, option: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} on {host} is in use by another program: stop it, or choose another with {option}"
        case errno.EACCES:
            return f"port {port} needs privileges this account lacks: choose one above 1023 with {option}"
        case _:
            return f"cannot listen on {host} port {port} ({error.strerror or error}): choose another with {option}"


def port_of(listener: socket.socket) -> int:
    """The port it listens on, also where any free one was asked for."""
    port: int = listener.getsockname()[1]
    return port
