"""What every command's module starts with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from setproctitle import setproctitle
from typer.core import TyperCommand

from entrypoints.cli.manual import Manual

Command = TypeVar("Command", bound=Callable[..., Any])


class Commands(typer.Typer):
    """A place to register commands on. Each one's help is a page of the manual."""

    def command(
        self, name: str | None = None, *, cls: type[TyperCommand] | None = None, **options: Any
    ) -> Callable[[Command], Command]:
        return super().command(name, cls=cls or Manual, **options)


def commands(about: str | None = None) -> Commands:
    """A place to register the commands of one module on; `about` where there is more than one."""
    app = Commands(
        help=about,
        no_args_is_help=about is not None,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    if about is not None:
        app.callback()(_group)
    return app


def _group() -> None:
    """Makes a group of commands stay one, also while it has a single member."""


def name_process(part: str) -> None:
    """`wasl <part>` in ps and top."""
    setproctitle(f"wasl {part}")
