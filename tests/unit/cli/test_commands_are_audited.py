"""Each command either looks only, or leaves a line in the audit under the actor `cli`."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from types import FunctionType, ModuleType

import pytest

from entrypoints.cli.app import HELP
from entrypoints.cli.filters import ACTOR

LOOKS = {
    *("up", "http", "consumer", "scheduler", "sandbox", "healthcheck"),
    *("status", "verify", "doctor", "stores list", "stores show", "events list", "events show", "events rejected"),
    *("dead list", "dead show", "dead jobs", "alerts list", "audit list", "audit verify", "webhooks plan"),
    *("handlers list", "api-keys list", "keys status"),
    "migrate",  # the owner's; yoyo keeps its own record
    "keys generate",  # prints, keeps nothing
    "trigger",  # the sandbox's world, never a real store's
}


def commands() -> Iterator[tuple[str, FunctionType]]:
    for name in HELP:
        group = import_module(f"entrypoints.cli.commands.{name.replace('-', '_')}").app
        single = len(group.registered_commands) == 1 and group.registered_callback is None
        for command in group.registered_commands:
            own = command.name or command.callback.__name__.rstrip("_")
            yield name if single else f"{name} {own}", command.callback


COMMANDS = dict(commands())


def reached(function: Callable[..., object], seen: set[object]) -> Iterator[FunctionType]:
    """The function and those of the command line that it names, and so on."""
    if function in seen or not isinstance(function, FunctionType):
        return
    seen.add(function)
    yield function
    home = inspect.getmodule(function)
    assert isinstance(home, ModuleType)
    for name in names_in(function):
        other = getattr(home, name, None)
        if isinstance(other, FunctionType) and other.__module__.startswith("entrypoints.cli"):
            yield from reached(other, seen)


def names_in(function: FunctionType) -> set[str]:
    names, codes = set(function.__code__.co_names), [function.__code__]
    while codes:
        code = codes.pop()
        names |= set(code.co_names)
        codes += [one for one in code.co_consts if inspect.iscode(one)]
    return names


def is_audited(command: FunctionType) -> bool:
    return any("ACTOR" in names_in(one) for one in reached(command, set()))


def test_the_table_of_those_that_only_look_names_real_commands() -> None:
    assert set(COMMANDS) >= LOOKS, LOOKS - set(COMMANDS)
    assert ACTOR == "cli"


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - LOOKS))
def test_a_command_that_changes_something_says_who_did_it(name: str) -> None:
    assert is_audited(COMMANDS[name]), f"`wasl {name}` leaves no line in the audit, and is not in LOOKS"


def test_a_command_that_only_looks_is_told_apart() -> None:
    assert not is_audited(COMMANDS["stores list"])
