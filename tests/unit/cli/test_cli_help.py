"""Help is quick and complete."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from entrypoints.cli import app as top
from entrypoints.cli.commands.healthcheck import METRICS_PORTS, Process
from entrypoints.cli.reference import reference
from entrypoints.consumer import CONSUMER_METRICS_PORT
from entrypoints.scheduler import SCHEDULER_METRICS_PORT


def leaves() -> Iterator[tuple[str, ...]]:
    for name in top.HELP:
        command = get_command(import_module(top.module_of(name)).app)
        members = getattr(command, "commands", {})
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
