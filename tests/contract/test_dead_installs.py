"""What belongs to an install that is over has no effect any more, and never reaches the one that follows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest

from core.domain.backfill import BackfillClaim, PageDone
from core.domain.events import ClaimedRun, Receipt
from core.domain.stores import Install, InstallState
from core.domain.tokens import TokenSet
from core.errors import LostClaim, Stale
from core.ids import EntityKind, EventId, Generation, WorkerId
from core.ports.installations import Intent
from tests.contract.scenes import (
    DONE,
    audit,
    claimed,
    counts,
    delivery,
    install,
    order,
    queued,
    through_the_mirror,
    tokens,
)
from tests.contract.worlds import EFFECT, STORE, LedgerWorld

OPEN_STATES = {"queued", "running", "waiting"}


@dataclass
class Busy:
    """An install with something of every kind under way. Each verb says whether it had an effect."""

    world: LedgerWorld
    install: Install
    tokens: TokenSet
    worker: WorkerId
    run: ClaimedRun
    backfill: BackfillClaim
    queued: EventId

    async def take_in(self) -> bool:
        return await self.world.inbox.accept(delivery(self.world, self.install, order(9))) is Receipt.ACCEPTED

    async def settle(self) -> bool:
        try:
            async with self.world.runs.open(self.run) as scope:
                async with scope.unit_of_work as database:
                    await database.execute(EFFECT, "done")
                await scope.settle(DONE)
        except LostClaim:
            return False
        return True

    async def mirror(self) -> bool:
        async with self.world.events.open_batch([self.queued], limit=1) as batch:
            found = [event.event_id for event in batch.events]
        return bool(found)

    async def renew(self) -> bool:
        due, following = self.world.now() + timedelta(days=300), tokens(self.world, "following")
        return await self.world.vault.replace(self.tokens, following, refresh_at=due, audit=audit())

    async def begin_exchange(self) -> bool:
        generation = Generation(self.tokens.generation + 1)
        return await self.world.refreshes.begin(self.install.install_id, generation, self.worker) is Intent.TAKEN

    async def suspend(self) -> bool:
        target = InstallState.NEEDS_REAUTHORIZATION
        return await self.world.installations.change_state(self.install.install_id, target, audit=audit())

    async def read_page(self) -> bool:
        try:
            await self.world.backfills.advance(self.backfill, PageDone(1, "2", 3))
        except LostClaim:
            return False
        return True

    async def ask_for_backfill(self) -> bool:
        return await self.world.backfills.request(self.install.install_id, [EntityKind.ORDER], audit=audit())

    async def end(self) -> bool:
        return await self.world.installations.end(self.install.install_id, audit=audit("test.ended")) is not None

    async def activate_again(self) -> bool:
        """As a repeat whose first answer was lost."""
        given = (self.install.identity, self.install.install_id, tokens(self.world))
        try:
            await self.world.installations.activate(*given, refresh_at=self.world.now(), audit=audit())
        except Stale:
            return False
        return True


Verb = Callable[[Busy], Awaitable[bool]]
VERBS: Mapping[str, Verb] = {
    verb.__name__: verb
    for verb in (
        Busy.take_in,
        Busy.settle,
        Busy.mirror,
        Busy.renew,
        Busy.begin_exchange,
        Busy.suspend,
        Busy.read_page,
        Busy.ask_for_backfill,
        Busy.end,
        Busy.activate_again,
    )
}


@pytest.fixture(params=sorted(VERBS))
def verb(request: pytest.FixtureRequest) -> Verb:
    return VERBS[request.param]


@pytest.fixture
async def busy(world: LedgerWorld) -> Busy:
    live = await install(world)
    worker = await world.workers.join("consumer")
    ids = await queued(world, live, 1, 2)
    [run] = await claimed(world, worker, *await through_the_mirror(world, ids[:1], "courier"))
    await world.backfills.request(live.install_id, [EntityKind.ORDER], audit=audit())
    backfill = await world.backfills.claim(worker)
    held = await world.vault.open(STORE)
    assert backfill is not None
    assert held is not None
    return Busy(world, live, held, worker, run, backfill, ids[1])


async def leaves_nothing(world: LedgerWorld, over: Install) -> None:
    """Of an ended install no tokens open, no exchange may begin, and no work waits."""
    assert over.install_id not in await world.statuses.of([over.install_id])
    held = await world.vault.open(STORE)
    assert held is None or held.install_id != over.install_id
    unfinished = {state for state, number in (await counts(world)).items() if number} & OPEN_STATES
    assert unfinished == set()
    assert list(await world.events.backlog(limit=100)) == []
    backfills = await world.backfills.of_stores([STORE])
    assert not any(one.install_id == over.install_id and one.state in OPEN_STATES for one in backfills)
    assert (await world.reader.books()).balanced


async def test_nothing_of_an_install_that_was_uninstalled_has_an_effect(busy: Busy, verb: Verb) -> None:
    await busy.end()
    assert not await verb(busy)
    current = await busy.world.installations.current(STORE)
    assert current is not None
    assert current.state is InstallState.UNINSTALLED
    assert await busy.world.hands.effects() == []
    await leaves_nothing(busy.world, busy.install)


async def test_nothing_of_an_earlier_install_reaches_the_one_that_follows(busy: Busy, verb: Verb) -> None:
    world = busy.world
    second = await install(world)
    own = await world.vault.open(STORE)
    backfills = await world.backfills.of_stores([STORE])
    assert not await verb(busy)
    assert await world.installations.current(STORE) == second
    assert await world.vault.open(STORE) == own
    assert await world.backfills.of_stores([STORE]) == backfills
    assert await world.hands.effects() == []
    await leaves_nothing(world, busy.install)


async def test_whatever_crosses_the_end_comes_before_it_or_not_at_all(busy: Busy, verb: Verb) -> None:
    """At the same moment: both orders are fine, and afterwards nothing is left."""
    ended, _ = await asyncio.gather(busy.end(), verb(busy))
    assert ended or verb is Busy.end
    await leaves_nothing(busy.world, busy.install)
    assert len(await busy.world.hands.effects()) == (await counts(busy.world)).get(DONE.state, 0)
