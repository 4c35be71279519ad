"""Runs: call the app's handler, hear what happened, settle it together with its effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from core.domain.dead_letters import fingerprint
from core.domain.event_states import EventState
from core.domain.events import ClaimedRun, Failure, Settlement, WorkItem
from core.errors import LostClaim
from core.features.event_handlers.outcomes import Done, Overran, decide
from core.features.event_handlers.registry import Handler, Handlers
from core.features.handler_calls import HandlerCalls, Said
from core.ports.event_ledger import RunLedger, RunScope
from core.ports.system import Chance, Clock

UNKNOWN_HANDLER_WAIT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Handled:
    """A settled run, what was said about it, and the work of its lane that is free now."""

    run: ClaimedRun
    settlement: Settlement
    freed: Sequence[WorkItem]
    said: Said = None


class RunHandlers:
    """Runs claimed runs. The handler says what happened; this decides what follows."""

    def __init__(
        self,
        *,
        runs: RunLedger,
        handlers: Handlers,
        calls: HandlerCalls,
        clock: Clock,
        chance: Chance,
        version: str = "",
    ) -> None:
        self._runs = runs
        self._calls = calls
        self._clock = clock
        self._chance = chance
        self._version = version
        self.handlers = handlers

    async def handle(self, run: ClaimedRun) -> Handled:
        """Calls the handler and settles. Raises LostClaim when the lease ran out (nothing is kept), Unavailable."""
        handler = self.handlers.find(run.handler, run.event.topic)
        async with self._runs.open(run) as scope:
            said = await self._calls.call(handler, [run], scope) if handler else None
            settlement = self._decide(handler, run, said) if handler else self._unknown(run)
            freed = await scope.settle(settlement)
        return Handled(run, settlement, freed, said)

    async def handle_together(self, runs: Sequence[ClaimedRun]) -> Sequence[Handled]:
        """Calls a handler of batches once for runs of one store, and settles all of them in one transaction.

        Nothing is settled, and nothing returned, where it failed or one claim was lost: then each is to
        be handled for itself. What it says other than that it is done is settled run by run. Raises
        LostClaim, Unavailable.
        """
        handler = self.handlers.find(runs[0].handler, runs[0].event.topic)
        assert handler is not None
        async with self._runs.open(*runs) as scope:
            said = await self._calls.call(handler, runs, scope)
            if said is None or isinstance(said, Done):
                return await self._settle_together(runs, scope)
        if isinstance(said, Failure | Overran):
            return []
        return [await self._settle(handler, run, said) for run in runs]

    async def _settle_together(self, runs: Sequence[ClaimedRun], scope: RunScope) -> Sequence[Handled]:
        settlement = Settlement(EventState.DONE)
        try:
            freed = await scope.settle(settlement)
        except LostClaim:
            return []
        return [Handled(run, settlement, freed if run is runs[0] else ()) for run in runs]

    async def _settle(self, handler: Handler, run: ClaimedRun, said: Said) -> Handled:
        async with self._runs.open(run) as scope:
            settlement = self._decide(handler, run, said)
            return Handled(run, settlement, await scope.settle(settlement), said)

    def _decide(self, handler: Handler, run: ClaimedRun, said: Said) -> Settlement:
        policy = handler.retry.at_most(run.tries)
        return self._stamped(run, decide(said, run.attempt, policy, self._clock.now(), self._chance.fraction()))

    def _stamped(self, run: ClaimedRun, settlement: Settlement) -> Settlement:
        """A death with what it has in common with others of the same cause."""
        if settlement.state is not EventState.DEAD:
            return settlement
        return replace(settlement, fingerprint=fingerprint(run.handler, settlement.reason, self._version))

    def _unknown(self, run: ClaimedRun) -> Settlement:
        """A handler of another release: wait for a worker that has it."""
        reason = f"no handler {run.handler!r} for {run.event.topic!r} is loaded here; see WASL_HANDLERS"
        due = self._clock.now() + UNKNOWN_HANDLER_WAIT
        return Settlement(EventState.WAITING, due_at=due, reason=reason, counted=False)
