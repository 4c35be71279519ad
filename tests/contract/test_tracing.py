"""What tracers promise: spans find their trace, tell what they are told, and never a message of an exception."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from adapters.memory.tracing import KeptSpan, RecordingTracer
from adapters.opentelemetry.tracer import OpenTelemetryTracer
from adapters.tracing.nothing import NoTracer
from core.domain.tracing import Attribute, SpanName, ids_of, is_sampled, read_traceparent, trace_id_of
from core.ports.tracing import Tracer

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SECRET = "a message that nobody may see"


@dataclass(frozen=True)
class Seen:
    """One ended span, whoever kept it."""

    name: str
    trace_id: int
    span_id: int
    parent: int
    attributes: dict[str, object]
    failed: bool
    seconds: float
    everything: str


@dataclass
class Traced:
    tracer: Tracer
    exporter: InMemorySpanExporter | None = None

    def ended(self) -> list[Seen]:
        if self.exporter is not None:
            return [_of_sdk(span) for span in self.exporter.get_finished_spans()]
        assert isinstance(self.tracer, RecordingTracer)
        return [_of_memory(span) for span in self.tracer.ended]


def _of_sdk(span: ReadableSpan) -> Seen:
    return Seen(
        span.name,
        span.context.trace_id,
        span.context.span_id,
        span.parent.span_id if span.parent else 0,
        dict(span.attributes or {}),
        not span.status.is_ok and not span.status.is_unset,
        (span.end_time - span.start_time) / 1e9,
        span.to_json(),
    )


def _of_memory(span: KeptSpan) -> Seen:
    attributes = {name.value: value for name, value in span.attributes.items()}
    kept = (span.name.value, span.trace_id, span.span_id, span.parent, attributes, span.failed, span.seconds or 0.0)
    return Seen(*kept, repr(span))


@pytest.fixture(params=["memory", "opentelemetry"])
def traced(request: pytest.FixtureRequest) -> Iterator[Traced]:
    if request.param == "memory":
        yield Traced(RecordingTracer())
        return
    provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Traced(OpenTelemetryTracer(provider), exporter)
    provider.shutdown()


def test_it_says_that_it_records(traced: Traced) -> None:
    assert traced.tracer.records is True


def test_a_span_inside_another_is_part_of_its_trace(traced: Traced) -> None:
    assert traced.tracer.current() is None
    with traced.tracer.span(SpanName.REQUEST), traced.tracer.span(SpanName.COMMIT):
        pass
    inner, outer = traced.ended()
    assert (inner.name, outer.name) == ("webhook commit", "http request")
    assert (inner.trace_id, inner.parent) == (outer.trace_id, outer.span_id)
    assert outer.parent == 0
    assert traced.tracer.current() is None


def test_spans_beside_each_other_are_two_traces(traced: Traced) -> None:
    for _ in range(2):
        with traced.tracer.span(SpanName.ZID):
            pass
    first, second = traced.ended()
    assert first.trace_id != second.trace_id


def test_the_current_span_is_told_as_a_traceparent_that_another_process_goes_on(traced: Traced) -> None:
    with traced.tracer.span(SpanName.REQUEST):
        told = traced.tracer.current()
    assert told is not None
    assert read_traceparent(told) == told
    assert is_sampled(told)
    with traced.tracer.span(SpanName.HANDLE, parent=told):
        pass
    first, second = traced.ended()
    assert (second.trace_id, second.parent) == (first.trace_id, first.span_id) == ids_of(told)


def test_a_given_parent_is_stronger_than_the_current_span(traced: Traced) -> None:
    with traced.tracer.span(SpanName.REQUEST), traced.tracer.span(SpanName.HANDLE, parent=PARENT):
        current = traced.tracer.current()
        assert current is not None
        assert trace_id_of(current) == trace_id_of(PARENT)
    handled, _ = traced.ended()
    assert (handled.trace_id, handled.parent) == ids_of(PARENT)


def test_attributes_are_kept_and_the_later_one_counts(traced: Traced) -> None:
    with traced.tracer.span(SpanName.ZID, attributes={Attribute.STORE_ID: 7, Attribute.OUTCOME: "x"}) as span:
        span.note(Attribute.OUTCOME, "y")
    [ended] = traced.ended()
    assert ended.attributes == {"wasl.store_id": 7, "wasl.outcome": "y"}
    assert not ended.failed


def test_a_failure_is_told_by_its_kind(traced: Traced) -> None:
    with traced.tracer.span(SpanName.ZID) as span:
        span.fail("throttled")
    [ended] = traced.ended()
    assert ended.failed
    assert ended.attributes == {"error.type": "throttled"}


def test_an_exception_passes_and_leaves_its_class_alone(traced: Traced) -> None:
    with pytest.raises(LookupError), traced.tracer.span(SpanName.HANDLE):
        raise LookupError(SECRET)
    [ended] = traced.ended()
    assert ended.failed
    assert ended.attributes == {"error.type": "LookupError"}
    assert SECRET not in ended.everything
    assert traced.tracer.current() is None


def test_a_recorded_span_ends_now_and_is_never_current(traced: Traced) -> None:
    traced.tracer.record(SpanName.MIRROR, parent=PARENT, seconds=2.5, attributes={Attribute.TOPIC: "order.create"})
    [ended] = traced.ended()
    assert (ended.trace_id, ended.parent) == ids_of(PARENT)
    assert ended.seconds == pytest.approx(2.5, abs=0.01)
    assert ended.attributes == {"wasl.topic": "order.create"}
    assert traced.tracer.current() is None


def test_no_tracer_at_all_runs_the_block_and_knows_nothing() -> None:
    tracer, done = NoTracer(), []
    with tracer.span(SpanName.REQUEST, parent=PARENT, attributes={Attribute.STORE_ID: 1}) as span:
        span.note(Attribute.OUTCOME, "well")
        span.fail("badly")
        done.append(tracer.current())
    tracer.record(SpanName.MIRROR, parent=PARENT, seconds=1, attributes={})
    assert done == [None]
    assert not tracer.records
    with pytest.raises(LookupError), tracer.span(SpanName.REQUEST):
        raise LookupError


@pytest.mark.parametrize(
    "text",
    [
        None, "", "x", PARENT.upper(), f"{PARENT}-more", f" {PARENT}", f"{PARENT}\n", PARENT.replace("00-", "ff-", 1),
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
    ],
)  # fmt: skip
def test_what_is_no_traceparent_is_not_taken_for_one(text: str | None) -> None:
    assert read_traceparent(text) is None


def test_an_unsampled_traceparent_says_so() -> None:
    assert not is_sampled(PARENT[:-2] + "00")
    assert not is_sampled(None)
    assert is_sampled(PARENT)
