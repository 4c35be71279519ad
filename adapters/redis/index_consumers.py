"""Names of those who read the work index: they tell which process of which host each one is."""

from __future__ import annotations

import os
import secrets
import socket


def own_name() -> str:
    """New at every call."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def is_of_a_dead_process(name: str) -> bool:
    """Whether it was a process of this host that is gone by now; of another host's nobody here can tell.

    Two containers that share a host's name and not its processes may take one another for dead.
    """
    host, _, rest = name.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname() or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        pass
    return False
