"""Promises of the ports that forget: Erasures, StoreEraser, PersonalData."""

import json
from contextlib import aclosing
from dataclasses import replace

import pytest

from core.domain.customer_records import RecordChange
from core.domain.erasures import ErasureKind, Removed
from core.domain.event_states import EventState, Origin
from core.domain.events import BatchResult, SettledEvent
from core.domain.idempotency import Begun, Fresh, IdempotencyKey, KeptAnswer, Replay
from core.domain.mirror import MirrorRow
from core.domain.people import Person
from core.domain.stores import Install
from core.errors import Unavailable
from core.ids import Entity, EntityKind, EventId, StoreId
from tests.contract.scenes import (
    DEAD,
    EVERYTHING,
    audit,
    claimed,
    counts,
    delivery,
    detail,
    install,
    queued,
    settle,
    state,
    through_the_mirror,
)
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

LAYLA = Person.asked_for(customer_id="77")
BUYER = {"id": 77, "name": "ليلى", "email": "Layla@Example.sa", "mobile": "966500000077"}
OTHER = {"id": 78, "name": "Omar", "email": "omar@example.sa", "mobile": "966500000078"}


async def _all(world: LedgerWorld, store_id: StoreId = STORE) -> dict[str, int]:
    found: dict[str, int] = {}
    async for removed in world.eraser.erase(store_id):
        found[removed.table] = found.get(removed.table, 0) + removed.rows
    return found


async def _forget(world: LedgerWorld, person: Person = LAYLA) -> list[Removed]:
    known = await world.people.identify(STORE, person)
    return [removed async for removed in world.people.erase(STORE, known) if removed.rows or removed.busy]


async def _end(world: LedgerWorld, live: Install) -> None:
    await world.installations.end(live.install_id, audit=audit())


def _order(number: int, customer: object, **more: object) -> dict[str, object]:
    return {"id": number, "code": f"slug{number}", "order_total": "90.00", "customer": customer, **more}


async def _arrives(world: LedgerWorld, live: Install, entity: Entity, document: object) -> EventId:
    given = replace(delivery(world, live, entity, json.dumps(document).encode()), topic=f"{entity.kind}.update")
    await world.inbox.accept(given)
    return given.event_id


async def _mirrored(world: LedgerWorld, live: Install, kind: EntityKind, document: dict[str, object]) -> EventId:
    """An event of the entity, through the mirror; the row holds the document and whose it is."""
    entity = Entity(kind, str(document["id"]))
    event_id = await _arrives(world, live, entity, document)
    async with world.events.open_batch([event_id], limit=1) as batch:
        row = MirrorRow(entity, None, {}, _columns(kind, document), json.dumps(document).encode())
        await batch.commit(BatchResult([SettledEvent(event_id)], inserts=[(live.store_id, row)]))
    return event_id


def _columns(kind: EntityKind, document: dict[str, object]) -> dict[str, str | None]:
    customer = document.get("customer")
    owner = str(customer["id"]) if isinstance(customer, dict) and "id" in customer else None
    match kind:
        case EntityKind.ORDER:
            return {"code": str(document["code"]), "customer_id": owner}
        case EntityKind.CART:
            return {"customer_id": str(document["customer_id"])}
        case _:
            return {name: str(document[name]) for name in ("name", "email", "mobile")}


# --- What was asked for ---------------------------------------------------------------------


async def test_one_erasure_is_open_for_one_subject(world: LedgerWorld) -> None:
    await install(world)
    first = await world.erasures.ask(STORE, None, audit=audit("store.erasure_asked"))
    assert await world.erasures.ask(STORE, None, audit=audit("store.erasure_asked")) == first
    person = await world.erasures.ask(STORE, LAYLA, audit=audit("customer.erasure_asked"))
    assert (person.kind, person.person, person.finished_at) == (ErasureKind.CUSTOMER, LAYLA, None)
    assert [one.erasure_id for one in await world.erasures.open_ones(limit=10)] == [first.erasure_id, person.erasure_id]
    assert [one.erasure_id for one in await world.erasures.of_store(STORE)] == [person.erasure_id, first.erasure_id]
    asked = [record.entry.action for record in await world.log.page(store_id=STORE)]
    assert asked[:2] == ["customer.erasure_asked", "store.erasure_asked"]


async def test_a_finished_one_knows_its_counts_and_nobody(world: LedgerWorld) -> None:
    await install(world)
    asked = await world.erasures.ask(STORE, LAYLA, audit=audit())
    await world.erasures.count(asked.erasure_id, [Removed("events", 2), Removed("mirror_carts", 1)])
    await world.erasures.count(asked.erasure_id, [Removed("events", 3)])
    assert await world.erasures.finish(asked.erasure_id, audit=audit("customer.erased")) is True
    assert await world.erasures.finish(asked.erasure_id, audit=audit("customer.erased")) is False
    await world.erasures.count(asked.erasure_id, [Removed("events", 3)])
    finished = await world.erasures.get(asked.erasure_id)
    assert finished is not None
    assert finished.finished_at is not None
    assert (finished.person, finished.counts) == (None, {"events": 5, "mirror_carts": 1})
    assert await world.erasures.open_ones(limit=10) == []
    [certificate, *_] = await world.log.page(store_id=STORE)
    assert (certificate.entry.action, certificate.entry.details) == (
        "customer.erased",
        {"events": 5, "mirror_carts": 1},
    )


