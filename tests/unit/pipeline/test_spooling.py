"""While the database is away deliveries wait in the spool; when it is back they enter it once, in order."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.gap_notes import MemoryGapNotes, MemoryNotesPlace
from adapters.memory.gaps import MemoryGaps
from adapters.memory.inbox import MemoryInbox
from adapters.memory.spool import MemorySpool, MemorySpoolPlace
from adapters.memory.system import ManualClock
from adapters.memory.work_index import RecordingAnnouncer
from core.domain.admission import ALWAYS, TARGET
from core.domain.event_states import EventState
from core.domain.events import Delivery, Receipt
from core.domain.gaps import Gap
from core.domain.webhook_address import Addressee
from core.errors import Unavailable, UnknownShape
from core.features.note_gaps import NoteGaps
from core.features.spooling import Presence, ReplaySpool, SpoolingInbox
from core.ids import InstallId, StoreId
from tests.contract.spool_worlds import SpoolWorld, memory_spool_world
from tests.unit.pipeline.conftest import Pipeline


class Switched(MemoryInbox):
    """A database that can be switched off, or answer nobody."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.is_on = True
        self.answers: asyncio.Event | None = None
        self.asked = 0
        self.poison: set[bytes] = set()

    async def accept(self, delivery: Delivery) -> Receipt:
        self.asked += 1
        await self.ping()
        if delivery.body in self.poison:
            raise UnknownShape("no ledger takes this")
        if self.answers:
            await self.answers.wait()
        return await super().accept(delivery)

    async def ping(self) -> None:
        if not self.is_on:
            raise Unavailable("postgres")


class House:
    """One process: a database with a switch, a spool, and who replays it."""

    def __init__(self, pipeline: Pipeline, *, room: int = 1000) -> None:
        self.clock = pipeline.clock
        self.pipeline = pipeline
        self.database = Switched(pipeline.database)
        self.place = MemorySpoolPlace()
        self.spool = MemorySpool(self.place, room=room)
        self.presence = Presence(self.clock)
        self.announced = RecordingAnnouncer()
        self.inbox = SpoolingInbox(inbox=self.database, spool=self.spool, presence=self.presence, clock=self.clock)
        self.replay = ReplaySpool(
            spool=self.spool,
            inbox=self.database,
            announcer=self.announced,
            presence=self.presence,
            ask_database=self.database.ping,
        )
        self.world: SpoolWorld = memory_spool_world()

    async def install(self) -> Callable[..., Delivery]:
        live = await self.pipeline.install()

        def delivery(**changed: object) -> Delivery:
            made = self.world.delivery()
            return replace(made, store_id=live.store_id, install_id=live.install_id, **changed)

        return delivery

    def entered(self) -> Sequence[Delivery]:
        return [row.event_id for row in self.pipeline.database.events.values()]


@pytest.fixture
def house(pipeline: Callable[..., Pipeline]) -> House:
    return House(pipeline())


async def test_a_database_that_answers_gets_the_delivery(house: House) -> None:
    delivery = await house.install()
    assert await house.inbox.accept(delivery()) is Receipt.ACCEPTED
    assert await house.spool.depth() == 0


async def test_one_that_is_away_is_asked_once_and_then_left_alone(house: House) -> None:
    delivery = await house.install()
    house.database.is_on = False
    given = [delivery() for _ in range(5)]
    assert [await house.inbox.accept(one) for one in given] == [Receipt.SPOOLED] * 5
    assert house.database.asked == 1
    assert not house.presence.is_there
    assert not await house.replay.look()
    house.database.is_on = True
    assert await house.replay.look()
    assert await house.inbox.accept(delivery()) is Receipt.ACCEPTED


async def test_what_waited_enters_in_its_order_and_is_announced(house: House) -> None:
    delivery = await house.install()
    house.database.is_on = False
    given = [delivery() for _ in range(450)]
    dead = delivery(state=EventState.DEAD, entity=None, reason="unknown topic")
    for one in [*given, dead]:
        await house.inbox.accept(one)
    house.database.is_on = True
    taken = []
    while replayed := await house.replay.replay_some():
        taken.append(replayed.taken)
    assert taken == [200, 200, 51]
    assert house.entered() == [one.event_id for one in [*given, dead]]
    first = house.pipeline.database.events[given[0].event_id]
    assert first.received_at == given[0].received_at
    assert [item.id for item in house.announced.announced] == [str(one.event_id) for one in given]


async def test_a_repeat_of_what_waits_is_recognised_at_the_replay(house: House) -> None:
    delivery = await house.install()
    house.database.is_on = False
    given = delivery()
    await house.inbox.accept(given)
    await house.inbox.accept(replace(given, event_id=house.pipeline.ids.event_id()))
    house.database.is_on = True
    await house.replay.replay_some()
    assert house.entered() == [given.event_id]
    assert len(house.announced.announced) == 1


async def test_a_database_that_goes_away_during_the_replay_costs_nothing(house: House) -> None:
    delivery = await house.install()
    house.database.is_on = False
    await house.inbox.accept(delivery())
    with pytest.raises(Unavailable):
        await house.replay.replay_some()
    assert await house.spool.depth() == 1
    assert not house.presence.is_there


