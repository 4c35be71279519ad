"""What is done for a run is found by the run's ids: its log lines and its span."""

from structlog.contextvars import get_contextvars

from adapters.memory.tracing import RecordingTracer
from adapters.tracing.nothing import NoTracer
from core.domain.event_states import EventState
from core.domain.events import Failure, Settlement
from core.domain.tracing import Attribute, SpanName, ids_of
from entrypoints.following import following, note_end
from tests.unit.pipeline.following_runs import TRACE, run


def test_lines_inside_carry_the_ids_and_those_outside_do_not() -> None:
    with following(NoTracer(), [run("a", trace=TRACE)]):
        inside = get_contextvars()
    assert inside.items() >= {"event_id": str(run("a").event.event_id), "store_id": 7}.items()
    assert inside["trace_id"] == TRACE.split("-")[1]
    assert "event_id" not in get_contextvars()


def test_without_a_trace_the_lines_carry_none() -> None:
    with following(NoTracer(), [run("a")]):
        assert "trace_id" not in get_contextvars()


def test_the_span_goes_on_the_events_trace() -> None:
    tracer = RecordingTracer()
    with following(tracer, [run("a", trace=TRACE)]) as span:
        note_end(span, Settlement(EventState.DONE))
    [ended] = tracer.ended
    assert (ended.name, ended.trace_id, ended.parent) == (SpanName.HANDLE, *ids_of(TRACE))
    assert ended.attributes == {
        Attribute.STORE_ID: 7,
        Attribute.TOPIC: "order.create",
        Attribute.HANDLER: "courier",
        Attribute.EVENT_ID: str(run("a").event.event_id),
        Attribute.ATTEMPT: 2,
        Attribute.OUTCOME: "done",
    }


def test_several_runs_are_told_as_one_without_an_events_id() -> None:
    tracer = RecordingTracer()
    with following(tracer, [run("a", trace=TRACE), run("b")]):
        assert "event_id" not in get_contextvars()
    assert Attribute.EVENT_ID not in tracer.ended[0].attributes


def test_an_end_that_is_none_is_told_by_its_class() -> None:
    for settlement, kind in (
        (Settlement(EventState.WAITING, failure=Failure("LookupError", "secret")), "LookupError"),
        (Settlement(EventState.DEAD, reason="secret"), "dead"),
    ):
        tracer = RecordingTracer()
        with following(tracer, [run("a")]) as span:
            note_end(span, settlement)
        assert tracer.ended[0].attributes[Attribute.ERROR] == kind
        assert "secret" not in repr(tracer.ended)