async def test_a_store_cannot_come_back_while_it_is_erased(world: LedgerWorld) -> None:
    live = await install(world)
    await world.erasures.ask(OTHER_STORE, None, audit=audit())
    asked = await world.erasures.ask(STORE, None, audit=audit())
    await _end(world, live)
    with pytest.raises(Unavailable):
        await install(world)
    await world.erasures.finish(asked.erasure_id, audit=audit())
    assert (await install(world)).epoch == 2


# --- A store --------------------------------------------------------------------------------


async def test_of_an_erased_store_only_numbers_remain(world: LedgerWorld) -> None:
    live, neighbour = await install(world), await install(world, OTHER_STORE)
    ids = [await _mirrored(world, live, EntityKind.ORDER, _order(number, BUYER)) for number in range(5)]
    kept = await _mirrored(world, neighbour, EntityKind.ORDER, _order(1, OTHER))
    await world.shelves.records.change(STORE, "77", RecordChange(notes="calls at night"), audit=audit())
    await _end(world, live)
    removed = await _all(world)
    assert removed["events"] == 5
    assert await world.eraser.left(STORE) == {}
    assert await counts(world) == {EventState.ERASED: 5, EventState.DONE: 1}
    for event_id in ids:
        shown = await detail(world, event_id)
        assert (shown.body, shown.runs, shown.summary.entity_id, shown.summary.reason) == (None, [], None, None)
    assert await world.reader.mirror_counts(STORE) == {}
    assert (await world.shelves.records.get(STORE, "77")).notes == ""
    current = await world.installations.current(STORE)
    assert current is not None
    assert (current.identity.title, current.identity.uuid) == (f"Store {STORE}", None)
    assert (await detail(world, kept)).body is not None
    assert await world.reader.mirror_counts(OTHER_STORE) == {EntityKind.ORDER: 1}
    assert await _all(world) == {}


async def test_erasing_goes_on_where_it_was_cut_off(world: LedgerWorld) -> None:
    live = await install(world)
    for number in range(5):
        await _mirrored(world, live, EntityKind.ORDER, _order(number, BUYER))
    await _end(world, live)
    async with aclosing(world.eraser.erase(STORE)) as steps:  # type: ignore[type-var]  # every adapter's is a generator
        first = await anext(steps)
    left = await world.eraser.left(STORE)
    assert left.get("events", 0) == 5 - first.rows
    await _all(world)
    assert await world.eraser.left(STORE) == {}


async def test_dead_letters_and_attempts_of_an_erased_store_go_too(world: LedgerWorld) -> None:
    live = await install(world)
    [event_id] = await queued(world, live, 1)
    items = await through_the_mirror(world, [event_id], "courier")
    [run] = await claimed(world, await world.workers.join("consumer"), *items)
    await settle(world, run, DEAD)
    await _end(world, live)
    await _all(world)
    shown = await detail(world, event_id)
    assert (shown.summary.state, shown.runs, list(shown.attempts)) == (EventState.ERASED, [], [])
    assert await world.desk.redrive(EVERYTHING, [event_id], audit=audit()) == []


# --- One person -----------------------------------------------------------------------------


async def test_everything_about_a_person_is_held_out_to_them(world: LedgerWorld) -> None:
    live = await install(world)
    await _mirrored(world, live, EntityKind.CUSTOMER, BUYER)
    mine = await _mirrored(world, live, EntityKind.ORDER, _order(1, BUYER))
    await _mirrored(world, live, EntityKind.ORDER, _order(2, OTHER))
    await _mirrored(world, live, EntityKind.CART, {"id": "c1", "customer_id": "77", "cart_total": 5})
    await world.shelves.records.change(STORE, "77", RecordChange(notes="calls at night"), audit=audit())
    held = await world.people.held(STORE, await world.people.identify(STORE, LAYLA))
    assert held["customer"] == [BUYER]
    assert held["orders"] == [_order(1, BUYER)]
    assert len(held["carts"]) == 1  # type: ignore[arg-type]
    assert len(held["record"]) == 1  # type: ignore[arg-type]
    events = held["events"]
    assert isinstance(events, list)
    assert len(events) == 3
    assert mine in [event["event_id"] for event in events]


