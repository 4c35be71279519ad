"""What handlers are tested with: events that every reader understands, and hands as strict as the real ones."""

from collections.abc import Sequence

import orjson
import pytest

from adapters.memory.testing.events import TOPICS, make_event
from adapters.memory.testing.hands import RehearsedBatchContext, RehearsedContext, context_for
from adapters.memory.testing.plugin import EventFactory
from core.domain.app_events import APP_EVENTS
from core.domain.entities.catalogue import READERS, recognise, unwrap
from core.domain.event_states import Origin
from core.domain.operations.carts import GetCart
from core.domain.operations.categories import GetCategory
from core.domain.operations.customers import GetCustomer
from core.domain.operations.orders import GetOrder
from core.domain.operations.products import GetProduct
from core.domain.topics import DERIVED_SOURCES, ZID_TOPICS, entity_kind
from core.features.event_handlers import BatchContext, Event


@pytest.mark.parametrize("topic", TOPICS)
def test_there_is_an_event_of_every_topic(event: EventFactory, topic: str) -> None:
    made = event(topic)
    assert (made.topic, made.entity_kind, made.attempt) == (topic, entity_kind(topic), 1)
    assert made.entity_id
    assert orjson.loads(orjson.dumps(dict(made.data))) == made.data
    assert (made.origin is Origin.DERIVED) == (topic in DERIVED_SOURCES)
    assert event(topic).id != made.id


def test_the_topics_are_all_there_are() -> None:
    assert set(TOPICS) == {*ZID_TOPICS, *DERIVED_SOURCES, *APP_EVENTS}


@pytest.mark.parametrize("topic", ZID_TOPICS)
def test_the_readers_understand_what_an_event_carries(topic: str) -> None:
    made = make_event(topic)
    kind = made.entity_kind
    assert recognise(kind, made.data).id == made.entity_id
    assert READERS[kind](unwrap(kind, made.data)).facts is not None


@pytest.mark.parametrize("topic", DERIVED_SOURCES)
def test_a_derived_event_tells_old_and_new(topic: str) -> None:
    assert {"old", "new"} <= make_event(topic).data.keys()
    assert make_event(topic, new="other").data["new"] == "other"


def test_fields_can_be_chosen(event: EventFactory) -> None:
    made = event("order.create", entity_id=7, payment_status="paid", attempt=3, store_id=5)
    assert (made.entity_id, made.data["id"], made.data["payment_status"]) == ("7", 7, "paid")
    assert (made.attempt, made.store_id) == (3, 5)
    assert event("order.create", data={"id": 8}).data == {"id": 8}
    assert make_event("order.create").data["payment_status"] != "paid", "bodies are not shared"


def test_an_unknown_topic_is_refused_by_name(event: EventFactory) -> None:
    with pytest.raises(ValueError, match=r"order\.exploded.*order\.create"):
        event("order.exploded")


async def test_zid_answers_single_reads_with_what_was_asked_for(ctx: RehearsedContext) -> None:
    assert (await ctx.zid.perform(GetOrder("7"))).id == "7"
    assert (await ctx.zid.perform(GetProduct("p"))).price is not None
    assert (await ctx.zid.perform(GetCustomer("8"))).id == "8"
    assert (await ctx.zid.perform(GetCategory("9"))).id == "9"
    assert (await ctx.zid.perform(GetCart("c"))).lines
    assert ctx.script.asked(GetOrder) == [GetOrder("7")]


async def test_zid_is_closed_inside_the_unit_of_work(ctx: RehearsedContext) -> None:
    async with ctx.unit_of_work:
        with pytest.raises(RuntimeError, match="before it"):
            await ctx.zid.perform(GetOrder("7"))
    assert (await ctx.zid.perform(GetOrder("7"))).id == "7"


async def test_an_exception_drops_what_was_done(ctx: RehearsedContext) -> None:
    async with ctx.unit_of_work as database:
        await database.execute("INSERT INTO a VALUES ($1)", 1)
    assert ctx.effects == [("INSERT INTO a VALUES ($1)", (1,))]
    with pytest.raises(KeyError):
        await stumble(ctx)
    assert ctx.effects == []


async def stumble(ctx: RehearsedContext) -> None:
    async with ctx.unit_of_work as database:
        await database.execute("INSERT INTO a VALUES ($1)", 2)
        raise KeyError


async def test_queries_find_the_rows_that_were_put_there(ctx: RehearsedContext) -> None:
    ctx.rows["FROM bookings"] = [{"id": 1}]
    async with ctx.unit_of_work as database:
        assert await database.fetch("SELECT id FROM bookings") == [{"id": 1}]
        assert await database.fetch("SELECT id FROM others") == []


def test_a_context_for_an_event_has_its_key() -> None:
    made = make_event("order.create", store_id=5)
    assert context_for(made, handler="app.h").idempotency_key == f"{made.id}:app.h"


async def test_a_handler_of_batches_can_be_tested(event: EventFactory, batch_ctx: RehearsedBatchContext) -> None:
    async def together(events: Sequence[Event], ctx: BatchContext) -> None:
        async with ctx.unit_of_work as database:
            for one in events:
                await database.execute("INSERT", ctx.key_of(one))

    events = [event("customer.create", entity_id=number) for number in (1, 2)]
    await together(events, batch_ctx)
    assert [args for _, args in batch_ctx.effects] == [(batch_ctx.key_of(one),) for one in events]
