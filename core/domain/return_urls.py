"""Where a browser may be sent after an install: only places that the operator listed. No open redirect.

Compared are scheme, host and port exactly, and the path by whole segments. Whatever two
programs could read differently (user names, backslashes, dot segments, encoded
separators, hosts in other alphabets) is no place at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

LONGEST: Final = 2000
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The only hosts without TLS: a developer's own machine."""
_NETLOC: Final = re.compile(r"(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class _Place:
    """The part of a URL that is compared."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def has_tls(self) -> bool:
        return self.scheme == "https"

    def holds(self, other: _Place) -> bool:
        """Whether the other is this place or below it."""
        if (self.scheme, self.host, self.port) != (other.scheme, other.host, other.port):
            return False
        return other.path == self.path or other.path.startswith(self.path.rstrip("/") + "/")


@dataclass(frozen=True, slots=True)
class ReturnUrls:
    """The allow-list. Made by `read`; without entries nothing is allowed."""

    places: tuple[_Place, ...] = ()

    @classmethod
    def read(cls, entries: Sequence[str], *, tls_only: bool = False) -> ReturnUrls:
        """Raises ValueError, naming the entry, for one that is no `https://host[:port][/path]`."""
        return cls(tuple(_entry(entry, tls_only=tls_only) for entry in entries))

    def allows(self, url: str) -> bool:
        place = _place(url)
        return place is not None and any(allowed.holds(place) for allowed in self.places)


NOWHERE_ELSE: Final = ReturnUrls()
"""Nothing is listed: browsers stay on this site."""


def _entry(entry: str, *, tls_only: bool) -> _Place:
    place = _place(entry)
    if place is None or "?" in entry or "#" in entry:
        raise ValueError(f"{entry!r} is no https://host[:port][/path]")
    if tls_only and not place.has_tls:
        raise ValueError(f"{entry!r} must start with https://")
    return place


def _place(url: str) -> _Place | None:
    """None for a text that is not unmistakably one absolute address."""
    if len(url) > LONGEST or not _is_plain(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return _placed(parts) if _is_clear(parts.path) else None


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(text) & set(' \\"<>^`{|}')


def _placed(parts: SplitResult) -> _Place | None:
    scheme, found = parts.scheme, _NETLOC.fullmatch(parts.netloc.lower())
    if found is None or scheme not in _DEFAULT_PORTS:
        return None
    host, port = found["host"], int(found["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port < 65536 or (scheme == "http" and host not in _LOOPBACK):
        return None
    return _Place(scheme, host, port, parts.path)


def _is_clear(path: str) -> bool:
    """Whether every reader walks the same way: no dot segments, however written, and nothing encoded twice."""
    decoded = unquote(path)
    if set("%\\\ufffd") & set(decoded) or not decoded.isprintable() or decoded.count("/") != path.count("/"):
        return False
    return not {".", ".."} & set(decoded.split("/")) and "//" not in decoded
