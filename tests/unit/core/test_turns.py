"""Whose turn it is: nobody stands behind more of another store's items than of his own, and one more."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.domain.turns import Turns

ARRIVALS = st.lists(st.integers(0, 4), max_size=60)
"""By store."""
STEPS = st.lists(st.one_of(st.integers(0, 4), st.none()), max_size=80)
"""Arrivals; None takes one item."""


def drained(turns: Turns[int, int]) -> list[int]:
    found = []
    while (item := turns.next()) is not None:
        found.append(item)
    return found


@given(ARRIVALS)
def test_everything_that_waits_is_handed_out_once(stores: list[int]) -> None:
    turns: Turns[int, int] = Turns()
    for item, store in enumerate(stores):
        turns.add(store, item)
    assert len(turns) == len(stores)
    assert sorted(drained(turns)) == list(range(len(stores)))
    assert len(turns) == 0


@given(STEPS)
def test_an_item_behind_k_of_its_own_has_at_most_k_and_one_of_any_other_in_front(steps: list[int | None]) -> None:
    """From the moment it is added, whatever happened before and whatever arrives after."""
    turns: Turns[int, int] = Turns()
    store_of: dict[int, int] = {}
    waiting: list[int] = []
    behind: dict[int, int] = {}
    passed: dict[int, Counter[int]] = {}
    for number, step in enumerate([*steps, *[None] * len(steps)]):
        if step is not None:
            behind[number] = sum(store_of[item] == step for item in waiting)
            store_of[number], passed[number] = step, Counter()
            waiting.append(number)
            turns.add(step, number)
        elif (item := turns.next()) is not None:
            waiting.remove(item)
            others = passed.pop(item)
            others.pop(store_of[item], None)
            assert max(others.values(), default=0) <= behind[item] + 1
            for left in waiting:
                passed[left][store_of[item]] += 1
    assert waiting == []


def test_who_had_no_turn_in_a_round_goes_before_who_had_one() -> None:
    """A flood waits for its next round whenever anybody comes who was not served in this one."""
    turns: Turns[int, int] = Turns()
    flood = 99
    for number in range(3):
        turns.add(flood, -1 - number)
    assert turns.next() == -1
    turns.add(1, 1)
    turns.add(2, 2)
    assert drained(turns) == [1, 2, -2, -3]


@given(STEPS)
def test_one_stores_items_are_handed_out_as_they_came(steps: list[int | None]) -> None:
    turns: Turns[int, tuple[int, int]] = Turns()
    found = []
    for number, step in enumerate(steps):
        if step is None:
            found.append(turns.next())
        else:
            turns.add(step, (step, number))
    for store in range(5):
        mine = [item[1] for item in found if item and item[0] == store]
        assert mine == sorted(mine)


@given(ARRIVALS, st.data())
def test_what_is_removed_takes_no_turn(stores: list[int], data: st.DataObject) -> None:
    """As if it had never come; removing what is not there changes nothing."""
    turns: Turns[int, int] = Turns()
    for item, store in enumerate(stores):
        turns.add(store, item)
    gone = data.draw(st.sets(st.sampled_from(range(len(stores))))) if stores else set()
    for item in gone:
        turns.remove(stores[item], item)
        turns.remove(stores[item], item)
    turns.remove(99, 99)
    left = drained(turns)
    assert sorted(left) == [item for item in range(len(stores)) if item not in gone]
    rounds = Counter(stores[item] for item in left)
    for position, item in enumerate(left):
        k = sum(stores[before] == stores[item] for before in left[:position])
        assert all(
            sum(stores[before] == other for before in left[:position]) >= min(k, count)
            for other, count in rounds.items()
        )
