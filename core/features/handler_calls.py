"""Calling the app's handlers: the event as they see it, their hands, their time limit; never an exception of theirs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol, TypeVar

from core.domain.documents import as_document
from core.domain.events import ClaimedRun, Failure
from core.domain.operations.operation import Operation
from core.errors import LostClaim, TryLater
from core.features.event_handlers.context import BatchContext, Context, Event, Log, UnitsOfWork
from core.features.event_handlers.outcomes import Outcome, Overran, Snooze
from core.features.event_handlers.registry import Handler
from core.ids import StoreId
from core.ports.event_ledger import RunScope
from core.ports.system import Clock
from core.ports.zid_gateway import BoundGateway, ZidGateway

R = TypeVar("R")
Said = Outcome | Overran | Failure
SHORTEST_WAIT: Final = timedelta(seconds=5)


class Within(Protocol):
    """Awaits work for at most so many seconds, then cancels it; Overran is what it returns then."""

    async def __call__(self, seconds: float, work: Awaitable[Outcome]) -> Outcome | Overran: ...


class HandlerCalls:
    """Calls a handler on one run's event, or on several at once."""

    def __init__(
        self,
        *,
        gateway: ZidGateway,
        clock: Clock,
        within: Within,
        decode: Callable[[bytes], object],
        describe: Callable[[BaseException], Failure],
        log_for: Callable[[ClaimedRun], Log],
    ) -> None:
        self._gateway = gateway
        self._clock = clock
        self._within = within
        self._decode = decode
        self._describe = describe
        self._log_for = log_for

    async def call(self, handler: Handler, runs: Sequence[ClaimedRun], scope: RunScope) -> Said:
        """What happened. Raises LostClaim only; after an Overran that did not stop, the scope is revoked."""
        try:
            events = [self._event(run) for run in runs]
            said = await self._within(handler.time_limit, handler.call(events, self._context(handler, runs, scope)))
        except TryLater as wait:
            return self._later(wait)
        except LostClaim:
            raise
        except Exception as error:  # noqa: BLE001 - an app's handler may raise anything; that is its failure to record
            return self._describe(error)
        if isinstance(said, Overran) and not said.stopped:
            await scope.revoke()
        return said

    def _later(self, wait: TryLater) -> Snooze:
        """Waiting for Zid's allowance, or for Zid itself, is nobody's failure."""
        return Snooze(self._clock.now() + max(SHORTEST_WAIT, timedelta(seconds=wait.retry_after)))

    def _event(self, run: ClaimedRun) -> Event:
        claimed = run.event
        return Event(
            id=claimed.event_id,
            topic=claimed.topic,
            store_id=claimed.store_id,
            entity_kind=claimed.entity.kind,
            entity_id=claimed.entity.id,
            data=as_document(self._decode(claimed.body)),
            origin=claimed.origin,
            received_at=claimed.received_at,
            attempt=run.attempt,
            stale=claimed.stale,
        )

    def _context(self, handler: Handler, runs: Sequence[ClaimedRun], scope: RunScope) -> Context | BatchContext:
        first = runs[0]
        gateway = StoreGateway(self._gateway, first.event.store_id, scope)
        units = UnitsOfWork(lambda: scope.unit_of_work)
        if handler.batch is not None:
            return BatchContext(gateway, units, self._log_for(first), handler.name)
        return Context(gateway, units, self._log_for(first), first.idempotency_key)


class StoreGateway(BoundGateway):
    """Zid for one store; closed inside a unit of work, whose transaction must not wait for the network."""

    def __init__(self, gateway: ZidGateway, store_id: StoreId, scope: RunScope) -> None:
        self._gateway = gateway
        self._store_id = store_id
        self._scope = scope

    async def perform(self, operation: Operation[R]) -> R:
        if self._scope.in_unit_of_work:
            raise RuntimeError("ctx.zid was called inside ctx.unit_of_work: call Zid before it and keep the result")
        return await self._gateway.perform(self._store_id, operation)
