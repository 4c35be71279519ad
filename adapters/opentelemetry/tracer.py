"""The Tracer port on OpenTelemetry's SDK."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from core.domain.tracing import Attribute, SpanName, Value, ids_of, is_sampled, write_traceparent
from core.ports.tracing import Span, Tracer

KINDS: Final = MappingProxyType(
    {
        SpanName.REQUEST: SpanKind.SERVER,
        SpanName.COMMIT: SpanKind.PRODUCER,
        SpanName.MIRROR: SpanKind.CONSUMER,
        SpanName.HANDLE: SpanKind.CONSUMER,
        SpanName.ZID: SpanKind.CLIENT,
    }
)
_NANOSECONDS: Final = 1_000_000_000
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_UNSAMPLED: Final = TraceFlags(TraceFlags.DEFAULT)


class OpenTelemetrySpan(Span):
    """One span of the SDK's."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, attribute: Attribute, value: Value) -> None:
        self._span.set_attribute(attribute.value, value)

    def fail(self, kind: str) -> None:
        self._span.set_attribute(Attribute.ERROR.value, kind)
        self._span.set_status(Status(StatusCode.ERROR))


class OpenTelemetryTracer(Tracer):
    """Hands ended spans to the provider's processors, which send them from a thread of their own."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("wasl")

    @property
    def records(self) -> bool:
        return True

    def span(
        self, name: SpanName, *, parent: str | None = None, attributes: Mapping[Attribute, Value] | None = None
    ) -> AbstractContextManager[Span]:
        return self._span(name, parent, attributes or {})

    @contextmanager
    def _span(self, name: SpanName, parent: str | None, attributes: Mapping[Attribute, Value]) -> Iterator[Span]:
        span = self._start(name, parent, attributes)
        told = OpenTelemetrySpan(span)
        # The SDK's own would write the exception's message into the span.
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield told
            except BaseException as error:
                told.fail(type(error).__name__)
                raise

    def record(self, name: SpanName, *, parent: str, seconds: float, attributes: Mapping[Attribute, Value]) -> None:
        self._start(name, parent, attributes, began=time.time_ns() - round(seconds * _NANOSECONDS)).end()

    def _start(
        self, name: SpanName, parent: str | None, attributes: Mapping[Attribute, Value], began: int | None = None
    ) -> trace.Span:
        return self._tracer.start_span(
            name.value,
            context=_below(parent) if parent is not None else None,
            kind=KINDS[name],
            attributes={attribute.value: value for attribute, value in attributes.items()},
            start_time=began,
        )

    def current(self) -> str | None:
        known = trace.get_current_span().get_span_context()
        if not known.is_valid:
            return None
        return write_traceparent(known.trace_id, known.span_id, sampled=known.trace_flags.sampled)


def _below(parent: str) -> Context:
    trace_id, span_id = ids_of(parent)
    flags = _SAMPLED if is_sampled(parent) else _UNSAMPLED
    remote = SpanContext(trace_id, span_id, is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(NonRecordingSpan(remote), Context())
