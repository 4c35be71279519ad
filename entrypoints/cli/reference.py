"""The command reference as Markdown, written from the commands themselves: `python -m entrypoints.cli.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import typer
from typer._click import Command, Context
from typer.main import get_command

from entrypoints.cli.app import SECTIONS, module_of


def reference() -> str:
    """Every command's help under its heading."""
    return "\n".join(["# Commands", "", *_sections()]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    for heading, commands in SECTIONS.items():
        yield f"## {heading}\n"
        for name, line in commands.items():
            yield f"### wasl {name}\n\n{line}.\n"
            command = get_command(import_module(module_of(name)).app)
            for words, leaf in _leaves(f"wasl {name}", command):
                yield f"```text\n{_help(words, leaf)}\n```\n"


def _leaves(words: str, command: Command) -> Iterator[tuple[str, Command]]:
    """The command itself, or the members of a group."""
    members: dict[str, Command] = getattr(command, "commands", {})
    yield from [(f"{words} {name}", member) for name, member in members.items()] or [(words, command)]


def _help(words: str, command: Command) -> str:
    return command.get_help(Context(command, info_name=words, terminal_width=100, max_content_width=100)).strip()


if __name__ == "__main__":
    typer.echo(reference(), nl=False)
