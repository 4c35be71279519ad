"""Findings as values: a stable code, how bad it is, and the facts that were seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Severity(StrEnum):
    """How bad it is, mildest first."""

    OK = "ok"
    """Looked at, and nothing was found."""
    NOTE = "note"
    """Good to know; nothing has to be done."""
    UNSEEN = "unseen"
    """Could not be looked at."""
    WARNING = "warning"
    """Works today and will cost something one day."""
    PROBLEM = "problem"
    """Something does not work, or loses or reveals data."""


class Group(StrEnum):
    """What is looked at together."""

    SETTINGS = "settings"
    MACHINE = "machine"
    DATABASE = "database"
    REDIS = "redis"
    ZID = "zid"
    WORK = "work"


class CheckName(StrEnum):
    """One look at one thing."""

    SETTINGS = "settings"
    SECRETS = "secrets"
    ADDRESSES = "addresses"
    WATCHING = "watching"
    HANDLERS = "handlers"
    FILES = "files"
    SPOOL = "spool"
    ERASURE_LOG = "erasure_log"
    RUNTIME = "runtime"
    DATABASE = "database"
    SCHEMA = "schema"
    INDEXES = "indexes"
    CONNECTIONS = "connections"
    REDIS = "redis"
    VAULT = "vault"
    KEYS = "keys"
    ZID = "zid"
    PUBLIC_URL = "public_url"
    WEBHOOKS = "webhooks"
    PROCESSES = "processes"
    LEDGER = "ledger"
    ALERTS = "alerts"


GROUPS: Final[Mapping[Group, Sequence[CheckName]]] = MappingProxyType(
    {
        Group.SETTINGS: (
            CheckName.SETTINGS,
            CheckName.SECRETS,
            CheckName.ADDRESSES,
            CheckName.WATCHING,
            CheckName.HANDLERS,
        ),
        Group.MACHINE: (CheckName.FILES, CheckName.SPOOL, CheckName.ERASURE_LOG, CheckName.RUNTIME),
        Group.DATABASE: (
            CheckName.DATABASE,
            CheckName.SCHEMA,
            CheckName.INDEXES,
            CheckName.CONNECTIONS,
            CheckName.VAULT,
            CheckName.KEYS,
        ),
        Group.REDIS: (CheckName.REDIS,),
        Group.ZID: (CheckName.ZID, CheckName.PUBLIC_URL, CheckName.WEBHOOKS),
        Group.WORK: (CheckName.PROCESSES, CheckName.LEDGER, CheckName.ALERTS),
    }
)
GROUP_OF: Final[Mapping[CheckName, Group]] = MappingProxyType(
    {check: group for group, checks in GROUPS.items() for check in checks}
)


class Code(StrEnum):
    """What can be found. A code keeps its meaning for ever; `core.domain.diagnosis.explanations` tells it."""

    SETTING_INVALID = "setting-invalid"
    SECRET_MISSING = "secret-missing"  # noqa: S105 (a name)
    SECRET_SHORT = "secret-short"  # noqa: S105 (a name)
    SECRET_GUESSABLE = "secret-guessable"  # noqa: S105 (a name)
    SECRET_REUSED = "secret-reused"  # noqa: S105 (a name)
    PUBLIC_URL_PLAIN = "public-url-plain"
    NO_TRUSTED_PROXIES = "no-trusted-proxies"
    METRICS_OPEN = "metrics-open"
    DEBUG_LOG = "debug-log"
    SCHEDULE_OFF = "schedule-off"
    NOBODY_IS_TOLD = "nobody-is-told"
    HANDLER_OUTLASTS_GRACE = "handler-outlasts-grace"
    HANDLER_OUTLASTS_TRANSACTION = "handler-outlasts-transaction"
    FILE_READABLE = "file-readable"
    FOLDER_NOT_WRITABLE = "folder-not-writable"
    FOLDER_IN_MEMORY = "folder-in-memory"
    FOLDER_IN_CONTAINER = "folder-in-container"
    LITTLE_SPACE = "little-space"
    ERASURE_LOG_BESIDE_DATABASE = "erasure-log-beside-database"
    PYTHON_OLD = "python-old"
    TIMEZONE = "timezone"
    DATABASE_AWAY = "database-away"
    DATABASE_OLD = "database-old"
    DATABASE_READ_ONLY = "database-read-only"
    DATABASE_UNENCRYPTED = "database-unencrypted"
    DATABASE_UNVERIFIED = "database-unverified"
    DATABASE_ROLE = "database-role"
    CLOCK_OFF = "clock-off"
    SCHEMA_BEHIND = "schema-behind"
    SCHEMA_AHEAD = "schema-ahead"
    SCHEMA_CHANGED = "schema-changed"
    INDEX_MISSING = "index-missing"
    INDEX_INVALID = "index-invalid"
    CONNECTIONS_OVER = "connections-over"
    CONNECTIONS_TIGHT = "connections-tight"
    REDIS_AWAY = "redis-away"
    REDIS_NO_AOF = "redis-no-aof"
    REDIS_EVICTS = "redis-evicts"
    REDIS_FULL = "redis-full"
    REDIS_REPLICA = "redis-replica"
    REDIS_CANNOT_SAVE = "redis-cannot-save"
    REDIS_OLD = "redis-old"
    REDIS_UNENCRYPTED = "redis-unencrypted"
    TOKEN_UNSEALED = "token-unsealed"  # noqa: S105 (a name)
    KEY_MISSING = "key-missing"
    STORES_QUARANTINED = "stores-quarantined"
    RINGS_DIFFER = "rings-differ"
    CLIENT_REJECTED = "client-rejected"
    PUBLIC_URL_UNREACHABLE = "public-url-unreachable"
    PUBLIC_URL_ELSEWHERE = "public-url-elsewhere"
    WEBHOOKS_SICK = "webhooks-sick"
    PROCESS_MISSING = "process-missing"
    UNBALANCED = "unbalanced"
    SPOOL_WAITS = "spool-waits"
    DEAD_LETTERS = "dead-letters"
    ALERTS_OPEN = "alerts-open"


Fact = str | int | float


@dataclass(frozen=True, slots=True)
class Finding:
    """One hazard. `facts` hold names and numbers, never a secret."""

    code: Code
    severity: Severity
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Examined:
    """What one check came to. `unseen` is the reason where it could not look."""

    check: CheckName
    findings: Sequence[Finding] = ()
    unseen: str | None = None

    @property
    def group(self) -> Group:
        return GROUP_OF[self.check]

    @property
    def severity(self) -> Severity:
        """The worst of it."""
        return worst([*(one.severity for one in self.findings), *([Severity.UNSEEN] if self.unseen else [])])


def worst(severities: Iterable[Severity]) -> Severity:
    """OK where there is none."""
    order = list(Severity)
    return max(severities, key=order.index, default=Severity.OK)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was looked at, in its order."""

    examined: Sequence[Examined]

    def count(self, severity: Severity) -> int:
        """Findings of this severity; of UNSEEN the checks that could not look."""
        if severity is Severity.UNSEEN:
            return sum(one.unseen is not None for one in self.examined)
        return sum(finding.severity is severity for one in self.examined for finding in one.findings)

    @property
    def healthy(self) -> bool:
        """Whether there is no problem."""
        return self.count(Severity.PROBLEM) == 0
