"""The SQL names the states it may leave, and they are those of the core's table of moves."""

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module

import pytest

import adapters.postgres
from core.domain.event_states import MOVES, EventState

STATE_UPDATE = re.compile(r"UPDATE (?:events|runs)\b(?P<rest>.*?)(?=\bUPDATE\b|\bINSERT\b|\bRETURNING\b|\Z)", re.DOTALL)
SET_STATE = re.compile(r"SET\s+(?:.*?,\s*)?state = (?P<value>.*?)(?:,\s+\w+ =|FROM|WHERE)", re.DOTALL)
LEFT = re.compile(r"(?:\w+\.)?state(?: \|\| '')? IN \((?P<states>[^)]*)\)")
ENDS_OF_AN_ATTEMPT = MOVES[EventState.RUNNING]


def statements() -> Iterator[tuple[str, str]]:
    """Every statement kept in a constant of the adapter that moves events or runs."""
    for module in pkgutil.iter_modules(adapters.postgres.__path__, "adapters.postgres."):
        for name, value in vars(import_module(module.name)).items():
            if isinstance(value, str) and re.search(r"UPDATE (events|runs)\b", value):
                yield f"{module.name}.{name}", value


def moves_of(update: str) -> tuple[set[EventState], set[EventState]]:
    """The states it leaves and the ones it reaches; a parameter stands for any end of an attempt."""
    assigned, left = SET_STATE.search(update), LEFT.search(update.partition("WHERE")[2])
    assert assigned, f"sets no state: {update}"
    assert left, f"names no state to leave: {update}"
    results = re.sub(r"WHEN .*? THEN", "THEN", assigned["value"], flags=re.DOTALL)
    targets = {EventState(word) for word in re.findall(r"'(\w+)'", results)}
    if "$" in results:
        targets |= ENDS_OF_AN_ATTEMPT
    return {EventState(word) for word in re.findall(r"'(\w+)'", left["states"])}, targets


def is_legal(here: EventState, there: EventState) -> bool:
    """In one move, or in two that one transaction makes at once: queued to running to done."""
    return there in MOVES[here] or any(there in MOVES[middle] for middle in MOVES[here])


UPDATES = [
    pytest.param(f"UPDATE {match['rest']}", id=f"{name}-{number}")
    for name, sql in statements()
    for number, match in enumerate(STATE_UPDATE.finditer(sql))
]


def test_the_updates_are_found() -> None:
    assert len(UPDATES) >= 12


@pytest.mark.parametrize("update", UPDATES)
def test_every_update_makes_legal_moves_only(update: str) -> None:
    sources, targets = moves_of(update)
    assert sources
    assert targets
    for here in sources:
        for there in targets:
            assert is_legal(here, there), f"{here} to {there}: {update}"
