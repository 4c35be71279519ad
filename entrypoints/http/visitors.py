"""Who asks, and how they came: the peer, or whom a trusted proxy speaks for.

`X-Forwarded-For` and `X-Forwarded-Proto` are believed from TRUSTED_PROXIES only. Proxies append, so the list is read
from its end: the first address that is no proxy of ours is the visitor, and what stands before it anybody may have
written. RFC 7239's `Forwarded` is not read: a proxy that sets the one header passes the other one on unchecked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from aiohttp import web

from entrypoints.http.health_services import HEALTH, Network

FORWARDED_FOR: Final = "X-Forwarded-For"
FORWARDED_PROTO: Final = "X-Forwarded-Proto"
Address = IPv4Address | IPv6Address
_SHARED_BITS: Final = 64
"""Of an IPv6 address; everybody is given the rest of it."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`address` is None where the peer has none. `https`: a trusted proxy says that the visitor came so."""

    address: Address | None
    https: bool

    @property
    def name(self) -> str:
        """What visits are counted by: one address, or one IPv6 network of the size that one customer is given."""
        if isinstance(self.address, IPv6Address):
            return f"address {ip_network((self.address, _SHARED_BITS), strict=False)}"
        return f"address {self.address}"


VISITOR: Final = web.RequestKey("visitor", Visitor)


def visitor_of(request: web.Request) -> Visitor:
    """Worked out once per request."""
    if VISITOR not in request:
        request[VISITOR] = read_visitor(
            read_address(request.remote or ""),
            hops(request),
            listed(request.headers.getall(FORWARDED_PROTO, [])),
            request.app[HEALTH].trusted_proxies,
        )
    return request[VISITOR]


def hops(request: web.Request) -> Sequence[str]:
    """What X-Forwarded-For says, nearest last."""
    return listed(request.headers.getall(FORWARDED_FOR, []))


def read_visitor(
    peer: Address | None, forwarded: Sequence[str], schemes: Sequence[str], trusted: Sequence[Network]
) -> Visitor:
    """The visitor of a connection from `peer` with these headers. One scheme of several that is not https spoils it."""
    if not is_in(peer, trusted):
        return Visitor(peer, https=False)
    https = bool(schemes) and all(scheme.lower() == "https" for scheme in schemes)
    return Visitor(_behind(peer, forwarded, trusted), https)


def _behind(proxy: Address | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> Address | None:
    """The last address that is no proxy; of what cannot be read nothing further is believed."""
    found = proxy
    for text in reversed(forwarded):
        address = read_address(text)
        if address is None:
            return found
        found = address
        if not is_in(address, trusted):
            return found
    return found


def read_address(text: str) -> Address | None:
    """The address of a hop, also with a port or a zone; an IPv4 address in IPv6 clothes is the IPv4 address."""
    try:
        found = ip_address(_bare(text.strip()))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _bare(text: str) -> str:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text.partition("%")[0]


def is_in(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether one of the networks holds it."""
    return address is not None and any(address in network for network in networks)


def listed(values: Iterable[str]) -> Sequence[str]:
    """The members of a header that may be repeated."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]
