"""Counting and timing every request to Zid."""

from __future__ import annotations

from adapters.zid.wire import Request, Wire
from core.domain.exchange import Answer, Sent, judge
from core.ports.metrics import Metrics
from core.ports.system import Clock


class MeasuredWire(Wire):
    """A Wire that tells what went through it. `status` is Zid's, or why there is none."""

    def __init__(self, wire: Wire, metrics: Metrics, clock: Clock) -> None:
        self._wire = wire
        self._metrics = metrics
        self._clock = clock

    async def send(self, request: Request) -> Sent:
        started = self._clock.monotonic()
        sent = await self._wire.send(request)
        status = str(sent.status) if isinstance(sent, Answer) else judge(sent).value
        self._metrics.count("zid_requests_total", family=request.family, operation=request.operation, status=status)
        self._metrics.observe("zid_request_seconds", self._clock.monotonic() - started, family=request.family)
        return sent
