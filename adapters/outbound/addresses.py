"""Which addresses may be asked on somebody's word: public ones, plainly written.

Everything else leads back into our own network, to its neighbours, or to the cloud's own machine (169.254.169.254 gives
out credentials). This is about what is written; `adapters.outbound.resolving` judges what a name resolves to.
"""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address

_NAME: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_LAST_IS_A_NUMBER: Final = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)\.?")
"""Resolvers read such a name as an IPv4 address, however it is written: 2130706433, 0x7f.1, 127.1."""
_OWN_NAMES: Final = frozenset({"localhost", "local", "internal", "intranet", "arpa", "lan", "corp", "home", "private"})
"""Last labels that mean somebody's own network."""
_LEAST_PORT: Final = 1024
"""Ports below it belong to other services than HTTP; 443 is the exception."""
_NOT_FOR_US: Final = tuple(
    ip_network(name) for name in ("192.88.99.0/24", "64:ff9b:1::/48", "2001:db8::/32", "3fff::/20", "5f00::/16")
)
_NAT64: Final = ip_network("64:ff9b::/96")


def problem_of_url(url: str, *, public: bool) -> str | None:
    """What is wrong with an http(s) address, as the end of a sentence that begins with its name; None if nothing is.

    A `public` one is asked by https, at a name or address that is not of a private network.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "must be written in printable ASCII, without spaces or backslashes"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no address"
    return _problem_of_form(parts, public=public) or (_problem_of_place(parts.hostname or "", port) if public else None)


def _problem_of_form(parts: SplitResult, *, public: bool) -> str | None:
    if parts.scheme not in {"https", "http"}:
        return "must start with https://"
    if public and parts.scheme != "https":
        return "must start with https:// in production"
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        return "must hold no user name or password"
    if not parts.hostname or parts.fragment:
        return "must name a host, and no fragment"
    return None


def _problem_of_place(host: str, port: int | None) -> str | None:
    if port is not None and port != 443 and port < _LEAST_PORT:
        return "must use port 443 or one from 1024"
    literal = written_address(host)
    if literal is not None:
        return None if is_public(literal) else "must not point into a private network"
    if not _NAME.fullmatch(host.rstrip(".")) or "." not in host.rstrip("."):
        return "must name a host of the public internet"
    if host.rstrip(".").rpartition(".")[2] in _OWN_NAMES:
        return "must not point into a private network"
    return None


def written_address(host: str) -> Address | None:
    """The address that a host is, in any of the ways to write one that resolvers understand; None for a name."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        pass
    if not _LAST_IS_A_NUMBER.fullmatch(host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, ValueError):
        return IPv4Address(0)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, also where an IPv4 address is wrapped into it."""
    if isinstance(address, IPv6Address):
        inner = _wrapped(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    odd = address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global
    return not odd and not any(address in network for network in _NOT_FOR_US)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
