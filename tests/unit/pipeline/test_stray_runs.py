"""Postgres goes away in the middle of a claim or a settling: no run stays with a worker that knows nothing of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from adapters.memory.runs import MemoryRunLedger
from adapters.memory.system import SeededChance
from core.domain.attempts import AttemptEnd
from core.domain.event_states import EventState
from core.domain.events import ClaimedRun
from core.errors import Unavailable
from core.features.event_handlers import Context, Event
from core.features.event_handlers.registry import Handler
from core.features.run_handlers import RunHandlers
from core.ids import WorkerId
from core.ports.event_ledger import RunScope
from entrypoints import process, run_flow
from tests.unit.pipeline.conftest import Pipeline
from tests.unit.pipeline.flowing import PATIENCE, customers, flowing

EVENTS = 5


class Forgetful(MemoryRunLedger):
    """Loses one answer: what was claimed is claimed, and nobody hears of it; or one scope, before anything is kept."""

    lost_claims = 0
    lost_scopes = 0

    async def claim(
        self, run_ids: Sequence[int], worker: WorkerId, *, room: Mapping[str, int] | None = None
    ) -> Sequence[ClaimedRun]:
        claimed = await super().claim(run_ids, worker, room=room)
        if claimed and self.lost_claims:
            self.lost_claims -= 1
            raise Unavailable("postgres")
        return claimed

    @asynccontextmanager
    async def _scope(self, runs: Sequence[ClaimedRun]) -> AsyncIterator[RunScope]:
        if self.lost_scopes:
            self.lost_scopes -= 1
            raise Unavailable("postgres")
        async with super()._scope(runs) as scope:
            yield scope


@pytest.mark.parametrize("lost", ["lost_claims", "lost_scopes"])
async def test_what_was_claimed_without_an_answer_is_given_back_and_done(
    pipeline: Callable[..., Pipeline], lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "PAUSE_AFTER_FAILURE", 0.01)
    monkeypatch.setattr(run_flow, "TAKE_WAIT", 0.05)
    done: list[str] = []

    async def handle(event: Event, _: Context) -> None:
        done.append(event.entity_id)

    service = pipeline(Handler("h", "customer.create", handle))
    await customers(service, EVENTS)
    runs = Forgetful(service.database)
    setattr(runs, lost, 1)
    service.runs, service.runner = runs, replaced(service, runs)
    async with flowing(service) as stage, asyncio.timeout(PATIENCE):
        while len(done) < EVENTS or (await stage.states()).get(EventState.DONE) != EVENTS:
            service.clock.advance(5)
            await stage.lease.renew()
            await stage.publish()  # as the sweep does
            await asyncio.sleep(0.01)
    assert sorted(done) == [str(number) for number in range(1, EVENTS + 1)]
    assert {attempt.end for _, attempt in service.database.attempts} == {AttemptEnd.GIVEN_BACK, AttemptEnd.DONE}


def replaced(service: Pipeline, runs: Forgetful) -> RunHandlers:
    return RunHandlers(
        runs=runs, handlers=service.handlers, calls=service.calls, clock=service.clock, chance=SeededChance()
    )
