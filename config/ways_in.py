"""By which names the service is asked, and how often: what the HTTP surface is told of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from config.settings import Settings
from core.domain.doors import Door

ANY: Final = "*"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def own_hosts(settings: Settings) -> frozenset[str]:
    """The name in PUBLIC_URL and those in ALLOWED_HOSTS; empty where any name will do.

    While developing, and where PUBLIC_URL itself is this machine, its own names are as good as each other.
    """
    if ANY in settings.allowed_hosts:
        return frozenset()
    public = urlsplit(settings.public_url).hostname or ""
    names = frozenset(_spelled(name) for name in (public, *settings.allowed_hosts))
    return names | _LOOPBACK if not settings.production or names & _LOOPBACK else names


def _spelled(name: str) -> str:
    """As names are compared: in lower case, without a last dot, an IPv6 address in brackets."""
    name = name.lower().rstrip(".")
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def limits(settings: Settings) -> Mapping[Door, int]:
    """Visits a minute, by door."""
    return {
        Door.READ: settings.limit_reads,
        Door.WRITE: settings.limit_writes,
        Door.PAGE: settings.limit_pages,
        Door.SIGN_IN: settings.limit_sign_ins,
        Door.GUESS: settings.limit_guesses,
    }
