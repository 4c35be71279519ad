"""The memory ledger is the model: random commands leave it and Postgres in the same state, books included."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.domain.event_states import EventState, Ledger
from core.domain.events import (
    BatchResult,
    ClaimedRun,
    Delivery,
    DerivedEvent,
    Receipt,
    SettledEvent,
    Settlement,
    WorkItem,
    WorkKind,
    dedupe_key,
)
from core.domain.stores import Install
from core.errors import LostClaim
from core.ids import EventId, InstallId, StoreId, WorkerId
from core.ports.ledger_reading import EventFilter, EventSummary
from tests.contract.memory_world import memory_world
from tests.contract.postgres_world import postgres_world
from tests.contract.scenes import audit, identity, order, tokens
from tests.contract.worlds import LedgerWorld
from tests.servers import Database

EXAMPLES = 60
DETAILS_EVERY = 10
SECONDS_AGO = timedelta(seconds=-2)
LATER = timedelta(days=1)
HANDLERS = ("first", "second")
ENDS = (EventState.DONE, EventState.DEAD, EventState.CANCELLED, EventState.QUEUED, EventState.WAITING)

RunKey = tuple[UUID, str]
Shown = dict[object, object]
"""What is compared: states, attempts and reasons by event and handler; ids of rows differ between the two."""


@dataclass
class Play:
    """One ledger, and what the commands have done to it so far. Ids are given, so that both ledgers have the same."""

    world: LedgerWorld
    store_id: StoreId
    installs: Iterator[int]
    live: Install | None = None
    entered: list[EventId] = field(default_factory=list)
    claims: dict[RunKey, ClaimedRun] = field(default_factory=dict)
    workers: list[WorkerId] = field(default_factory=list)

    async def begin(self) -> None:
        self.workers = [await self.world.workers.join("consumer") for _ in range(2)]
        await self.reinstall()

    async def reinstall(self) -> object:
        self.live = await self.world.installations.activate(
            identity(self.store_id),
            InstallId(next(self.installs)),
            tokens(self.world),
            refresh_at=self.world.now() + LATER,
            audit=audit(),
        )
        return self.live.epoch

    async def uninstall(self) -> object:
        assert self.live is not None
        return await self.world.installations.end(self.live.install_id, audit=audit())

    async def accept(self, event_id: EventId, number: int, content: int) -> Receipt:
        assert self.live is not None
        body = b"%d" % content
        key = dedupe_key(self.store_id, self.live.install_id, "order.create", body)
        given_one = Delivery(
            event_id=event_id,
            store_id=self.store_id,
            install_id=self.live.install_id,
            topic="order.create",
            body=body,
            received_at=self.world.now(),
            dedupe_key=key,
            keep_for=LATER,
            entity=order(number),
        )
        if content % 7 == 0:
            given_one = replace(given_one, entity=None, state=EventState.DEAD, reason="not JSON")
        self.entered.append(event_id)
        return await self.world.inbox.accept(given_one)

    async def batch(self, start: int, limit: int, handlers: int, derived_id: EventId | None) -> object:
        """Settles what it gets, but for the last; perhaps with a derived event."""
        wanted = self.entered[start % (len(self.entered) + 1) :]
        names = HANDLERS[:handlers]
        async with self.world.events.open_batch(wanted, limit=limit) as batch:
            events = list(batch.events)
            done = events[:-1] if len(events) > 1 else events
            found = []
            if done and derived_id:
                parent = done[0]
                found = [DerivedEvent(derived_id, parent, "payment.paid", parent.entity, {"new": "paid"}, names)]
                self.entered.append(derived_id)
            settled = [SettledEvent(event.event_id, names, stale=event.attempts > 0) for event in done]
            opened = await batch.commit(BatchResult(settled, derived=found))
        return [event.event_id for event in events], len(opened)

    async def give_up_batch(self, start: int) -> object:
        async with self.world.events.open_batch(self.entered[start % (len(self.entered) + 1) :], limit=5) as batch:
            return [(event.event_id, event.attempts) for event in batch.events]

    async def put_off(self, start: int, target: EventState) -> object:
        async with self.world.events.open_batch(self.entered[start % (len(self.entered) + 1) :], limit=1) as batch:
            events = list(batch.events)
        for event in events:
            await self.world.events.put_off(event, self._settlement(target))
        return [event.event_id for event in events]

    def _settlement(self, target: EventState, *, counted: bool = True) -> Settlement:
        due = self.world.now() + SECONDS_AGO if target is EventState.WAITING else None
        return Settlement(target, due_at=due, reason=f"said {target}", counted=counted)

    async def claim(self, worker: int, limit: int) -> object:
        backlog = await self.world.events.backlog(self.store_id, limit=limit)
        run_ids = [int(item.id) for item in backlog if item.kind is WorkKind.RUN]
        found = await self.world.runs.claim(run_ids, self.workers[worker])
        self.claims.update(((run.event.event_id, run.handler), run) for run in found)
        return sorted((run.event.event_id, run.handler, run.attempt) for run in found)

    async def claim_alone(self, worker: int) -> object:
        """A suspect, if there is one."""
        backlog = await self.world.events.backlog(self.store_id, limit=100)
        run_ids = [int(item.id) for item in backlog if item.kind is WorkKind.RUN]
        found = await self.world.runs.look_at(run_ids)
        run = await self.world.runs.claim_alone(run_ids, self.workers[worker])
        if run is not None:
            self.claims[run.event.event_id, run.handler] = run
        return [(one.handler, one.suspect) for one in found], run and (run.event.event_id, run.handler, run.attempt)

    async def bury(self) -> object:
        found = [run for run in await self.world.runs.poison(limit=10) if run.event.store_id == self.store_id]
        for run in found:
            async with self.world.runs.open(run) as scope:
                await scope.settle(Settlement(EventState.DEAD, reason="poison"))
        return [(run.event.event_id, run.handler, run.attempt) for run in found]

    async def settle(self, which: int, target: EventState, counted: bool) -> object:
        if not self.claims:
            return None
        key = sorted(self.claims)[which % len(self.claims)]
        run = self.claims[key]
        if which % 3:
            del self.claims[key]
        try:
            async with self.world.runs.open(run) as scope:
                freed = await scope.settle(self._settlement(target, counted=counted))
        except LostClaim:
            return key, "lost"
        return key, len(freed)

    async def give_back(self, worker: int) -> object:
        return len(await self.world.runs.give_back(self.workers[worker]))

    async def lose_lease(self, worker: int) -> object:
        await self.world.hands.expire_lease(self.workers[worker])
        released = await self.world.maintenance.release_orphans()
        self.workers[worker] = await self.world.workers.join("consumer")
        return len(self._own(released))

    async def release_due(self) -> object:
        return len(self._own(await self.world.maintenance.release_due(limit=1000)))

    def _own(self, items: object) -> list[WorkItem]:
        assert isinstance(items, list)
        return [item for item in items if item.store_id == self.store_id]

    async def redrive(self, which: int) -> object:
        ids = self.entered[which % (len(self.entered) + 1) :][:2]
        found = await self.world.desk.redrive(EventFilter(store_id=self.store_id), ids, audit=audit())
        return sorted(item.kind for item in found)

    async def discard(self, which: int) -> object:
        ids = self.entered[which % (len(self.entered) + 1) :][:1]
        return await self.world.desk.discard(EventFilter(store_id=self.store_id), ids, reason="no", audit=audit())

    async def replay(self, which: int, new_id: EventId) -> object:
        if not self.entered:
            return None
        found = await self.world.desk.replay(self.entered[which % len(self.entered)], new_id, audit=audit())
        self.entered += [new_id] if found else []
        return found

    async def fold(self) -> object:
        await self.world.maintenance.compact_intake()
        return None

    async def shown(self) -> Shown:
        """Every event, what could be claimed, and the books."""
        events = await self.world.reader.events(EventFilter(store_id=self.store_id), limit=1000)
        found: Shown = {event.event_id: _lean_event(event) for event in events}
        backlog = await self.world.events.backlog(self.store_id, limit=1000)
        found["order"] = [event.event_id for event in events]
        found["backlog"] = (len(backlog), [item.id for item in backlog if item.kind is WorkKind.EVENT])
        found["books"] = _lean(await self.world.reader.books(self.store_id))
        return found

    async def details(self) -> Shown:
        """Every event's body and runs."""
        found: Shown = {}
        for event_id in self.entered:
            if (detail := await self.world.reader.event(event_id)) is not None:
                runs = {run.handler: (run.state, run.attempts, run.reason) for run in detail.runs}
                # Those of one statement come in no promised order.
                attempts = sorted((one.handler, one.number, one.end, one.reason or "") for one in detail.attempts)
                found[event_id] = (detail.body is None, runs, attempts)
        return found


