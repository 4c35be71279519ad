"""Help is quick and complete."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest
from typer._click import Command
from typer.main import get_command
from typer.testing import CliRunner

from entrypoints.cli import app as top
from entrypoints.cli.commands.healthcheck import METRICS_PORTS, Process
from entrypoints.cli.manual import EXAMPLE
from entrypoints.cli.reference import reference
from entrypoints.consumer import CONSUMER_METRICS_PORT
from entrypoints.scheduler import SCHEDULER_METRICS_PORT


@cache
def built(name: str) -> Command:
    """A command or a group of them, made once."""
    return get_command(import_module(top.module_of(name)).app)


def leaves() -> Iterator[tuple[str, ...]]:
    for name in top.HELP:
        members = getattr(built(name), "commands", {})
        yield from [(name, member) for member in members] or [(name,)]


@pytest.mark.parametrize("words", list(leaves()), ids=" ".join)
def test_every_command_has_help_with_an_example(words: tuple[str, ...]) -> None:
    told = CliRunner().invoke(top.app, [*words, "--help"])
    assert told.exit_code == 0
    assert "\nExamples:\n  " in told.output
    assert "\nExit codes:\n  0  " in told.output
    assert f"wasl {' '.join(words)}" in told.output.replace("\n ", "")


def test_lists_and_records_offer_json() -> None:
    shown = [("stores", "list"), ("stores", "show"), ("events", "list"), ("events", "show"), ("dead", "list")]
    for words in [*shown, ("dead", "show"), ("handlers", "list"), ("status",), ("verify",), ("migrate",)]:
        assert "--json" in CliRunner().invoke(top.app, [*words, "--help"]).output


def test_the_list_of_commands_imports_none_of_them() -> None:
    """A stand-in for the time it takes: the heavy libraries are not even touched."""
    program = (
        "import sys; sys.argv = ['wasl', '--help']\n"
        "from entrypoints.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'asyncpg', 'aiohttp', 'redis', 'pydantic', 'psycopg', 'cryptography', 'structlog', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=top.__file__.split("/entrypoints/")[0],
    )
    assert ran.stdout.splitlines()[-1] == "[]", ran


def test_a_mistyped_command_gets_a_hint_and_exit_code_2() -> None:
    told = CliRunner().invoke(top.app, ["trigge"])
    assert told.exit_code == 2
    assert "Did you mean 'trigger'?" in told.output


def test_the_health_check_knows_the_ports_of_the_processes() -> None:
    assert METRICS_PORTS == {Process.CONSUMER: CONSUMER_METRICS_PORT, Process.SCHEDULER: SCHEDULER_METRICS_PORT}


def test_the_reference_tells_of_every_command() -> None:
    written = reference()
    for words in leaves():
        assert f"Usage: wasl {' '.join(words)} " in written
    assert written.count("\nExamples:\n") == len(list(leaves()))


def examples() -> Iterator[tuple[tuple[str, ...], str]]:
    for words in leaves():
        command = command_of(words)
        for line in (command.epilog or "").splitlines():
            if line.startswith(EXAMPLE):
                yield words, line.removeprefix(EXAMPLE)


def command_of(words: tuple[str, ...]) -> Command:
    command = built(words[0])
    return command.commands[words[1]] if len(words) > 1 else command


@pytest.mark.parametrize(("words", "example"), list(examples()), ids=lambda part: part if isinstance(part, str) else "")
def test_an_example_is_a_command_that_would_run(words: tuple[str, ...], example: str) -> None:
    """Its words are taken as the command takes them; only what it does is left out."""
    found = re.search(r"\bwasl (?=[a-z])([^|>&)#]*)", example)
    assert found
    given = shlex.split(found[1])
    assert tuple(given[: len(words)]) == words
    command_of(words).make_context(" ".join(words), given[len(words) :])


def test_what_cannot_be_undone_can_be_tried_first_and_asks() -> None:
    for words in [("stores", "revoke"), ("stores", "erase"), ("customers", "erase")]:
        names = {option for parameter in command_of(words).params for option in parameter.opts}
        assert {"--dry-run", "--yes", "--json"} <= names, words
    for words in [("dead", "redrive"), ("dead", "discard"), ("api-keys", "revoke"), ("restored",)]:
        assert "--dry-run" in {option for parameter in command_of(words).params for option in parameter.opts}, words


def test_every_option_and_argument_says_what_it_is() -> None:
    silent = [
        f"wasl {' '.join(words)} {parameter.opts[-1]}"
        for words in leaves()
        for parameter in command_of(words).params
        if not getattr(parameter, "help", None)
    ]
    assert silent == []
