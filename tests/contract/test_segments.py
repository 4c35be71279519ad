"""What saved segments and their audiences promise; the model in Python and the SQL agree on every rule."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.customer_facts import CustomerFacts
from core.domain.customer_records import RecordChange
from core.domain.keyset import BadCursor, Position
from core.domain.segment_grammar import parse
from core.domain.segment_rules import KINDS, And, Comparison, Field, Kind, Not, Operator, Or, Rule, matches
from core.domain.segments import RFM_CLASSES, Segment, SegmentDraft, SegmentId
from core.domain.stores import Install
from core.features.export_segment import COLUMNS, ExportSegment
from core.ids import EntityKind
from core.ports.segments import NameTaken
from tests.contract.goods import Document, show
from tests.contract.memory_world import memory_world
from tests.contract.postgres_world import postgres_world
from tests.contract.scenes import audit, install
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld
from tests.servers import Database
from tests.thoroughness import examples

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BIG = SegmentDraft.of("كبار العملاء", 'total_spent >= 500 and city = "الرياض"')


def bought(number: int, customer: int | None, days_ago: float = 10, **more: object) -> Document:
    at = NOW - timedelta(days=days_ago)
    return {
        "id": number,
        "order_status": {"code": "delivered"},
        "payment_status": "paid",
        "order_total": "100",
        "currency_code": "SAR",
        "customer": {"id": customer} if customer else None,
        "created_at": at.strftime("%Y-%m-%d %H:%M:%S"),
        **more,
    }


PEOPLE: tuple[Document, ...] = (
    {"id": 1, "name": "سارة", "city": {"name": "الرياض"}, "mobile": "966551234567"},
    {"id": 2, "name": '=Ahmed, "the best"', "city": {"name": "Riyadh"}, "email": "a@example.com"},
    {"id": 3, "name": "Nora", "city": None},
    {"id": 40, "name": "Never"},
)
ORDERS: tuple[Document, ...] = (
    bought(1, 1, 1, order_total="300"),
    bought(2, 1, 40, order_total="100.01"),
    bought(3, 1, 100, order_total="0.01"),
    bought(4, 2, 5, order_total="50", currency_code="USD"),
    bought(5, 2, 20, order_total="1000"),
    bought(6, 3, 200, order_total="75"),
    bought(7, 3, 1, order_status={"code": "cancelled"}),
    bought(8, 5, 0, order_total=None),
    bought(9, None),
    bought(10, 3, created_at=None, order_total="5"),
    bought(11, 6, 10, payment_status="refunded"),
    bought(12, 7, 3, currency_code=None),
)


async def furnish(world: LedgerWorld) -> Install:
    live = await install(world)
    await show(world, live, EntityKind.CUSTOMER, *PEOPLE)
    await show(world, live, EntityKind.ORDER, *ORDERS)
    await world.shelves.records.change(STORE, "3", RecordChange(tags=["VIP", "هدايا"]), audit=audit())
    return live


async def members(world: LedgerWorld, rule: str | Rule) -> list[str]:
    read = parse(rule) if isinstance(rule, str) else rule
    page = await world.shelves.audience.members(STORE, read, as_of=NOW, limit=1000)
    assert await world.shelves.audience.count(STORE, read, as_of=NOW) == len(page.items)
    return [facts.customer_id for facts in page.items]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("orders >= 3", ["1"]),
        ("orders = 0", ["40"]),
        ('city = "الرِياض"', ["1"]),
        ('city != "الرياض"', ["2", "3", "40", "5", "7"]),
        ('not city = "الرياض"', ["2", "3", "40", "5", "7"]),
        ("city = \"الرياض\" or city = 'RIYADH'", ["1", "2"]),
        ("total_spent > 100 and total_spent <= 400.02", ["1"]),
        ("average_order = 133.34", ["1"]),
        ('currency = "usd"', ["2"]),
        ('currency != "sar"', ["2", "40", "7"]),
        ("last_order_days <= 1", ["1", "5"]),
        ("last_order_days > 100", ["3"]),
        ("first_order_days >= ٢٠", ["1", "2", "3"]),
        ("last_order_days != 1", ["2", "3", "40", "5", "7"]),
        ('tag = "vip"', ["3"]),
        ('tag = "هدايا" and not tag = "gold"', ["3"]),
        ('tag != "vip"', ["1", "2", "40", "5", "7"]),
        ("recency = 5", ["5"]),
        ("not (orders < 100 or orders >= 100)", []),
    ],
)
async def test_a_rule_finds_its_customers(world: LedgerWorld, rule: str, expected: list[str]) -> None:
    await furnish(world)
    assert await members(world, rule) == expected


async def test_what_is_known_of_a_customer(world: LedgerWorld) -> None:
    await furnish(world)
    facts = await world.shelves.audience.facts(STORE, "1")
    assert facts == CustomerFacts(
        "1",
        name="سارة",
        mobile="966551234567",
        city="الرياض",
        currency="SAR",
        orders=3,
        total_spent=Decimal("400.02"),
        average_order=Decimal("133.34"),
        first_order_at=NOW - timedelta(days=100),
        last_order_at=NOW - timedelta(days=1),
        recency=4,
        frequency=5,
        value=5,
    )
    latest = await world.shelves.audience.facts(STORE, "2")
    assert latest is not None
    assert (latest.currency, latest.total_spent, latest.orders) == ("USD", Decimal(50), 2)
    assert await world.shelves.audience.facts(STORE, "6") is None
    assert await world.shelves.audience.facts(OTHER_STORE, "1") is None


async def test_every_customer_has_exactly_one_class(world: LedgerWorld) -> None:
    await furnish(world)
    found = [customer for rule in RFM_CLASSES.values() for customer in await members(world, rule)]
    assert sorted(found) == ["1", "2", "3", "40", "5", "7"]
    assert await members(world, RFM_CLASSES["champions"]) == ["1"]
    assert await members(world, RFM_CLASSES["never_bought"]) == ["40"]


async def test_members_come_in_pages(world: LedgerWorld) -> None:
    await furnish(world)
    rule = parse("orders >= 1")
    first = await world.shelves.audience.members(STORE, rule, as_of=NOW, limit=2)
    rest = await world.shelves.audience.members(STORE, rule, as_of=NOW, after=first.next)
    assert [facts.customer_id for facts in [*first.items, *rest.items]] == ["1", "2", "3", "5", "7"]
    assert rest.next is None
    with pytest.raises(BadCursor):
        await world.shelves.audience.members(STORE, rule, as_of=NOW, after=Position("2026", "1"))


async def test_a_segment_is_exported_as_a_spreadsheet_reads_it(world: LedgerWorld) -> None:
    await furnish(world)
    export = ExportSegment(world.shelves.audience, page=2)
    text = "".join([line async for line in export.lines(STORE, parse("orders >= 1"), as_of=NOW)])
    header, *rows = csv.reader(io.StringIO(text))
    assert tuple(header) == COLUMNS
    named = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert list(named) == ["1", "2", "3", "5", "7"]
    assert named["1"]["total_spent"] == "400.02"
    assert named["1"]["last_order_at"] == "2026-05-31T12:00:00Z"
    assert named["2"]["name"] == '\'=Ahmed, "the best"'
    assert named["3"]["tags"] == "VIP; هدايا"
    assert named["5"]["city"] == ""


async def test_saved_segments_are_kept_changed_and_removed_with_their_audit(world: LedgerWorld) -> None:
    added = await world.shelves.segments.add(STORE, BIG, audit=audit("segment.added"))
    other = await world.shelves.segments.add(STORE, SegmentDraft.of("b", "orders = 1"), audit=audit())
    assert (added.name, added.rule) == (BIG.name, BIG.rule)
    draft = SegmentDraft.of("a", "orders = 2")
    changed = await world.shelves.segments.change(STORE, added.segment_id, draft, audit=audit("segment.changed"))
    assert changed is not None
    assert (changed.segment_id, changed.name, changed.rule) == (added.segment_id, "a", "orders = 2")
    assert changed.created_at == added.created_at
    assert await world.shelves.segments.get(STORE, added.segment_id) == changed
    assert list(await world.shelves.segments.all(STORE)) == [changed, other]
    assert await world.shelves.segments.remove(STORE, added.segment_id, audit=audit("segment.removed"))
    assert list(await world.shelves.segments.all(STORE)) == [other]
    actions = [record.entry.action for record in await world.log.page(store_id=STORE)]
    assert actions == ["segment.removed", "segment.changed", "test.acted", "segment.added"]


async def test_what_a_store_does_not_have_is_neither_changed_nor_audited(world: LedgerWorld) -> None:
    added = await world.shelves.segments.add(STORE, BIG, audit=audit())
    for store_id, segment_id in ((OTHER_STORE, added.segment_id), (STORE, SegmentId(10**9))):
        assert await world.shelves.segments.get(store_id, segment_id) is None
        assert await world.shelves.segments.change(store_id, segment_id, BIG, audit=audit()) is None
        assert not await world.shelves.segments.remove(store_id, segment_id, audit=audit())
    assert len(await world.log.page()) == 1


async def test_a_name_is_taken_once_per_store(world: LedgerWorld) -> None:
    added = await world.shelves.segments.add(STORE, BIG, audit=audit())
    other = await world.shelves.segments.add(STORE, SegmentDraft.of("b", "orders = 1"), audit=audit())
    await world.shelves.segments.add(OTHER_STORE, BIG, audit=audit(store_id=OTHER_STORE))
    with pytest.raises(NameTaken):
        await world.shelves.segments.add(STORE, BIG, audit=audit())
    with pytest.raises(NameTaken):
        await world.shelves.segments.change(STORE, other.segment_id, BIG, audit=audit())
    assert isinstance(await world.shelves.segments.change(STORE, added.segment_id, BIG, audit=audit()), Segment)
    assert len(await world.log.page(store_id=STORE)) == 3


NUMBERS = st.sampled_from([Decimal(text) for text in ("0", "1", "2", "3", "5", "40", "100", "133.34", "400.02", "-1")])
TEXTS = st.sampled_from(["الرياض", "riyadh", "sar", "usd", "vip", "هدايا", "nowhere", ""])


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    field = draw(st.sampled_from(Field))
    if KINDS[field] is Kind.NUMBER:
        return Comparison(field, draw(st.sampled_from(Operator)), draw(NUMBERS))
    return Comparison(field, draw(st.sampled_from([Operator.EQUAL, Operator.UNEQUAL])), draw(TEXTS))


RULES = st.recursive(
    comparisons(),
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@pytest.fixture
async def both(database: Database) -> AsyncIterator[tuple[LedgerWorld, LedgerWorld]]:
    async with AsyncExitStack() as stack:
        model, real = memory_world(), await stack.enter_async_context(postgres_world(database))
        yield model, real


@settings(max_examples=examples(100))
@given(rule=RULES)
async def test_every_rule_means_the_same_in_sql(both: tuple[LedgerWorld, LedgerWorld], rule: Rule) -> None:
    for world in both:
        if not (await world.shelves.audience.members(STORE, parse("orders >= 0"), as_of=NOW)).items:
            await furnish(world)
    model, real = both
    expected = await model.shelves.audience.members(STORE, rule, as_of=NOW)
    found = await real.shelves.audience.members(STORE, rule, as_of=NOW)
    assert list(found.items) == list(expected.items)
    assert all(matches(rule, facts, NOW) for facts in found.items)


ANY_ORDER = st.builds(
    lambda customer, days, total, currency, status, payment: bought(
        0,
        customer,
        days,
        order_total=total,
        currency_code=currency,
        order_status={"code": status},
        payment_status=payment,
    ),
    st.integers(1, 6),
    st.integers(0, 3),
    st.sampled_from(["0", "10", "33.33", "99.995", None]),
    st.sampled_from(["SAR", "USD", None]),
    st.sampled_from(["new", "delivered", "canceled", "reversed", "refunded"]),
    st.sampled_from(["paid", "pending", "refunded", "voided", None]),
)


@settings(max_examples=25)
@given(orders=st.lists(ANY_ORDER, min_size=1, max_size=25))
async def test_the_numbers_of_any_orders_are_the_same_in_sql(
    both: tuple[LedgerWorld, LedgerWorld], orders: list[Document]
) -> None:
    """The same ids again: each example overwrites or buries what the one before left."""
    everybody = parse("orders >= 0")
    numbered = [{**order, "id": number} for number, order in enumerate(orders)]
    buried: list[Document] = [bought(number, None) for number in range(len(orders), 25)]
    found = []
    for world in both:
        live = await install(world)
        await show(world, live, EntityKind.ORDER, *numbered, *buried)
        found.append(list((await world.shelves.audience.members(STORE, everybody, as_of=NOW)).items))
    assert found[1] == found[0]
