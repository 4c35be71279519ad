"""What REDIS_URL may say: one server, a service that sentinels know, or the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from core.errors import SettingInvalid

Node = tuple[str, int]

_SERVER: Final = ("redis", "rediss", "unix")
_SENTINEL: Final = ("redis+sentinel", "rediss+sentinel")
_CLUSTER: Final = ("redis+cluster", "rediss+cluster")
_SENTINEL_PORT: Final = 26379
_REDIS_PORT: Final = 6379
_SCHEMES: Final = ", ".join(f"{scheme}://" for scheme in (*_SERVER, *_SENTINEL, *_CLUSTER))


@dataclass(frozen=True, slots=True)
class OneServer:
    """The URL as the driver reads it."""

    url: str
    tls: bool


@dataclass(frozen=True, slots=True)
class Service:
    """The primary that the sentinels name. The credentials are the servers'; sentinels may have others."""

    sentinels: tuple[Node, ...]
    name: str
    db: int
    tls: bool
    credentials: Mapping[str, str]
    sentinel_credentials: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Nodes to ask first; they name the others."""

    nodes: tuple[Node, ...]
    tls: bool
    credentials: Mapping[str, str]


def read_address(url: str) -> OneServer | Service | Cluster:
    """Raises SettingInvalid, without what may be a password, for a URL that is none."""
    scheme = urlsplit(url).scheme
    if scheme in _SERVER:
        return OneServer(url, tls=scheme == "rediss")
    if scheme in _SENTINEL:
        return _service(urlsplit(url))
    if scheme in _CLUSTER:
        return _cluster(urlsplit(url))
    raise SettingInvalid("REDIS_URL", f"must start with one of {_SCHEMES}")


def _service(parts: SplitResult) -> Service:
    """`redis+sentinel://user:password@host:port,host:port/service/db?sentinel_password=…`"""
    name, _, db = parts.path.strip("/").partition("/")
    if not name:
        raise SettingInvalid("REDIS_URL", "must end with the service that the sentinels watch, as in …:26379/mymaster")
    asked = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    own = {key.removeprefix("sentinel_"): value for key, value in asked.items() if key.startswith("sentinel_")}
    return Service(
        sentinels=_nodes(parts, _SENTINEL_PORT),
        name=unquote(name),
        db=_number(db or "0", "the database after the service"),
        tls=parts.scheme.startswith("rediss"),
        credentials=_credentials(parts),
        sentinel_credentials=MappingProxyType({key: own[key] for key in ("username", "password") if key in own}),
    )


def _cluster(parts: SplitResult) -> Cluster:
    """`redis+cluster://user:password@host:port,host:port`"""
    if parts.path.strip("/") not in ("", "0"):
        raise SettingInvalid("REDIS_URL", "names a database, and a cluster has none")
    return Cluster(_nodes(parts, _REDIS_PORT), parts.scheme.startswith("rediss"), _credentials(parts))


def _nodes(parts: SplitResult, default_port: int) -> tuple[Node, ...]:
    places = parts.netloc.rpartition("@")[2]
    nodes = tuple(_node(place, default_port) for place in places.split(",") if place)
    if not nodes:
        raise SettingInvalid("REDIS_URL", "names no host")
    return nodes


def _node(place: str, default_port: int) -> Node:
    host, colon, port = place.rpartition(":")
    if not colon or port.endswith("]"):  # the last part of an IPv6 address
        host, port = place, str(default_port)
    return host.strip("[]"), _number(port, "a port")


def _number(text: str, what: str) -> int:
    if not text.isdecimal():
        raise SettingInvalid("REDIS_URL", f"{what} is no number")
    return int(text)


def _credentials(parts: SplitResult) -> Mapping[str, str]:
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    given = {"username": unquote(user), "password": unquote(password)}
    return MappingProxyType({key: value for key, value in given.items() if value})
