"""A TCP port that stays free until a test listens on it."""

import random
import socket
from contextlib import suppress
from pathlib import Path

LINUX_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST = 12_000


def free_port() -> int:
    """Below those the system gives to outgoing connections: no neighbour's connection takes it, nor while its owner
    is started again."""
    chance = random.SystemRandom()
    for _ in range(1000):
        port = chance.randrange(LOWEST, _first_outgoing())
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no free port")


def _first_outgoing() -> int:
    with suppress(OSError):
        return max(LOWEST + 1000, int(LINUX_RANGE.read_text().split()[0]))
    return 32_768
