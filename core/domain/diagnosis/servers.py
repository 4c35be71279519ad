"""What Postgres and Redis tell of themselves, and what of it is a hazard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from core.domain.diagnosis.findings import Code, Fact, Finding, Severity
from core.domain.diagnosis.offsets import ClockOffset, judge_clock
from core.domain.diagnosis.setup import Setup

MEGABYTE: Final = 1024 * 1024

# https://www.postgresql.org/support/versioning/, read for the majors that are still met.
POSTGRES_ENDS: Final[Mapping[int, date]] = MappingProxyType(
    {
        13: date(2025, 11, 13),
        14: date(2026, 11, 12),
        15: date(2027, 11, 11),
        16: date(2028, 11, 9),
        17: date(2029, 11, 8),
        18: date(2030, 11, 14),
    }
)
_OLDEST_REDIS: Final = (6, 2)
_NEARLY_FULL: Final = 80
_FULL: Final = 95
_TIGHT: Final = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseServer:
    """The server behind DATABASE_URL. `local` is a socket or this very machine."""

    version: int
    encrypted: bool
    local: bool
    read_only: bool
    timezone: str
    max_connections: int
    reserved: int
    """Connections that are kept for administrators."""
    role: str
    powers: Sequence[str] = ()
    clock: ClockOffset | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RedisServer:
    """One server. `node` names it where there are several."""

    version: tuple[int, int]
    append_only: bool
    eviction: str
    used: int
    limit: int
    """Bytes; 0 is no limit."""
    replica: bool
    cannot_save: bool = False
    node: str = ""
    clock: ClockOffset | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """An index by name, and the statement that makes it."""

    name: str
    statement: str
    unique: bool = False


@dataclass(frozen=True, slots=True)
class IndexStanding:
    """Indexes that the applied migrations made and that are not there, or not valid."""

    missing: Sequence[Index] = ()
    invalid: Sequence[Index] = ()


@dataclass(frozen=True, slots=True)
class SchemaStanding:
    """How the database differs from the shipped migrations."""

    missing: Sequence[str] = ()
    ahead: Sequence[str] = ()
    changed: Sequence[str] = ()


def judge_database(server: DatabaseServer, setup: Setup, today: date) -> Sequence[Finding]:
    return [
        *_age(server, today),
        *([Finding(Code.DATABASE_READ_ONLY, Severity.PROBLEM)] if server.read_only else []),
        *_privacy(server, setup),
        *_powers(server),
        *_zone(server),
        *judge_clock("Postgres", server.clock),
    ]


def _age(server: DatabaseServer, today: date) -> Sequence[Finding]:
    major = server.version // 10_000
    end = POSTGRES_ENDS.get(major, date.max if major > max(POSTGRES_ENDS) else date.min)
    if today <= end:
        return []
    since = end.isoformat() if end != date.min else "long ago"
    facts: dict[str, Fact] = {"version": major, "since": since, "newest": max(POSTGRES_ENDS)}
    return [Finding(Code.DATABASE_OLD, Severity.WARNING, facts)]


def _privacy(server: DatabaseServer, setup: Setup) -> Sequence[Finding]:
    if server.local:
        return []
    if not server.encrypted:
        return [Finding(Code.DATABASE_UNENCRYPTED, setup.in_the_open)]
    return [] if setup.certificate_checked else [Finding(Code.DATABASE_UNVERIFIED, setup.in_the_open)]


def _powers(server: DatabaseServer) -> Sequence[Finding]:
    if not server.powers:
        return []
    return [Finding(Code.DATABASE_ROLE, Severity.WARNING, {"role": server.role, "powers": "; ".join(server.powers)})]


def _zone(server: DatabaseServer) -> Sequence[Finding]:
    if server.timezone.upper() in {"UTC", "ETC/UTC", "GMT", "ETC/GMT"}:
        return []
    return [Finding(Code.TIMEZONE, Severity.NOTE, {"server": "Postgres", "zone": server.timezone})]


def judge_connections(server: DatabaseServer, setup: Setup, running: Mapping[str, int]) -> Sequence[Finding]:
    """`running` counts the processes by kind; of each kind at least one is reckoned with."""
    if setup.pooled:
        return []
    counts = {kind: max(1, running.get(kind, 0)) for kind, _ in setup.pools}
    wanted = sum(counts[kind] * size for kind, size in setup.pools)
    usable = server.max_connections - server.reserved
    processes = sum(counts.values())
    fitting = max(1, int(usable * _TIGHT) // max(1, processes))
    facts: dict[str, Fact] = {
        "processes": processes,
        "wanted": wanted,
        "usable": usable,
        "pool": min(setup.pool_setting, fitting),
    }
    if wanted > usable:
        return [Finding(Code.CONNECTIONS_OVER, Severity.PROBLEM, facts)]
    return [Finding(Code.CONNECTIONS_TIGHT, Severity.WARNING, facts)] if wanted > usable * _TIGHT else []


def judge_schema(schema: SchemaStanding) -> Sequence[Finding]:
    found = [Finding(Code.SCHEMA_CHANGED, Severity.PROBLEM, {"migration": name}) for name in schema.changed]
    if schema.missing:
        facts: dict[str, Fact] = {"count": len(schema.missing), "first": schema.missing[0]}
        found.append(Finding(Code.SCHEMA_BEHIND, Severity.PROBLEM, facts))
    if schema.ahead:
        known: dict[str, Fact] = {"count": len(schema.ahead), "newest": schema.ahead[-1]}
        found.append(Finding(Code.SCHEMA_AHEAD, Severity.NOTE, known))
    return found


def judge_indexes(indexes: IndexStanding) -> Sequence[Finding]:
    """A unique one guards what the code relies on; another one is about time."""
    return [
        *(_index(Code.INDEX_MISSING, one) for one in indexes.missing),
        *(_index(Code.INDEX_INVALID, one) for one in indexes.invalid),
    ]


def _index(code: Code, index: Index) -> Finding:
    severity = Severity.PROBLEM if index.unique else Severity.WARNING
    return Finding(code, severity, {"index": index.name, "statement": index.statement})


def judge_redis(server: RedisServer, setup: Setup) -> Sequence[Finding]:
    """With the spool in Redis what it loses were deliveries that Zid was told to be safe."""
    node = {"node": f" {server.node}" if server.node else ""}
    loses = Severity.PROBLEM if setup.spool_dir is None else Severity.WARNING
    found = []
    if server.version < _OLDEST_REDIS:
        version = ".".join(map(str, server.version))
        found.append(Finding(Code.REDIS_OLD, Severity.PROBLEM, {**node, "version": version}))
    if not server.append_only:
        found.append(Finding(Code.REDIS_NO_AOF, loses, node))
    if server.eviction != "noeviction":
        found.append(Finding(Code.REDIS_EVICTS, loses, {**node, "policy": server.eviction}))
    if server.replica:
        found.append(Finding(Code.REDIS_REPLICA, Severity.PROBLEM, node))
    if server.cannot_save:
        found.append(Finding(Code.REDIS_CANNOT_SAVE, Severity.PROBLEM, node))
    return [*found, *_fullness(server, node), *judge_clock(f"Redis{node['node']}", server.clock)]


def _fullness(server: RedisServer, node: Mapping[str, str]) -> Sequence[Finding]:
    percent = 100 * server.used // server.limit if server.limit else 0
    if percent < _NEARLY_FULL:
        return []
    severity = Severity.PROBLEM if percent >= _FULL else Severity.WARNING
    return [Finding(Code.REDIS_FULL, severity, {**node, "percent": percent, "limit": server.limit // MEGABYTE})]


def judge_redis_privacy(setup: Setup) -> Sequence[Finding]:
    if setup.redis_checked or setup.redis_local:
        return []
    return [Finding(Code.REDIS_UNENCRYPTED, setup.in_the_open)]