async def test_a_person_is_gone_and_the_shop_keeps_its_books(world: LedgerWorld) -> None:
    live = await install(world)
    await _mirrored(world, live, EntityKind.CUSTOMER, BUYER)
    mine = await _mirrored(world, live, EntityKind.ORDER, _order(1, BUYER, customer_note="ring twice"))
    theirs = await _mirrored(world, live, EntityKind.ORDER, _order(2, OTHER))
    await _mirrored(
        world, live, EntityKind.CART, {"id": "c1", "customer_id": "77", "customer_email": "Layla@example.sa"}
    )
    await world.shelves.records.change(STORE, "77", RecordChange(notes="calls at night"), audit=audit())
    await _forget(world)
    assert await state(world, mine) is EventState.ERASED
    assert await state(world, theirs) is EventState.DONE
    order = await world.shelves.orders.get(STORE, "1")
    assert order is not None
    kept = json.loads(order.body)
    assert (kept["order_total"], kept["id"]) == ("90.00", 1)
    for word in ("ليلى", "ayla", "00000077", "ring twice", "slug1"):
        assert word not in order.body.decode()
    assert order.columns["customer_id"] is None
    assert await world.shelves.customers.get(STORE, "77") is None
    assert await world.shelves.carts.get(STORE, "c1") is None
    assert (await world.shelves.records.get(STORE, "77")).notes == ""
    assert await world.reader.mirror_counts(STORE) == {EntityKind.ORDER: 2}
    held = await world.people.held(STORE, LAYLA)
    assert not any(held.values())
    assert await _forget(world) == []


async def test_a_guest_is_found_by_how_they_can_be_reached(world: LedgerWorld) -> None:
    live = await install(world)
    await _mirrored(world, live, EntityKind.CUSTOMER, BUYER)
    guest = {"name": "ليلى", "email": "layla@example.sa", "mobile": "0500000077"}
    as_guest = await _mirrored(world, live, EntityKind.ORDER, _order(1, guest))
    sister = await _mirrored(world, live, EntityKind.ORDER, _order(2, {**OTHER, "mobile": "0500000077"}))
    await _forget(world)
    assert await state(world, as_guest) is EventState.ERASED
    assert await state(world, sister) is EventState.DONE


@pytest.mark.parametrize("named", [{"email": "LAYLA@example.sa "}, {"phone": "+966 50 000 0077"}])
async def test_a_person_named_by_contact_is_who_has_it(world: LedgerWorld, named: dict[str, str]) -> None:
    live = await install(world)
    await _mirrored(world, live, EntityKind.CUSTOMER, BUYER)
    by_id_alone = await _mirrored(world, live, EntityKind.ORDER, _order(1, {"id": 77}))
    others = await _mirrored(world, live, EntityKind.ORDER, _order(2, OTHER))
    await _forget(world, Person.asked_for(**named))
    assert await state(world, by_id_alone) is EventState.ERASED
    assert await state(world, others) is EventState.DONE
    assert await world.shelves.customers.get(STORE, "77") is None


async def test_what_waits_is_erased_and_what_is_running_is_left_to_its_worker(world: LedgerWorld) -> None:
    live = await install(world)
    entities = [Entity(EntityKind.ORDER, str(number)) for number in (1, 2, 3)]
    waits, has_runs, is_run = [await _arrives(world, live, e, _order(int(e.id), BUYER)) for e in entities]
    await through_the_mirror(world, [has_runs], "courier")
    items = await through_the_mirror(world, [is_run], "courier")
    [run] = await claimed(world, await world.workers.join("consumer"), *items)
    [removed] = await _forget(world)
    assert (removed.rows, removed.busy) == (2, 1)
    assert [await state(world, one) for one in (waits, has_runs, is_run)] == [
        EventState.ERASED,
        EventState.ERASED,
        EventState.RUNNING,
    ]
    await settle(world, run)
    [removed] = await _forget(world)
    assert (removed.rows, removed.busy) == (1, 0)
    assert (await world.reader.books()).of(Origin.ZID).states == {EventState.ERASED: 3}


async def _answered(world: LedgerWorld, key: IdempotencyKey, content: bytes) -> None:
    begun = await world.keys.begin(key, b"asked", worker=await world.workers.join("http"))
    assert isinstance(begun, Fresh)
    await world.keys.finish(key, begun.claim, KeptAnswer(200, content, {"Content-Type": "application/json"}))


async def _repeated(world: LedgerWorld, key: IdempotencyKey) -> Begun:
    return await world.keys.begin(key, b"asked", worker=await world.workers.join("http"))


async def test_kept_answers_lose_what_they_say_and_still_prevent_a_repeat(world: LedgerWorld) -> None:
    live = await install(world)
    await _mirrored(world, live, EntityKind.CUSTOMER, BUYER)
    about, other = IdempotencyKey("key route", "about", STORE), IdempotencyKey("key route", "other", STORE)
    await _answered(world, about, b'{"email": "Layla@Example.sa"}')
    await _answered(world, other, b'{"email": "omar@example.sa"}')
    await _forget(world)
    emptied, kept = await _repeated(world, about), await _repeated(world, other)
    assert emptied == Replay(KeptAnswer(200, b"{}", {}))
    assert isinstance(kept, Replay)
    assert kept.answer.body == b'{"email": "omar@example.sa"}'
    await _end(world, live)
    await _all(world)
    assert isinstance(await _repeated(world, other), Fresh)


async def test_a_body_that_nobody_can_read_is_searched_too(world: LedgerWorld) -> None:
    live = await install(world)
    given = delivery(world, live, Entity(EntityKind.ORDER, "9"), b'\xff {"customer": {"id": 77')
    await world.inbox.accept(given)
    await _forget(world)
    assert await state(world, given.event_id) is EventState.ERASED
