"""Events as rows and records."""

from __future__ import annotations

import json
from typing import Final

from core.ports.ledger_reading import AttemptSummary, EventDetail, EventSummary
from entrypoints.cli.output import Row

EVENT_COLUMNS: Final = ("id", "store_id", "topic", "state", "received_at", "entity", "attempts", "reason")
ATTEMPT_COLUMNS: Final = ("handler", "number", "outcome", "reason", "started_at", "ended_at", "worker")


def event_row(event: EventSummary) -> Row:
    return {
        "id": str(event.event_id),
        "store_id": event.store_id,
        "topic": event.topic,
        "entity": f"{event.entity_kind.value} {event.entity_id}" if event.entity_kind else None,
        "origin": event.origin.value,
        "state": event.state.value,
        "attempts": event.attempts,
        "received_at": event.received_at,
        "settled_at": event.settled_at,
        "due_at": event.due_at,
        "size": event.size,
        "stale": event.stale,
        "reason": event.reason,
    }


def event_record(detail: EventDetail, *, with_body: bool) -> Row:
    """One event with its handlers' runs; the body, which holds personal data, only when asked for."""
    runs = [
        {"handler": run.handler, "state": run.state.value, "attempts": run.attempts, "reason": run.reason}
        for run in detail.runs
    ]
    record = {**event_row(detail.summary), "runs": runs}
    return {**record, "body": _readable(detail.body)} if with_body else record


def attempt_row(attempt: AttemptSummary) -> Row:
    failure = attempt.failure
    return {
        "handler": attempt.handler,
        "number": attempt.number,
        "worker": attempt.worker,
        "started_at": attempt.started_at,
        "ended_at": attempt.ended_at,
        "outcome": attempt.end.value,
        "reason": attempt.reason,
        "failure": failure and {"type": failure.type, "message": failure.message, "traceback": failure.traceback},
    }


def last_traceback(detail: EventDetail) -> str | None:
    """Of the latest attempt that failed."""
    failures = [attempt.failure for attempt in detail.attempts if attempt.failure and attempt.failure.traceback]
    return failures[-1].traceback if failures else None


def _readable(body: bytes | None) -> object:
    """JSON as such, other text as text, nothing where the body was dropped."""
    if body is None:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
