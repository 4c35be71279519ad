"""One run: call the app's handler, hear what happened, settle it together with its effects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from core.domain.documents import as_document
from core.domain.event_states import EventState
from core.domain.events import ClaimedRun, Failure, Settlement, WorkItem
from core.domain.operations.operation import Operation
from core.errors import LostClaim, TryLater
from core.features.event_handlers.context import Context, Event, Log
from core.features.event_handlers.outcomes import Outcome, Snooze, decide
from core.features.event_handlers.registry import Handler, Handlers
from core.ids import StoreId
from core.ports.event_ledger import RunLedger, RunScope
from core.ports.system import Chance, Clock
from core.ports.zid_gateway import BoundGateway, ZidGateway

R = TypeVar("R")
UNKNOWN_HANDLER_WAIT = timedelta(seconds=60)
SHORTEST_WAIT = timedelta(seconds=5)


class Within(Protocol):
    """Awaits work for at most so many seconds, then cancels it and raises TimeoutError."""

    async def __call__(self, seconds: float, work: Awaitable[Outcome]) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Handled:
    """A settled run, and the work of its lane that is free now."""

    run: ClaimedRun
    settlement: Settlement
    freed: Sequence[WorkItem]


class RunHandlers:
    """Runs claimed runs. The handler says what happened; this decides what follows."""

    def __init__(
        self,
        *,
        runs: RunLedger,
        handlers: Handlers,
        gateway: ZidGateway,
        clock: Clock,
        chance: Chance,
        within: Within,
        decode: Callable[[bytes], object],
        describe: Callable[[BaseException], Failure],
        log_for: Callable[[ClaimedRun], Log],
    ) -> None:
        self._runs = runs
        self._handlers = handlers
        self._gateway = gateway
        self._clock = clock
        self._chance = chance
        self._within = within
        self._decode = decode
        self._describe = describe
        self._log_for = log_for

    async def handle(self, run: ClaimedRun) -> Handled:
        """Calls the handler and settles. Raises LostClaim when the lease ran out (nothing is kept), Unavailable."""
        handler = self._handlers.find(run.handler, run.event.topic)
        async with self._runs.open(run) as scope:
            settlement = await self._call(handler, run, scope) if handler else self._unknown(run)
            freed = await scope.settle(settlement)
        return Handled(run, settlement, freed)

    async def _call(self, handler: Handler, run: ClaimedRun, scope: RunScope) -> Settlement:
        outcome = await self._outcome(handler, run, scope)
        return decide(outcome, run.attempt, handler.retry, self._clock.now(), self._chance.fraction())

    async def _outcome(self, handler: Handler, run: ClaimedRun, scope: RunScope) -> Outcome | Failure:
        try:
            event = self._event(run)
            context = self._context(run, scope)
            return await self._within(handler.time_limit, handler.function(event, context))
        except TryLater as wait:
            return self._later(wait)
        except LostClaim:
            raise
        except TimeoutError as error:
            return Failure("TimeoutError", str(error) or f"ran longer than {handler.time_limit:g} s")
        except Exception as error:  # noqa: BLE001 - an app's handler may raise anything; that is its failure to record
            return self._describe(error)

    def _later(self, wait: TryLater) -> Snooze:
        """Waiting for Zid's allowance, or for Zid itself, is nobody's failure."""
        return Snooze(self._clock.now() + max(SHORTEST_WAIT, timedelta(seconds=wait.retry_after)))

    def _unknown(self, run: ClaimedRun) -> Settlement:
        """A handler of another release: wait for a worker that has it."""
        reason = f"no handler {run.handler!r} for {run.event.topic!r} is loaded here; see WASL_HANDLERS"
        due = self._clock.now() + UNKNOWN_HANDLER_WAIT
        return Settlement(EventState.WAITING, due_at=due, reason=reason, counted=False)

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

    def _context(self, run: ClaimedRun, scope: RunScope) -> Context:
        gateway = StoreGateway(self._gateway, run.event.store_id, scope)
        return Context(gateway, scope.unit_of_work, self._log_for(run), run.idempotency_key)


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