def _lean_event(event: EventSummary) -> object:
    """All but the times of the two machines."""
    kept = (event.state, event.reason, event.attempts, event.origin, event.stale, event.topic, event.entity_id)
    return (*kept, event.settled_at is None, event.due_at is None)


def _lean(ledger: Ledger) -> object:
    """The numbers that are not zero; that they balance is part of them."""
    books = {
        origin: (books.received, books.duplicates, {state: n for state, n in books.states.items() if n})
        for origin, books in ledger.by_origin.items()
        if books.received
    }
    return books, ledger.balanced


@dataclass(frozen=True)
class Command:
    """A method of Play with its arguments."""

    method: str
    args: tuple[object, ...]

    async def __call__(self, play: Play) -> object:
        return await getattr(play, self.method)(*self.args)


event_numbers = count(1)
numbers = st.integers(0, 11)
workers = st.integers(0, 1)


def _fresh(_: object = None) -> EventId:
    return EventId(UUID(int=next(event_numbers) << 80 | 7 << 76 | 2 << 62))


def a(method: str, *args: st.SearchStrategy[object]) -> st.SearchStrategy[Command]:
    return st.builds(Command, st.just(method), st.tuples(*args))


fresh_ids: st.SearchStrategy[object] = st.builds(_fresh)
WEIGHTED = (
    (14, a("accept", fresh_ids, st.integers(0, 2), st.integers(1, 60))),
    (10, a("batch", numbers, st.integers(1, 6), st.integers(0, 2), st.none() | fresh_ids)),
    (10, a("claim", workers, st.integers(1, 6))),
    (16, a("settle", numbers, st.sampled_from(ENDS), st.booleans())),
    (3, a("put_off", numbers, st.sampled_from([EventState.WAITING, EventState.DEAD]))),
    (1, a("give_up_batch", numbers)),
    (2, a("give_back", workers)),
    (6, a("lose_lease", workers)),
    (5, a("claim_alone", workers)),
    (2, a("bury")),
    (4, a("release_due")),
    (4, a("redrive", numbers)),
    (1, a("discard", numbers)),
    (2, a("replay", numbers, fresh_ids)),
    (1, a("uninstall")),
    (1, a("reinstall")),
    (1, a("fold")),
)
COMMANDS = st.sampled_from([strategy for weight, strategy in WEIGHTED for _ in range(weight)]).flatmap(lambda one: one)


