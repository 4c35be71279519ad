"""How rules are read, what is refused and where, and what they mean."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.bounds import OutOfBounds
from core.domain.customer_facts import CustomerFacts, average, counts, quintile
from core.domain.segment_grammar import DEEPEST, LONGEST, RuleError, parse
from core.domain.segment_rules import And, Comparison, Field, Not, Operator, Or, matches
from core.domain.segments import RFM_CLASSES, SegmentDraft

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SARA = CustomerFacts(
    "1",
    city="الرياض",
    currency="SAR",
    orders=3,
    total_spent=Decimal("300.5"),
    average_order=Decimal("100.17"),
    first_order_at=NOW - timedelta(days=90),
    last_order_at=NOW - timedelta(days=2, hours=23),
    recency=5,
    frequency=4,
    value=4,
    tags=("VIP",),
)
NOBODY = CustomerFacts("2")
MANY = Comparison(Field.ORDERS, Operator.AT_LEAST, Decimal(3))
FEW = Comparison(Field.ORDERS, Operator.LESS, Decimal(2))
RIYADH = Comparison(Field.CITY, Operator.EQUAL, "الرياض")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("orders >= 3", MANY),
        ("ORDERS≥٣", MANY),
        ("orders >= 3.0", replace(MANY, value=Decimal("3.0"))),
        ("orders >= ٣٫٥", replace(MANY, value=Decimal("3.5"))),
        ("total_spent > -5", Comparison(Field.TOTAL_SPENT, Operator.MORE, Decimal(-5))),
        ('city == "الرِّيَاض"', RIYADH),
        ("city = «الرياض»", RIYADH),
        ("orders>=3 and(city='الرياض')", And((MANY, RIYADH))),
        ('orders >= 3 or orders < 2 and city = "الرياض"', Or((MANY, And((FEW, RIYADH))))),
        ("not orders >= 3 and orders < 2", And((Not(MANY), FEW))),
        ("not (orders >= 3 and orders < 2)", Not(And((MANY, FEW)))),
        ("not not orders >= 3", Not(Not(MANY))),
        ('city != "and or not"', Comparison(Field.CITY, Operator.UNEQUAL, "and or not")),
    ],
)
def test_rules_are_read(text: str, rule: object) -> None:
    assert parse(text) == rule


@pytest.mark.parametrize(
    ("text", "position", "allowed"),
    [
        ("", 0, "orders"),
        ("ordrs > 1", 0, "orders"),
        ("orders", 6, ">="),
        ('orders > "x"', 9, "a number"),
        ("orders = nine", 9, "a number"),
        ('city > "x"', 5, "!="),
        ("city = 5", 7, "a text in quotes"),
        ("(orders > 1", 11, ")"),
        ("orders > 1)", 10, "and"),
        ("orders > 1 orders > 2", 11, "or"),
        ("orders > 1 and", 14, "not"),
        ("orders ~ 1", 7, "an operator"),
        ('city = "unfinished', 7, 'a "text"'),
        ("orders > 1; drop table", 10, "and"),
        ("orders =! 1", 8, "a number"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, position: int, allowed: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse(text)
    assert refused.value.position == position
    assert allowed in refused.value.allowed
    assert f"at character {position + 1}" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "(" * (DEEPEST + 1) + "orders = 1" + ")" * (DEEPEST + 1),
        "not " * (DEEPEST + 1) + "orders = 1",
        "orders = 1 or " * LONGEST + "orders = 1",
        "orders = 1234567890123456",
    ],
)
def test_rules_have_bounds(text: str) -> None:
    with pytest.raises(RuleError):
        parse(text)


PIECES = (*"()<>=!. \"'5٣ب", "orders", "city", " and ", " or ", " not ", "orders = 1", "city != 'x'")


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_a_rule_or_is_refused_within_itself(text: str) -> None:
    try:
        matches(parse(text), SARA, NOW)
    except RuleError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017 - refusing is one of two right answers


@pytest.mark.parametrize(
    ("text", "sara", "nobody"),
    [
        ("orders = 3", True, False),
        ("orders != 3", False, True),
        ("average_order > 100", True, False),
        ("average_order <= 100", False, False),
        ("not average_order > 100", False, True),
        ("average_order != 100.17", False, True),
        ("last_order_days = 2", True, False),
        ("first_order_days >= 90", True, False),
        ('city = "الرياض"', True, False),
        ('city != "الرياض"', False, True),
        ('tag = "vip" and currency = "sar"', True, False),
        ('tag != "vip"', False, True),
        ("recency = 5 and (frequency < 4 or value >= 4)", True, False),
    ],
)
def test_what_is_not_known_equals_nothing(text: str, sara: bool, nobody: bool) -> None:
    assert (matches(parse(text), SARA, NOW), matches(parse(text), NOBODY, NOW)) == (sara, nobody)


@given(
    st.builds(
        CustomerFacts,
        st.just("1"),
        orders=st.integers(0, 3),
        recency=st.none() | st.integers(1, 5),
        frequency=st.none() | st.integers(1, 5),
        value=st.none() | st.integers(1, 5),
    )
)
def test_every_customer_is_of_exactly_one_class(facts: CustomerFacts) -> None:
    assert [matches(parse(rule), facts, NOW) for rule in RFM_CLASSES.values()].count(True) == 1


def test_quintiles_let_equals_stand_equal() -> None:
    assert [quintile(rank, 10) for rank in range(1, 11)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [quintile(rank, 3) for rank in (1, 2, 3)] == [2, 4, 5]
    assert quintile(1, 1) == 5


def test_an_average_of_nothing_is_none() -> None:
    assert average(Decimal(0), 0) is None
    assert average(Decimal("0.05"), 10) == Decimal("0.01")


def test_what_was_cancelled_or_given_back_does_not_count() -> None:
    assert counts("delivered", "paid")
    assert counts(None, None)
    assert not counts("cancelled", "paid")
    assert not counts("delivered", "refunded")


def test_a_draft_is_checked() -> None:
    assert SegmentDraft.of(" a ", " orders = 1 ") == SegmentDraft("a", "orders = 1")
    for name, rule, field in (("", "orders = 1", "name"), ("x" * 101, "orders = 1", "name"), ("a", "\0", "rule")):
        with pytest.raises(OutOfBounds) as refused:
            SegmentDraft.of(name, rule)
        assert refused.value.field == field
    with pytest.raises(RuleError):
        SegmentDraft.of("a", "orders")
