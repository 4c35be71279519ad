"""The list of commands. A command's module is imported when it is called, so that help and errors are quick."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Annotated, Final

import typer
from typer._click import Command, Context, HelpFormatter
from typer._click.shell_completion import CompletionItem
from typer.core import TyperGroup
from typer.main import get_command

from entrypoints.cli.endings import end_well, flush
from entrypoints.up.lifeline import follow_parent

SECTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "Run": {
        "up": "Everything in one supervised group, for trying out and development",
        "http": "Take webhooks, serve the API and the console",
        "consumer": "Handle events",
        "scheduler": "Renew tokens, sweep the ledger",
        "sandbox": "A stand-in for Zid",
        "migrate": "Bring the database to this version's schema",
        "restored": "Put right what an older backup of the database brought back",
        "healthcheck": "Exit code for containers",
    },
    "Look": {
        "status": "An overview of stores, ledger and servers",
        "doctor": "Hazards in this set-up: what was seen, why it matters, how to mend it",
        "verify": "Does the ledger balance? Names the ids that differ",
        "stores": "Installed stores: list, show, refresh, backfill, reconcile, revoke, erase",
        "customers": "One customer's data: export, erase",
        "events": "Events: list, show, replay",
        "dead": "Dead letters by cause: list, show, redrive, discard, undo, export",
        "alerts": "What is wrong and may need somebody to act: list",
        "audit": "Who did what, and whether anybody altered the record: list, verify",
        "webhooks": "Subscriptions at Zid: plan, apply",
        "handlers": "Which handler gets which topic",
    },
    "Make": {
        "api-keys": "Keys of the API and the console: create, list, rotate, revoke",
        "keys": "Keys and secrets: generate, status, rotate",
        "trigger": "Let the sandbox produce an event",
    },
}
"""Heading → command → one line of help; each command lives in `entrypoints.cli.commands.<command>` (`module_of`)."""

HELP: Final = {name: line for section in SECTIONS.values() for name, line in section.items()}


def module_of(command: str) -> str:
    """Where a command lives."""
    return f"entrypoints.cli.commands.{command.replace('-', '_')}"


class LazyCommands(MutableMapping[str, Command]):
    """Every command's name; a command's module is imported when the command itself is asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name in HELP and name not in self._loaded:
            self._loaded[name] = get_command(import_module(module_of(name)).app)
            self._loaded[name].name = name
        return self._loaded[name]

    def __setitem__(self, name: str, command: Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(HELP)

    def __len__(self) -> int:
        return len(HELP)


class WaslCommands(TyperGroup):
    """The top level: commands under headings, nothing imported for the list."""

    def __init__(self, **attributes: object) -> None:
        super().__init__(**attributes)  # type: ignore[arg-type]  # handed through from typer
        self.commands = LazyCommands()

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(HELP)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl(list(commands.items()))

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """The commands' names; none of them is imported for it."""
        names = [CompletionItem(name, help=line) for name, line in HELP.items() if name.startswith(incomplete)]
        return [*names, *super(TyperGroup, self).shell_complete(ctx, incomplete)]


app = typer.Typer(
    name="wasl",
    cls=WaslCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: wasl up --port 8123        Each command has its own --help, with examples and exit codes.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from config.version import running_version  # noqa: PLC0415 (help is quick without it)

        typer.echo(f"wasl {running_version()}")
        raise typer.Exit


@app.callback()
def wasl(
    version: Annotated[  # noqa: ARG001 (its callback answers)
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Wasl: the service a Zid app runs. It installs stores, keeps their tokens, takes their webhooks in."""
    follow_parent()


def run() -> None:
    """Runs the command line and exits with 0, 1 or 2; no failure shows a traceback."""
    code = end_well(lambda: app(prog_name="wasl", standalone_mode=False))
    flush()
    sys.exit(code)
