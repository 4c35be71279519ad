"""Whatever is done for a run says so: its log lines carry the run's ids, and its spans go on the event's trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars

from core.domain.event_states import EventState
from core.domain.events import ClaimedRun, Settlement
from core.domain.tracing import Attribute, SpanName, Value, trace_id_of
from core.ports.tracing import Span, Tracer


@contextmanager
def following(tracer: Tracer, runs: Sequence[ClaimedRun]) -> Iterator[Span]:
    """For runs of one handler and store. Several are told as a part of the first one's trace, without an event's id."""
    first = runs[0]
    ids = {"event_id": str(first.event.event_id)} if len(runs) == 1 else {}
    trace = {"trace_id": trace_id_of(first.event.trace)} if first.event.trace else {}
    with (
        bound_contextvars(store_id=first.event.store_id, **ids, **trace),
        tracer.span(SpanName.HANDLE, parent=first.event.trace, attributes=_about(runs)) as span,
    ):
        yield span


def _about(runs: Sequence[ClaimedRun]) -> dict[Attribute, Value]:
    first = runs[0]
    about: dict[Attribute, Value] = {
        Attribute.STORE_ID: first.event.store_id,
        Attribute.TOPIC: first.event.topic,
        Attribute.HANDLER: first.handler,
    }
    if len(runs) > 1:
        return about
    return {**about, Attribute.EVENT_ID: str(first.event.event_id), Attribute.ATTEMPT: first.attempt}


def note_end(span: Span, settlement: Settlement) -> None:
    """How it ended; by the class of what went wrong, where something did."""
    span.note(Attribute.OUTCOME, settlement.state.value)
    if settlement.failure is not None:
        span.fail(settlement.failure.type)
    elif settlement.state is EventState.DEAD:
        span.fail(settlement.state.value)
