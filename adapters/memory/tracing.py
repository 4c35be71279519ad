"""Traces that are kept in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count

from core.domain.tracing import Attribute, SpanName, Value, ids_of, write_traceparent
from core.ports.tracing import Span, Tracer


@dataclass
class KeptSpan(Span):
    """One span; `parent` is the id of the span above it, 0 at the top."""

    name: SpanName
    trace_id: int
    span_id: int
    parent: int
    attributes: dict[Attribute, Value] = field(default_factory=dict)
    failed: bool = False
    seconds: float | None = None
    """Of a span that was recorded after its end."""

    def note(self, attribute: Attribute, value: Value) -> None:
        self.attributes[attribute] = value

    def fail(self, kind: str) -> None:
        self.failed = True
        self.attributes[Attribute.ERROR] = kind

    @property
    def traceparent(self) -> str:
        return write_traceparent(self.trace_id, self.span_id, sampled=True)


class RecordingTracer(Tracer):
    """Keeps every span; `ended` has them in the order of their ends."""

    def __init__(self) -> None:
        self.ended: list[KeptSpan] = []
        self._current: ContextVar[KeptSpan | None] = ContextVar("current span", default=None)
        self._ids = count(1)

    @property
    def records(self) -> bool:
        return True

    def span(
        self, name: SpanName, *, parent: str | None = None, attributes: Mapping[Attribute, Value] | None = None
    ) -> AbstractContextManager[Span]:
        return self._span(self._begin(name, parent or self.current(), attributes or {}))

    @contextmanager
    def _span(self, span: KeptSpan) -> Iterator[Span]:
        before = self._current.set(span)
        try:
            yield span
        except BaseException as error:
            span.fail(type(error).__name__)
            raise
        finally:
            self._current.reset(before)
            self.ended.append(span)

    def record(self, name: SpanName, *, parent: str, seconds: float, attributes: Mapping[Attribute, Value]) -> None:
        span = self._begin(name, parent, attributes)
        span.seconds = seconds
        self.ended.append(span)

    def _begin(self, name: SpanName, parent: str | None, attributes: Mapping[Attribute, Value]) -> KeptSpan:
        trace_id, above = ids_of(parent) if parent else (next(self._ids), 0)
        return KeptSpan(name, trace_id, next(self._ids), above, dict(attributes))

    def current(self) -> str | None:
        span = self._current.get()
        return span.traceparent if span else None
