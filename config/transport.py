"""How the servers are reached: by TLS that proves who answers, or in the open."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qs, urlsplit

from adapters.redis.addresses import Cluster, OneServer, Service, read_address
from core.errors import SettingInvalid

_IN_THE_OPEN: Final = frozenset({"disable", "allow", "prefer"})
_UNCHECKED: Final = {
    "ssl_cert_reqs": ("none", "optional", "cert_none", "cert_optional"),
    "ssl_check_hostname": ("false", "0", "no"),
}


def check_postgres(key: str, url: str, ca_cert: str | None, excused: Sequence[str]) -> None:
    """Raises SettingInvalid where Postgres on another machine is reached without proof that it is the one named.

    `sslmode=require` encrypts, but takes any certificate (the documentation of libpq, "Protection Provided in
    Different Modes"); only `verify-full` and an authority of ours check the host name as well.
    """
    if not is_postgres_checked(url, ca_cert):
        _refuse(key, postgres_elsewhere(url, excused), "DATABASE_CA_CERT, or sslmode=verify-full in the address")


def check_redis(url: str, excused: Sequence[str]) -> None:
    """Raises SettingInvalid where Redis on another machine is reached without proof that it is the one named."""
    if not is_redis_checked(url):
        _refuse("REDIS_URL", redis_elsewhere(url, excused), "rediss:// (and REDIS_CA_CERT)")


def postgres_elsewhere(url: str, excused: Sequence[str] = ()) -> Sequence[str]:
    """The hosts of the address that are other machines, without those excused."""
    return _others(_postgres_hosts(url), excused)


def redis_elsewhere(url: str, excused: Sequence[str] = ()) -> Sequence[str]:
    """The same for Redis. Raises SettingInvalid for an address that is none."""
    return _others(_redis_hosts(read_address(url)), excused)


def _refuse(key: str, hosts: Sequence[str], fix: str) -> None:
    if hosts:
        raise SettingInvalid(
            key,
            f"reaches {', '.join(hosts)} without checked TLS: set {fix}; "
            "where the network between is yours alone, name the host in PLAIN_SERVERS",
        )


def is_postgres_checked(url: str, ca_cert: str | None) -> bool:
    """Whether it is encrypted, and who answers has to prove who it is."""
    given = parse_qs(urlsplit(url).query)
    mode = given.get("sslmode", [""])[-1]
    if mode in _IN_THE_OPEN:
        return False
    return mode == "verify-full" or bool(ca_cert) or given.get("sslrootcert", [""])[-1] == "system"


def is_redis_checked(url: str) -> bool:
    """The same for Redis. Raises SettingInvalid for an address that is none."""
    if not read_address(url).tls:
        return False
    given = parse_qs(urlsplit(url).query)
    return not any(given.get(name, [""])[-1].lower() in values for name, values in _UNCHECKED.items())


def _postgres_hosts(url: str) -> list[str]:
    parts = urlsplit(url)
    named = [place for one in parse_qs(parts.query).get("host", ()) for place in one.split(",")]
    return [_host(place) for place in (*parts.netloc.rpartition("@")[2].split(","), *named)]


def _redis_hosts(address: OneServer | Service | Cluster) -> list[str]:
    match address:
        case OneServer(url):
            parts = urlsplit(url)
            return [] if parts.scheme == "unix" else [parts.hostname or ""]
        case Service():
            return [host for host, _ in address.sentinels]
        case Cluster():
            return [host for host, _ in address.nodes]


def _host(place: str) -> str:
    """Without the port; an IPv6 address without its brackets."""
    if place.startswith("["):
        return place[1:].partition("]")[0]
    return place.partition(":")[0]


def _others(hosts: Sequence[str], excused: Sequence[str]) -> list[str]:
    """Those on other machines that are not excused."""
    return sorted({host for host in hosts if host not in excused and not _is_here(host)})


def _is_here(host: str) -> bool:
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
