"""Reading a store's lists into the ledger: what is read, when it stops, and who hears of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.backfills import MemoryBackfills
from adapters.memory.inbox import MemoryInbox
from adapters.memory.system import SeededChance
from core.domain.backfill import BACKFILLED, BackfillClaim, BackfillState, BackfillStatus, PutOff
from core.domain.documents import Document
from core.domain.event_states import EventState, Origin
from core.domain.operations.carts import ListCarts
from core.domain.operations.categories import ListCategories
from core.domain.operations.operation import Operation
from core.domain.operations.orders import ListOrders, OrderPayload
from core.domain.operations.products import ListProducts
from core.domain.paging import START, Page, Place
from core.domain.results.cart import Cart
from core.domain.results.category import Category
from core.domain.results.order import Order
from core.domain.results.product import Product
from core.domain.stores import Install
from core.errors import Invalid, NeedsReauthorization, RateLimited, Unavailable, WaslError
from core.features.backfill import (
    BEHIND,
    OVER,
    PAGES_PER_TURN,
    TURN_OVER,
    AskForBackfill,
    BackfillRefused,
    ReadBackfills,
    Turn,
)
from core.features.event_handlers import Context, Event
from core.features.event_handlers.registry import Handler
from core.ids import EntityKind, StoreId, WorkerId
from core.ports.ledger_reading import EventFilter
from tests.unit.pipeline.conftest import STORE, Pipeline

ORDERS = EntityKind.ORDER


async def nothing(_event: Event, _ctx: Context) -> None: ...


class Backfilled:
    """The pipeline with one installed store, its lists scripted, and the features that read them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.gateway = pipeline.gateway
        self.backfills = MemoryBackfills(pipeline.database)
        self.ask = AskForBackfill(backfills=self.backfills, installations=pipeline.installations)
        self.worker: WorkerId | None = None
        self.install: Install | None = None

    async def ready(self, *kinds: EntityKind) -> Backfilled:
        """Installed, and asked for these kinds; no others are there."""
        self.install = await self.pipeline.install()
        self.pipeline.database.backfills.clear()
        await self.ask.request(STORE, kinds or BACKFILLED, actor="tester")
        return self

    def reader(self, backfills: MemoryBackfills | None = None) -> ReadBackfills:
        return ReadBackfills(
            backfills=backfills or self.backfills,
            gateway=self.gateway,
            inbox=MemoryInbox(self.pipeline.database),
            announcer=self.pipeline.announcer,
            clock=self.pipeline.clock,
            chance=SeededChance(),
            ids=self.pipeline.ids,
            encode=lambda value: json.dumps(value).encode(),
            worker=self._worker,
            longest_backlog=300,
        )

    def _worker(self) -> WorkerId:
        assert self.worker is not None
        return self.worker

    async def claim(self) -> BackfillClaim:
        """By a worker of its own, whose lease is fresh."""
        self.worker = await self.pipeline.workers.join("scheduler")
        claim = await self.reader().claim()
        assert claim is not None
        return claim

    async def turn(self) -> Turn:
        return await self.reader().read(await self.claim())

    async def status(self, kind: EntityKind = ORDERS) -> BackfillStatus:
        [found] = [one for one in await self.ask.progress(STORE) if one.kind is kind]
        return found

    async def mirror(self, kind: EntityKind = ORDERS) -> int:
        """How many the mirror holds after everything queued went through it."""
        await self.pipeline.consume_all()
        return (await self.pipeline.reader.mirror_counts(STORE)).get(kind, 0)

    def orders(self, count: int, *, fail_at: int | None = None, error: WaslError | None = None) -> None:
        """A list of so many orders; asking for page `fail_at` raises the error once."""
        left = [error] if error else []

        def answer(asked: Operation[object]) -> Page[Order]:
            assert isinstance(asked, ListOrders)
            if asked.at.page == fail_at and left:
                raise left.pop()
            start = (asked.at.page - 1) * asked.per_page
            found = [order(number) for number in range(start, min(count, start + asked.per_page))]
            seen = start + len(found)
            return Page(found, Place(asked.at.page + 1, seen) if seen < count else None, count)

        self.gateway.on(ListOrders, answer)

    def pages_asked(self) -> list[int]:
        return [asked.at.page for asked in self.gateway.asked(ListOrders) if isinstance(asked, ListOrders)]


