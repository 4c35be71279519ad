"""`wasl stores reconcile`: asks for it, tells the cost before, follows it, shows the report."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from core.domain.backfill import BackfillState
from core.domain.gaps import KnownGap
from core.domain.reconcile_plan import BEYOND_RECOVERY
from core.domain.reconcile_progress import Progress, SpanReport, ratios
from core.domain.reconciliation import ReconciliationId, ReconciliationStatus
from core.features.reconcile_requests import AskForReconciliation, ReconciliationRefused
from core.ids import StoreId
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import ACTOR
from entrypoints.cli.opened import with_features
from entrypoints.cli.output import Row, show_json, show_rows
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from entrypoints.wiring import Daemon

COLUMNS: Final = ("list", "read", "estimate", "calls", "listed", "missed", "gone", "left", "skipped")
LOOK_EVERY: Final = 0.3
PATIENCE: Final = 15.0
"""Seconds in which a scheduler that is running would have begun."""
StoreNumber = Annotated[int, typer.Argument(metavar="STORE_ID", min=1, help="Its number at Zid.")]
Detach = Annotated[bool, typer.Option("--detach", help="Do not wait for its end.")]
Estimate = Annotated[bool, typer.Option("--estimate", help="Only tell what it would cost.")]


def reconcile(
    store_id: StoreNumber,
    estimate: Estimate = False,
    detach: Detach = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Compare Zid's lists with the mirror, and enter what webhooks did not tell. Schedulers read; this follows."""

    async def work(parts: Daemon) -> Row:
        ask = parts.features.ask_for_reconciliation()
        if estimate:
            return _estimate_row(_granted(await ask.estimate(StoreId(store_id)), store_id))
        status = await _ask_and_follow(ask, StoreId(store_id), detach=detach)
        return report_row(status, await ask.known_gaps(StoreId(store_id)))

    report = with_features(data_dir, work)
    if as_json:
        show_json(report)
    else:
        _show(report)
    if report.get("state") in (BackfillState.FAILED.value, BackfillState.CANCELLED.value):
        raise typer.Exit(1)


async def _ask_and_follow(ask: AskForReconciliation, store_id: StoreId, *, detach: bool) -> ReconciliationStatus:
    status = await ask.request(store_id, actor=ACTOR)
    if isinstance(status, ReconciliationRefused):
        raise CommandFailed(f"store {store_id} has no live install; `wasl stores list` shows those that have")
    assert status.progress is not None, "what is asked for is planned"
    _say(f"at most {status.progress.estimate} calls to Zid, within the backfills' share of the allowance")
    return status if detach else await _follow(ask, store_id, status.reconciliation_id)


async def _follow(ask: AskForReconciliation, store_id: StoreId, number: ReconciliationId) -> ReconciliationStatus:
    hint_at, told = time.monotonic() + PATIENCE, ""
    while True:
        [status] = [one for one in await ask.history(store_id) if one.reconciliation_id == number]
        if (words := words_of(status)) != told:
            _say(words)
            told = words
        if not status.is_open:
            return status
        if time.monotonic() >= hint_at and status.started_at is None:
            _say("nobody reads it yet: is `wasl scheduler` running? What was asked for is kept")
            hint_at = float("inf")
        await asyncio.sleep(LOOK_EVERY)


def words_of(status: ReconciliationStatus) -> str:
    """`order: 3 calls so far`, or how it stands and why."""
    progress = status.progress
    if status.state is BackfillState.DONE and progress is not None:
        return f"done: {progress.calls} calls, {sum(progress.missed.values())} webhooks missed"
    if status.reason:
        return f"{status.state}: {status.reason}"
    current = progress.current if progress else None
    if status.started_at is None or progress is None or current is None:
        return status.state.value
    return f"{current.span.kind} ({progress.at + 1} of {len(progress.spans)})"


def report_row(status: ReconciliationStatus, gaps: Sequence[KnownGap] = ()) -> Row:
    """A reconciliation as JSON shows it."""
    progress = status.progress or Progress(status.requested_at, ())
    return {
        "reconciliation_id": status.reconciliation_id,
        "store_id": status.store_id,
        "why": status.why.value,
        "state": status.state.value,
        "reason": status.reason,
        "estimate": progress.estimate,
        "calls": progress.calls,
        "missed": dict(progress.missed),
        "missed_ratio": dict(ratios(progress.missed, progress.received)),
        "unrecoverable": dict(BEYOND_RECOVERY),
        "lists": [_list_row(one) for one in progress.spans],
        "gaps": [_gap_row(one) for one in gaps],
        "requested_at": status.requested_at,
        "started_at": status.started_at,
        "finished_at": status.finished_at,
    }


def _estimate_row(progress: Progress) -> Row:
    return {"estimate": progress.estimate, "lists": [_list_row(one) for one in progress.spans]}


def _granted(found: Progress | ReconciliationRefused, store_id: int) -> Progress:
    if isinstance(found, ReconciliationRefused):
        raise CommandFailed(f"store {store_id} has no live install; `wasl stores list` shows those that have")
    return found


def _list_row(report: SpanReport) -> Row:
    return {
        "list": report.span.kind.value,
        "read": report.span.scan.value,
        "since": report.span.since,
        "until": report.span.until,
        "estimate": report.estimate,
        "calls": report.calls,
        "listed": report.listed,
        "missed": dict(report.missed),
        "caught_up": report.caught_up,
        "gone": report.gone,
        "left": report.left,
        "unreadable": report.unreadable,
        "skipped": report.skipped,
    }


def _gap_row(known: KnownGap) -> Row:
    gap = known.gap
    return {
        "topic": gap.topic,
        "since": gap.since,
        "until": gap.until,
        "cause": gap.cause,
        "closed_at": known.closed_at,
        "lost": known.lost,
    }


def _show(report: Row) -> None:
    lists, gaps = report["lists"], report.get("gaps", [])
    assert isinstance(lists, list) and isinstance(gaps, list)  # noqa: PT018 - both are made above
    show_rows(lists, COLUMNS, as_json=False, empty="nothing to read")
    typer.echo(f"estimate {report['estimate']} calls, made {report.get('calls', 0)}")
    if gaps:
        show_rows(gaps, ("topic", "since", "until", "cause", "closed_at", "lost"), as_json=False, empty="")
    unrecoverable = report.get("unrecoverable")
    if isinstance(unrecoverable, dict):
        typer.echo("what no reading brings back:")
        for topic, why in unrecoverable.items():
            typer.echo(f"  {topic}: {why}")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
