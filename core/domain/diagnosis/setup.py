"""What the configuration itself tells: addresses, schedules, limits of handlers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from core.domain.diagnosis.findings import Code, Fact, Finding, Severity
from core.domain.diagnosis.secrets import NamedSecret

LONGEST_TRANSACTION: Final = 90.0
"""Seconds that a transaction may be idle: idle_in_transaction_session_timeout of our sessions."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class HandlerLimit:
    """How long a handler may take."""

    handler: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """The settings, as far as they can be judged. `pools` are connections by kind of process."""

    production: bool
    public_url: str
    zid_api_url: str
    secrets: Sequence[NamedSecret] = ()
    missing_secrets: Sequence[str] = ()
    trusted_proxies: bool = True
    metrics_open_to: str | None = None
    debug_log: bool = False
    schedules_off: Sequence[str] = ()
    alert_address: bool = True
    shutdown_grace: float = 25.0
    handlers: Sequence[HandlerLimit] = ()
    pools: tuple[tuple[str, int], ...] = ()
    pool_setting: int = 10
    pooled: bool = False
    """A pooler stands before Postgres: its limits are not ours to count."""
    certificate_checked: bool = False
    """Whether the driver was told to check who answers as Postgres."""
    redis_checked: bool = True
    redis_local: bool = True
    plain_excused: bool = False
    """Whether somebody said on purpose that servers are reached in the open (PLAIN_SERVERS)."""
    spool_dir: str | None = None
    """None where the spool is in Redis."""
    spool_bytes: int = 0
    erasure_log: str = ""
    private_files: Sequence[str] = ()
    dead_letter_alarm: int = 1000

    def worse(self, otherwise: Severity = Severity.WARNING) -> Severity:
        """A problem in production, milder elsewhere."""
        return Severity.PROBLEM if self.production else otherwise

    @property
    def in_the_open(self) -> Severity:
        """How bad it is that a server on another machine is reached without proof of who answers."""
        return Severity.NOTE if self.plain_excused else self.worse()


def judge_addresses(setup: Setup) -> Sequence[Finding]:
    found = []
    url = urlsplit(setup.public_url)
    if url.scheme != "https" and url.hostname not in _LOOPBACK:
        found.append(Finding(Code.PUBLIC_URL_PLAIN, setup.worse(), {"url": setup.public_url}))
    if url.scheme == "https" and not setup.trusted_proxies:
        found.append(Finding(Code.NO_TRUSTED_PROXIES, Severity.WARNING))
    if setup.metrics_open_to:
        found.append(Finding(Code.METRICS_OPEN, Severity.WARNING, {"network": setup.metrics_open_to}))
    return found


def judge_watching(setup: Setup) -> Sequence[Finding]:
    found = [Finding(Code.SCHEDULE_OFF, Severity.WARNING, {"setting": name}) for name in setup.schedules_off]
    if setup.production and not setup.alert_address:
        found.append(Finding(Code.NOBODY_IS_TOLD, Severity.NOTE))
    if setup.production and setup.debug_log:
        found.append(Finding(Code.DEBUG_LOG, Severity.NOTE))
    return found


def judge_handlers(setup: Setup) -> Sequence[Finding]:
    """A lease is renewed for as long as a handler works; what ends it early are restarts and its own transaction."""
    slow = [one for one in setup.handlers if one.seconds > setup.shutdown_grace]
    found = [
        Finding(
            Code.HANDLER_OUTLASTS_TRANSACTION,
            Severity.WARNING,
            {"handler": one.handler, "limit": _whole(one.seconds), "longest": _whole(LONGEST_TRANSACTION)},
        )
        for one in setup.handlers
        if one.seconds > LONGEST_TRANSACTION
    ]
    return [*found, *([_outlasting(slow, setup.shutdown_grace)] if slow else [])]


def _outlasting(slow: Sequence[HandlerLimit], grace: float) -> Finding:
    longest = max(slow, key=lambda one: one.seconds)
    facts: dict[str, Fact] = {
        "count": len(slow),
        "grace": _whole(grace),
        "handler": longest.handler,
        "limit": _whole(longest.seconds),
        "needed": ceil(longest.seconds),
    }
    return Finding(Code.HANDLER_OUTLASTS_GRACE, Severity.NOTE, facts)


def _whole(seconds: float) -> str:
    return f"{seconds:g}"