def order(number: int, **more: object) -> Order:
    document: Document = {
        "id": number + 1,
        "order_status": {"code": "delivered"},
        "payment_status": "paid",
        "updated_at": "2026-01-01 10:00:00",
        **more,
    }
    return Order.read(document)


@pytest.fixture
def backfilled(pipeline: Callable[..., Pipeline]) -> Callable[..., Backfilled]:
    return lambda *handlers: Backfilled(pipeline(*handlers))


Build = Callable[..., Backfilled]


async def test_every_page_goes_through_the_ledger_into_the_mirror(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.orders(205)
    turn = await world.turn()
    assert (turn.pages, turn.rows, turn.decided, turn.lost) == (3, 205, None, False)
    asked = world.gateway.asked(ListOrders)[0]
    assert isinstance(asked, ListOrders)
    assert (asked.payload_type, asked.per_page, asked.at) == (OrderPayload.DEFAULT, 100, START)
    found = await world.status()
    assert (found.state, found.read, found.total, found.percent) == (BackfillState.DONE, 205, 205, 100)
    assert len(world.pipeline.announcer.announced) == 205
    assert await world.mirror() == 205
    books = await world.pipeline.reader.books()
    assert books.balanced
    assert books.of(Origin.SYNTHETIC).count(EventState.DONE) == 205


async def test_only_handlers_of_derived_topics_that_asked_for_snapshots_hear_of_it(backfilled: Build) -> None:
    raw = Handler("raw", "order.create", nothing, snapshot=True)
    changes = Handler("changes", "payment.paid", nothing)
    snapshots = Handler("snapshots", "payment.paid", nothing, snapshot=True)
    world = await backfilled(raw, changes, snapshots).ready(ORDERS)
    world.orders(5)
    await world.turn()
    assert await world.mirror() == 5
    assert sorted(run.handler for run in world.pipeline.database.runs.values()) == ["snapshots"] * 5
    derived = await world.pipeline.reader.events(EventFilter(origin=Origin.DERIVED))
    assert {event.topic for event in derived} == {"payment.paid"}


async def test_a_known_order_that_changed_is_shown_and_nobody_is_called(backfilled: Build) -> None:
    handlers = [Handler("changes", "order.status_changed", nothing, snapshot=True)]
    world = await backfilled(*handlers).ready(ORDERS)
    assert world.install is not None
    before = dict(order(0).raw) | {"order_status": {"code": "new"}, "updated_at": "2026-01-01 09:00:00"}
    await world.pipeline.receive(world.install, "order.create", before)
    await world.pipeline.consume_all()
    runs = len(world.pipeline.database.runs)
    world.orders(1)
    await world.turn()
    assert await world.mirror() == 1
    assert len(world.pipeline.database.runs) == runs
    [row] = world.pipeline.database.mirror.values()
    assert (row.columns["status"], row.facts["status"]) == ("delivered", "new")


async def test_whoever_takes_over_goes_on_at_the_page(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.orders(205)
    lost = await world.claim()
    dying = asyncio.create_task(world.reader().read(lost))
    while world.pages_asked() != [1, 2]:
        await asyncio.sleep(0)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    world.pipeline.clock.advance(11)
    turn = await world.turn()
    assert (turn.pages, turn.decided) == (2, None)
    assert world.pages_asked() == [1, 2, 2, 3]
    assert await world.mirror() == 205
    assert (await world.pipeline.reader.books()).of(Origin.SYNTHETIC).received == 205


async def test_a_page_that_was_taken_in_by_one_that_died_is_recognised(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.orders(150)

    class Dying(MemoryBackfills):
        async def advance(self, *_: object) -> None:
            raise asyncio.CancelledError

    claim = await world.claim()
    with pytest.raises(asyncio.CancelledError):
        await world.reader(Dying(world.pipeline.database)).read(claim)
    world.pipeline.clock.advance(11)
    await world.turn()
    synthetic = (await world.pipeline.reader.books()).of(Origin.SYNTHETIC)
    assert (synthetic.received, synthetic.duplicates) == (150, 100)


@pytest.mark.parametrize(
    "error",
    [RateLimited("full", 7), Unavailable("zid"), NeedsReauthorization(STORE, "spent"), Invalid(422, "not now")],
    ids=lambda error: type(error).__name__,
)
async def test_what_hinders_is_told_and_outlived_at_the_same_page(backfilled: Build, error: WaslError) -> None:
    world = await backfilled().ready(ORDERS)
    world.orders(250, fail_at=2, error=error)
    turn = await world.turn()
    assert turn.decided is not None
    assert (turn.pages, turn.decided.reason) == (1, str(error))
    found = await world.status()
    assert (found.state, found.reason, found.read) == (BackfillState.WAITING, str(error), 100)
    world.pipeline.clock.advance(turn.decided.wait.total_seconds())
    assert (await world.turn()).decided is None
    assert world.pages_asked() == [1, 2, 2, 3]
    assert (await world.status()).reason is None


async def test_a_list_that_zid_refuses_for_good_fails_and_can_be_asked_for_again(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.gateway.on(ListOrders, Invalid(422, "no such thing"))
    while (await world.status()).state is not BackfillState.FAILED:
        await world.turn()
        world.pipeline.clock.advance(400)
    assert len(world.pages_asked()) == 8
    world.orders(3)
    await world.ask.request(STORE, [ORDERS])
    assert (await world.turn()).rows == 3


async def test_a_mistake_of_our_own_lets_go_of_the_claim_too(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.gateway.on(ListOrders, KeyError("a reader stumbled over 0501234567"))
    await world.turn()
    found = await world.status()
    assert (found.state, found.reason) == (BackfillState.WAITING, "unforeseen: KeyError")


async def test_no_page_is_read_while_the_consumers_are_behind(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.orders(600)
    turn = await world.turn()
    assert turn.decided == BEHIND
    assert turn.rows == 300
    world.pipeline.clock.advance(1)
    assert (await world.turn()).pages == 0
    await world.pipeline.consume_all()
    world.pipeline.clock.advance(1)
    assert (await world.turn()).pages > 0


async def test_a_long_list_gives_way_to_other_stores(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    pages = PAGES_PER_TURN + 1
    places = [*(Place(number, number - 1) for number in range(2, pages + 1)), None]
    world.gateway.on(ListOrders, *(Page([order(number)], place, pages) for number, place in enumerate(places)))
    turn = await world.turn()
    assert (turn.pages, turn.decided) == (PAGES_PER_TURN, TURN_OVER)
    other = StoreId(2002)
    await world.pipeline.install(other)
    await world.ask.request(other, [ORDERS])
    claims = [await world.claim() for _ in range(2)]
    assert {claim.store_id for claim in claims} == {STORE, other}


async def test_an_ended_install_stops_at_its_page(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    assert world.install is not None
    world.orders(250)
    claim = await world.claim()
    await world.pipeline.installations.end(world.install.install_id, audit=world.pipeline.database.audit[-1])
    turn = await world.reader().read(claim)
    assert (turn.pages, turn.decided) == (0, OVER)
    assert (await world.status()).state is BackfillState.CANCELLED
    assert await world.ask.request(STORE) == BackfillRefused()
    assert await world.mirror() == 0


async def test_a_store_never_installed_is_refused(backfilled: Build) -> None:
    assert await backfilled().ask.request(StoreId(404)) == BackfillRefused()


async def test_a_database_that_goes_away_keeps_no_claim(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.orders(150, fail_at=2, error=RateLimited("full"))

    class Away(MemoryBackfills):
        failing = 3

        async def put_off(self, claim: BackfillClaim, decided: PutOff) -> None:
            if self.failing:
                self.failing -= 1
                raise Unavailable("postgres")
            await super().put_off(claim, decided)

    turn = await world.reader(Away(world.pipeline.database)).read(await world.claim())
    assert turn.decided is not None
    assert (await world.status()).state is BackfillState.WAITING


async def test_one_that_somebody_else_took_meanwhile_is_let_go(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.orders(150)
    old = await world.claim()
    world.pipeline.clock.advance(11)
    await world.claim()
    turn = await world.reader().read(old)
    assert turn.lost
    assert (await world.status()).read == 0


async def test_a_failed_request_of_one_that_was_lost_is_its_new_readers_business(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.gateway.on(ListOrders, Unavailable("zid"))
    old = await world.claim()
    world.pipeline.clock.advance(11)
    await world.claim()
    assert (await world.reader().read(old)).lost
    assert (await world.status()).state is BackfillState.RUNNING


async def test_categories_are_read_with_all_those_below_them(backfilled: Build) -> None:
    world = await backfilled().ready(EntityKind.CATEGORY)
    tree: Document = {"id": 1, "sub_categories": [{"id": 2, "parent_id": 1, "sub_categories": [{"id": 3}]}, {"id": 4}]}
    world.gateway.on(ListCategories, Page([Category.read(tree), Category.read({"id": 5})], None))
    assert (await world.turn()).rows == 5
    found = await world.status(EntityKind.CATEGORY)
    assert (found.read, found.total, found.state) == (5, 5, BackfillState.DONE)
    assert await world.mirror(EntityKind.CATEGORY) == 5


async def test_products_are_asked_for_as_many_as_zid_gives(backfilled: Build) -> None:
    world = await backfilled().ready(EntityKind.PRODUCT)
    product = Product.read({"id": "a1477bb2-72ea-4be9-b2cf-093cefc721bb", "price": 9.0, "quantity": 4})
    world.gateway.on(ListProducts, Page([product], None, 1))
    await world.turn()
    [asked] = world.gateway.asked(ListProducts)
    assert isinstance(asked, ListProducts)
    assert (asked.per_page, asked.extended) == (50, True)
    assert await world.mirror(EntityKind.PRODUCT) == 1


async def test_a_row_that_nobody_can_place_is_dead_with_its_reason(backfilled: Build) -> None:
    world = await backfilled().ready(EntityKind.CART)
    world.gateway.on(ListCarts, Page([Cart.read({"uuid": "u-1"})], None, 1, ("a cart without an id",)))
    turn = await world.turn()
    assert (turn.rows, turn.unreadable) == (1, 1)
    [event] = await world.pipeline.reader.events(EventFilter(state=EventState.DEAD))
    assert (event.topic, event.reason) == ("backfill.cart", "a cart without an id")
    assert (await world.status(EntityKind.CART)).read == 2


async def test_a_token_of_another_release_begins_again(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    world.orders(1)
    claim = replace(await world.claim(), page="gibberish")
    assert (await world.reader().read(claim)).pages == 1
    assert world.pages_asked() == [1]


async def test_asking_is_audited_with_who_asked(backfilled: Build) -> None:
    world = await backfilled().ready(ORDERS)
    entry = world.pipeline.database.audit[-1]
    assert (entry.action, entry.actor, entry.details) == ("backfill.requested", "tester", {"kinds": "order"})


async def test_kinds_are_read_in_their_order(backfilled: Build) -> None:
    world = await backfilled().ready()
    claimed: list[EntityKind] = []
    while len(claimed) < len(BACKFILLED):
        claim = await world.claim()
        claimed.append(claim.kind)
        await world.backfills.put_off(claim, PutOff(BackfillState.WAITING, "later", timedelta(hours=1)))
    assert claimed == list(BACKFILLED)
