"""A unix socket that only its owner may use, reached over TCP on this machine by whom a test starts."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qs, urlsplit

BLOCK = 65_536
PATIENCE = 60


@contextmanager
def relay(path: str) -> Iterator[int]:
    """The port on 127.0.0.1, while inside. Whoever used it has to have ended before."""
    carriers: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=_serve, args=(listener, path, carriers), daemon=True)
        server.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for thread in (server, *carriers):
                thread.join(PATIENCE)


def socket_of(url: str) -> str:
    """The path of the socket that an address of Postgres or Redis names."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    asked = parse_qs(parts.query)
    return f"{asked['host'][0]}/.s.PGSQL.{asked.get('port', ['5432'])[0]}"


def over_tcp(url: str, port: int) -> str:
    """The same account and database at the relay."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"redis://127.0.0.1:{port}/0"
    account = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{account}@127.0.0.1:{port}", query="").geturl()


def _serve(listener: socket.socket, path: str, carriers: list[threading.Thread]) -> None:
    with suppress(OSError):
        while True:
            front, _ = listener.accept()
            carriers.append(threading.Thread(target=_carry, args=(front, path), daemon=True))
            carriers[-1].start()


def _carry(front: socket.socket, path: str) -> None:
    with front, socket.socket(socket.AF_UNIX) as behind:
        behind.connect(path)
        back = threading.Thread(target=_copy, args=(behind, front), daemon=True)
        back.start()
        _copy(front, behind)
        back.join(PATIENCE)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(BLOCK):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
