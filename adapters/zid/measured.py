"""Counting and timing every request to Zid, and naming those that took long."""

from __future__ import annotations

import structlog

from adapters.zid.wire import Request, Wire
from core.domain.exchange import Answer, Sent, judge
from core.ports.metrics import Metrics
from core.ports.system import Clock

log = structlog.get_logger()


class MeasuredWire(Wire):
    """A Wire that tells what went through it. `status` is Zid's, or why there is none.

    What took `slow` seconds or more is logged; 0 logs nothing.
    """

    def __init__(self, wire: Wire, metrics: Metrics, clock: Clock, *, slow: float = 0.0) -> None:
        self._wire = wire
        self._metrics = metrics
        self._clock = clock
        self._slow = slow

    async def send(self, request: Request) -> Sent:
        started = self._clock.monotonic()
        sent = await self._wire.send(request)
        status = str(sent.status) if isinstance(sent, Answer) else judge(sent).value
        self._metrics.count("zid_requests_total", family=request.family, operation=request.operation, status=status)
        seconds = self._clock.monotonic() - started
        self._metrics.observe("zid_request_seconds", seconds, family=request.family)
        if 0 < self._slow <= seconds:
            _tell(request, status, seconds)
        return sent


def _tell(request: Request, status: str, seconds: float) -> None:
    log.warning(
        "slow_call",
        family=request.family,
        operation=request.operation,
        status=status,
        store_id=request.store_id,
        seconds=round(seconds, 3),
    )