async def test_one_that_the_ledger_never_takes_does_not_stop_the_others(house: House) -> None:
    delivery = await house.install()
    house.database.is_on = False
    bad, given = delivery(body=b"bad"), [delivery() for _ in range(3)]
    for one in (given[0], bad, *given[1:]):
        await house.inbox.accept(one)
    house.database.is_on = True
    house.database.poison = {b"bad"}
    replayed = await house.replay.replay_some()
    assert replayed is not None
    assert (replayed.taken, list(replayed.refused)) == (3, [bad])
    assert house.entered() == [one.event_id for one in given]
    assert await house.replay.replay_some() is None


async def test_a_full_spool_turns_away(pipeline: Callable[..., Pipeline]) -> None:
    house = House(pipeline(), room=2)
    delivery = await house.install()
    house.database.is_on = False
    for _ in range(2):
        await house.inbox.accept(delivery())
    with pytest.raises(Unavailable, match="spool"):
        await house.inbox.accept(delivery())


async def test_those_who_would_wait_too_long_for_the_database_go_to_the_spool(house: House) -> None:
    delivery = await house.install()
    house.database.answers = asyncio.Event()
    waiting = [asyncio.create_task(house.inbox.accept(delivery())) for _ in range(ALWAYS)]
    await asyncio.sleep(0)
    house.clock.advance(TARGET + 0.1)
    assert await house.inbox.accept(delivery()) is Receipt.SPOOLED
    house.database.answers.set()
    assert await asyncio.gather(*waiting) == [Receipt.ACCEPTED] * ALWAYS
    house.database.answers = None
    assert await house.inbox.accept(delivery()) is Receipt.ACCEPTED
    assert house.presence.is_there


# --- gaps ---------------------------------------------------------------------


WHOSE = Addressee(StoreId(1), InstallId(9))


class SwitchedGaps(MemoryGaps):
    is_on = True

    async def open(self, gaps: Sequence[Gap]) -> None:
        if not self.is_on:
            raise Unavailable("postgres")
        await super().open(gaps)


class Notebook:
    """Processes that turn deliveries away, over one database and one disk."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.gaps = SwitchedGaps(MemoryDatabase(clock))
        self.place: MemoryNotesPlace = {}

    def process(self) -> tuple[NoteGaps, MemoryGapNotes]:
        notes = MemoryGapNotes(self.place)
        return NoteGaps(gaps=self.gaps, notes=notes, clock=self.clock), notes

    async def known(self) -> list[Gap]:
        return [one.gap for one in await self.gaps.of_install(WHOSE.install_id)]


@pytest.fixture
def notebook() -> Notebook:
    return Notebook(ManualClock())


async def test_many_refusals_are_one_gap(notebook: Notebook) -> None:
    noting, _ = notebook.process()
    began = notebook.clock.now()
    for _ in range(100):
        notebook.clock.advance(0.1)
        noting.note(WHOSE, "order.create", "overloaded")
    noting.note(WHOSE, "no.such.topic", "overloaded")
    assert await noting.flush() == 1
    [gap] = await notebook.known()
    assert gap.since - began == timedelta(seconds=0.1)
    assert abs(gap.until - notebook.clock.now()) < timedelta(milliseconds=1)
    assert await noting.flush() == 0
    assert notebook.place == {}


async def test_gaps_of_an_outage_are_opened_when_it_is_over(notebook: Notebook) -> None:
    noting, _ = notebook.process()
    notebook.gaps.is_on = False
    noting.note(WHOSE, "order.create", "spool full")
    with pytest.raises(Unavailable):
        await noting.flush()
    assert len(notebook.place) == 1
    noting.note(WHOSE, "product.update", "spool full")
    notebook.gaps.is_on = True
    assert await noting.flush() == 2
    assert notebook.place == {}
    assert {gap.topic for gap in await notebook.known()} == {"order.create", "product.update"}


async def test_notes_of_a_process_that_is_gone_are_opened_by_another(notebook: Notebook) -> None:
    first, notes = notebook.process()
    notebook.gaps.is_on = False
    first.note(WHOSE, "order.create", "spool full")
    with pytest.raises(Unavailable):
        await first.flush()
    at = notebook.clock.now()
    await notes.aclose()
    notebook.clock.advance(3600)
    second, _ = notebook.process()
    await second.take_over()
    assert len(notebook.place) == 1
    notebook.gaps.is_on = True
    assert await second.flush() == 1
    [gap] = await notebook.known()
    assert gap.since == at
    assert at <= gap.until <= at + timedelta(minutes=10)
    assert notebook.place == {}


async def test_a_gap_that_grows_is_written_once_in_a_while(notebook: Notebook) -> None:
    noting, notes = notebook.process()
    written = []
    real = notes.write

    async def counting(gaps: Sequence[Gap]) -> None:
        written.append(len(gaps))
        await real(gaps)

    notes.write = counting  # type: ignore[method-assign]
    notebook.gaps.is_on = False
    for _ in range(60):
        notebook.clock.advance(1)
        noting.note(WHOSE, "order.create", "spool full")
        with pytest.raises(Unavailable):
            await noting.flush()
    assert written == [1]
