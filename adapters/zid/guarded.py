"""Not sending at all where Zid fails."""

from __future__ import annotations

from adapters.zid.breakers import Breakers
from adapters.zid.wire import Request, Wire
from core.domain.breaker import is_failure
from core.domain.exchange import Sent, judge


class GuardedWire(Wire):
    """Asks the breakers before a call and tells them its end. Raises Unavailable, having sent nothing.

    Nothing is held while the call runs; a call that is cancelled counts neither way.
    Requests of no store pass.
    """

    def __init__(self, wire: Wire, breakers: Breakers) -> None:
        self._wire = wire
        self._breakers = breakers

    async def send(self, request: Request) -> Sent:
        if request.store_id is None:
            return await self._wire.send(request)
        admission = await self._breakers.admit(request.family, request.store_id)
        try:
            sent = await self._wire.send(request)
        except BaseException:
            self._breakers.give_back(admission)
            raise
        self._breakers.record(admission, failed=is_failure(judge(sent)))
        return sent
