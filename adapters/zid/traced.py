"""Every request to Zid as a span of the trace that it belongs to."""

from __future__ import annotations

from adapters.zid.wire import Request, Wire
from core.domain.breaker import is_failure
from core.domain.exchange import Answer, Sent, judge
from core.domain.tracing import Attribute, SpanName, Value
from core.ports.tracing import Span, Tracer


class TracedWire(Wire):
    """A Wire that times what goes through it. Zid is told nothing of traces."""

    def __init__(self, wire: Wire, tracer: Tracer) -> None:
        self._wire = wire
        self._tracer = tracer

    async def send(self, request: Request) -> Sent:
        with self._tracer.span(SpanName.ZID, attributes=_about(request)) as span:
            sent = await self._wire.send(request)
            _note(span, sent)
            return sent


def _about(request: Request) -> dict[Attribute, Value]:
    """Without the address, which names what is asked for, and without headers."""
    about: dict[Attribute, Value] = {
        Attribute.METHOD: request.method,
        Attribute.FAMILY: request.family,
        Attribute.OPERATION: request.operation,
    }
    return about if request.store_id is None else {**about, Attribute.STORE_ID: request.store_id}


def _note(span: Span, sent: Sent) -> None:
    verdict = judge(sent)
    span.note(Attribute.OUTCOME, verdict.value)
    if isinstance(sent, Answer):
        span.note(Attribute.STATUS, sent.status)
    if is_failure(verdict):
        span.fail(verdict.value)
