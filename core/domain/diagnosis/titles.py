"""What groups and checks are called, and the last line of a report."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.domain.diagnosis.findings import CheckName, Diagnosis, Group, Severity

GROUP_TITLES: Final[Mapping[Group, str]] = MappingProxyType(
    {
        Group.SETTINGS: "Settings",
        Group.MACHINE: "This machine",
        Group.DATABASE: "Postgres and the vault",
        Group.REDIS: "Redis",
        Group.ZID: "Zid and the way to us",
        Group.WORK: "Work",
    }
)
CHECK_TITLES: Final[Mapping[CheckName, str]] = MappingProxyType(
    {
        CheckName.SETTINGS: "settings can be read",
        CheckName.SECRETS: "secrets are long, random and each its own",
        CheckName.ADDRESSES: "addresses and who may reach them",
        CheckName.WATCHING: "schedules are on, somebody is told",
        CheckName.HANDLERS: "time limits of the handlers",
        CheckName.FILES: "files with secrets are private",
        CheckName.SPOOL: "the spool's folder",
        CheckName.ERASURE_LOG: "the list of the erased",
        CheckName.RUNTIME: "Python and the time zone",
        CheckName.DATABASE: "server, encryption, role, clock",
        CheckName.SCHEMA: "migrations are applied",
        CheckName.INDEXES: "indexes are there and valid",
        CheckName.CONNECTIONS: "connections are enough for all processes",
        CheckName.VAULT: "tokens lie sealed",
        CheckName.KEYS: "every store's tokens open",
        CheckName.REDIS: "persistence, eviction, memory, clock",
        CheckName.ZID: "Zid knows the app, clocks agree",
        CheckName.PUBLIC_URL: "PUBLIC_URL leads here",
        CheckName.WEBHOOKS: "webhooks at Zid deliver",
        CheckName.PROCESSES: "every kind of process runs, keys agree",
        CheckName.LEDGER: "the books balance, nothing is stuck",
        CheckName.ALERTS: "no alert is open",
    }
)


def summary(diagnosis: Diagnosis) -> str:
    """`21 checks: 1 problem, 2 warnings`."""
    told = [
        _counted(diagnosis.count(Severity.PROBLEM), "problem"),
        _counted(diagnosis.count(Severity.WARNING), "warning"),
        _counted(diagnosis.count(Severity.NOTE), "note"),
    ]
    if unseen := diagnosis.count(Severity.UNSEEN):
        told.append(f"{unseen} could not look")
    found = ", ".join(part for part in told if part) or "nothing found"
    return f"{_counted(len(diagnosis.examined), 'check')}: {found}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}" if count else ""
