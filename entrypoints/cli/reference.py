"""The command reference as Markdown, written from the commands themselves: `python -m entrypoints.cli.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Final

import typer
from typer._click import Command, Context
from typer.main import get_command

from entrypoints.cli.app import SECTIONS, module_of

COMMON: Final = """\
Each command explains itself: `wasl COMMAND --help`. What holds for all of them:

- **Exit codes.** 0: done. 1: failed, or the answer is no; one line on stderr names the cause and the fix. 2: called
  wrongly, nothing was done. 130: ended by Ctrl-C.
- **Output.** Tables on a terminal, as wide as it is; aligned text through a pipe; with `--json` one JSON document that
  has every field, times in UTC. Progress and remarks go to stderr. `NO_COLOR=1` and `TERM=dumb` turn colours off.
- **What cannot be undone** has `--dry-run`, and asks for the store's number to be typed; `--yes` is for scripts.
- **Which installation.** The environment, then `.env`, then a `wasl up` that runs on `--data-dir` (`WASL_DATA_DIR`).
- **Completion.** `wasl --install-completion` for bash, zsh and fish: commands, options, states, topics, handlers.
- **Faults of Wasl itself** are one line that names a file with the details; `WASL_DEBUG=1` shows them at once.
"""


def reference() -> str:
    """What all commands share, then every command's help under its heading."""
    return "\n".join(["# Commands", "", COMMON, *_sections()]).rstrip() + "\n"


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
