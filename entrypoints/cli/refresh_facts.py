"""How renewals and alerts stand, as records for people and scripts."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.alerts import AlertKind, KnownAlert
from core.ports.refresh_reports import RefreshStanding, RunReport, VaultCensus


def vault_facts(census: VaultCensus, standing: RefreshStanding) -> dict[str, object]:
    """`in_doubt` counts renewals whose answer was lost; `last_run` is the last time anything was due."""
    return {
        "stores": {state.value: number for state, number in census.stores.items() if number},
        "tokens_expiring": {within.value: number for within, number in census.expiring.items()},
        "refresh": {
            "due": standing.due,
            "oldest_due_at": standing.oldest_due_at,
            "next_due_at": standing.next_due_at,
            "in_doubt": standing.in_doubt,
        },
        "last_refresh_run": run_facts(standing.last_run) if standing.last_run else None,
    }


def run_facts(run: RunReport) -> dict[str, object]:
    return {
        "began_at": run.began_at,
        "seconds": round(run.seconds, 1),
        "claimed": run.claimed,
        **{outcome.value: number for outcome, number in sorted(run.outcomes.items())},
        "per_second": round(run.per_second, 1),
        "stopped": run.stopped.value if run.stopped else None,
    }


def alert_facts(counts: Mapping[AlertKind, int]) -> dict[str, int]:
    """Open ones; nothing where there are none."""
    return {kind.value: number for kind, number in counts.items() if number}


def alert_words(known: KnownAlert) -> str:
    """`needs_reauthorization since 2026-11-23 12:00Z: Zid refused its refresh token (401)`."""
    reason = f": {known.alert.reason}" if known.alert.reason else ""
    return f"{known.alert.kind.value} since {known.raised_at:%Y-%m-%d %H:%MZ}{reason}"


ALERT_COLUMNS = ("kind", "subject", "raised_at", "healed_at", "reason")


def alert_row(known: KnownAlert) -> dict[str, object]:
    return {
        "id": known.alert_id,
        "kind": known.alert.kind.value,
        "subject": known.alert.subject,
        "store_id": known.alert.store_id,
        "reason": known.alert.reason,
        "raised_at": known.raised_at,
        "healed_at": known.healed_at,
        "told_at": known.told_at,
    }
