"""What the ledger, the vault and the running processes tell, and what of it is a hazard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from core.domain.alerts import AlertKind
from core.domain.diagnosis.findings import Code, Finding, Severity
from core.domain.diagnosis.setup import Setup
from core.domain.event_states import EventState, Ledger, Origin
from core.domain.rings import Disagreement, Holder, disagreements
from core.domain.webhook_states import SICK, WebhookState

PROCESSES: Final = ("http", "consumer", "scheduler")


def count_processes(holders: Sequence[Holder]) -> Mapping[str, int]:
    """How many run, by kind."""
    return Counter(holder.kind for holder in holders)


def judge_processes(holders: Sequence[Holder]) -> Sequence[Finding]:
    running = count_processes(holders)
    missing = [
        Finding(Code.PROCESS_MISSING, Severity.WARNING, {"kind": kind}) for kind in PROCESSES if not running.get(kind)
    ]
    pairs = [(one, holders[:number]) for number, one in enumerate(holders)]
    found = [problem for one, others in pairs for problem in disagreements(one, others)]
    return [*missing, *map(_differing, found)]


def _differing(one: Disagreement) -> Finding:
    facts = {
        "setting": one.name.value,
        "member": one.member,
        "maker": f"{one.maker.kind} (worker {one.maker.worker})",
        "stranger": f"{one.stranger.kind} (worker {one.stranger.worker})",
    }
    return Finding(Code.RINGS_DIFFER, Severity.PROBLEM, facts)


def judge_ledger(ledger: Ledger, setup: Setup) -> Sequence[Finding]:
    found = []
    difference = sum(abs(ledger.of(origin).difference) for origin in Origin)
    if not ledger.balanced:
        found.append(Finding(Code.UNBALANCED, Severity.PROBLEM, {"difference": difference}))
    if ledger.spooled:
        found.append(Finding(Code.SPOOL_WAITS, Severity.NOTE, {"count": ledger.spooled}))
    if dead := sum(ledger.of(origin).count(EventState.DEAD) for origin in Origin):
        severity = Severity.WARNING if dead >= setup.dead_letter_alarm else Severity.NOTE
        found.append(Finding(Code.DEAD_LETTERS, severity, {"count": dead}))
    return found


def judge_webhooks(totals: Mapping[WebhookState, int]) -> Sequence[Finding]:
    sick = {state.value: totals[state] for state in WebhookState if state in SICK and totals.get(state)}
    if not sick:
        return []
    states = ", ".join(f"{count} {state}" for state, count in sick.items())
    return [Finding(Code.WEBHOOKS_SICK, Severity.WARNING, {"count": sum(sick.values()), "states": states})]


def judge_alerts(counts: Mapping[AlertKind, int]) -> Sequence[Finding]:
    kinds = {kind.value: count for kind, count in counts.items() if count}
    if not kinds:
        return []
    named = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return [Finding(Code.ALERTS_OPEN, Severity.WARNING, {"count": sum(kinds.values()), "kinds": named})]


def judge_vault(unsealed: Mapping[str, int]) -> Sequence[Finding]:
    """Rows by table that hold what is not sealed."""
    return [
        Finding(Code.TOKEN_UNSEALED, Severity.PROBLEM, {"table": table, "count": count})
        for table, count in unsealed.items()
        if count
    ]


def judge_keys(lacking: Mapping[str, int], quarantined: int) -> Sequence[Finding]:
    found = [
        Finding(Code.KEY_MISSING, Severity.PROBLEM, {"key": key, "count": count}) for key, count in lacking.items()
    ]
    if quarantined:
        found.append(Finding(Code.STORES_QUARANTINED, Severity.PROBLEM, {"count": quarantined}))
    return found
