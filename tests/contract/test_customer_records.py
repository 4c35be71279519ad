"""What our own records of customers promise."""

import asyncio

import pytest

from core.domain.bounds import OutOfBounds
from core.domain.customer_records import PREFERENCES_BYTES, TAGS, CustomerRecord, RecordChange
from core.ids import StoreId
from tests.contract.scenes import audit
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

SIZES = {"shoe": 42, "shirt": "ل", "fit": {"wide": True, "tall": None, "ratio": 1.5}, "liked": ["قهوة", 3, [1.0]]}


async def change(
    world: LedgerWorld, customer_id: str = "7", store_id: StoreId = STORE, **what: object
) -> CustomerRecord:
    wanted = RecordChange(**what)  # type: ignore[arg-type]  # each test passes the fields it is about
    return await world.shelves.records.change(store_id, customer_id, wanted, audit=audit("customer.changed"))


async def test_nobody_wrote_anything(world: LedgerWorld) -> None:
    assert await world.shelves.records.get(STORE, "7") == CustomerRecord("7")
    assert (await world.shelves.records.get(STORE, "\0")).tags == ()


async def test_what_was_written_is_read_again(world: LedgerWorld) -> None:
    written = await change(world, preferences=SIZES, notes="تتصل مساءً", tags=[" vip ", "هدايا", "vip"])
    assert written == await world.shelves.records.get(STORE, "7")
    assert written.preferences == {**SIZES, "fit": {"wide": True, "ratio": 1.5}}
    assert (written.notes, written.tags) == ("تتصل مساءً", ("vip", "هدايا"))
    assert written.updated_at is not None


async def test_only_what_is_named_changes(world: LedgerWorld) -> None:
    await change(world, preferences={"a": 1, "b": {"c": 1, "d": 2}}, notes="n", tags=["t"])
    merged = await change(world, preferences={"a": None, "b": {"c": 3}, "e": []})
    assert merged.preferences == {"b": {"c": 3, "d": 2}, "e": []}
    assert (merged.notes, merged.tags) == ("n", ("t",))
    emptied = await change(world, notes="", tags=[])
    assert (emptied.notes, emptied.tags, emptied.preferences) == ("", (), merged.preferences)


async def test_customers_and_stores_are_apart(world: LedgerWorld) -> None:
    await change(world, "7", notes="here")
    await change(world, "7", OTHER_STORE, notes="there")
    assert (await world.shelves.records.get(STORE, "7")).notes == "here"
    assert (await world.shelves.records.get(OTHER_STORE, "7")).notes == "there"
    assert (await world.shelves.records.get(STORE, "8")).notes == ""


async def test_every_change_is_audited(world: LedgerWorld) -> None:
    await change(world, notes="a")
    await change(world, notes="b")
    assert [record.entry.action for record in await world.log.page()] == ["customer.changed"] * 2


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ({"preferences": {"a": "x" * PREFERENCES_BYTES}}, "preferences"),
        ({"preferences": {"a": "\0"}}, "preferences"),
        ({"preferences": {"\ud800": 1}}, "preferences"),
        ({"preferences": {"a": float("nan")}}, "preferences"),
        ({"preferences": {"a": 2**70}}, "preferences"),
        ({"preferences": {"a": [[[[[[[[[1]]]]]]]]]}}, "preferences"),
        ({"notes": "x" * 4001}, "notes"),
        ({"notes": "\0"}, "notes"),
        ({"tags": ["x" * 65]}, "tags"),
        ({"tags": [" "]}, "tags"),
        ({"tags": [str(number) for number in range(TAGS + 1)]}, "tags"),
    ],
)
async def test_what_does_not_fit_changes_nothing(world: LedgerWorld, what: dict[str, object], field: str) -> None:
    with pytest.raises(OutOfBounds) as refused:
        await change(world, **what)
    assert refused.value.field == field
    assert await world.shelves.records.get(STORE, "7") == CustomerRecord("7")
    assert list(await world.log.page()) == []


async def test_small_changes_do_not_grow_beyond_the_limit(world: LedgerWorld) -> None:
    half = "x" * (PREFERENCES_BYTES // 2)
    await change(world, preferences={"a": half})
    with pytest.raises(OutOfBounds):
        await change(world, preferences={"b": half})
    assert (await world.shelves.records.get(STORE, "7")).preferences == {"a": half}


async def test_concurrent_changes_are_all_kept(world: LedgerWorld) -> None:
    await asyncio.gather(*(change(world, preferences={str(number): number}) for number in range(12)))
    record = await world.shelves.records.get(STORE, "7")
    assert record.preferences == {str(number): number for number in range(12)}