@pytest.fixture
def store_numbers() -> Iterator[int]:
    return count(1)


def test_postgres_does_what_the_model_does(database: Database, store_numbers: Iterator[int]) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        real = runner.run(stack.enter_async_context(postgres_world(database)))

        @settings(
            max_examples=EXAMPLES,
            # Shrinking sixty commands against a database takes minutes: turn it on by hand when this fails.
            phases=[Phase.explicit, Phase.generate],
        )
        @given(st.lists(COMMANDS, min_size=40, max_size=60))
        def compare(commands: list[Command]) -> None:
            runner.run(_compare(real, StoreId(next(store_numbers)), commands))

        try:
            compare()
        finally:
            runner.run(stack.aclose())


async def _compare(real: LedgerWorld, store_id: StoreId, commands: list[Command]) -> None:
    """Each example has a store of its own, so that one database serves them all."""
    first_install = store_id * 1000
    plays = [Play(world, store_id, count(first_install)) for world in (memory_world(), real)]
    for play in plays:
        await play.begin()
    try:
        for number, command in enumerate(commands, start=1):
            model, found = [await command(play) for play in plays]
            assert found == model, command
            model_shown, found_shown = [await play.shown() for play in plays]
            assert found_shown == model_shown, command
            if number % DETAILS_EVERY == 0 or number == len(commands):
                model_details, found_details = [await play.details() for play in plays]
                assert found_details == model_details, command
    finally:
        await plays[1].uninstall()
