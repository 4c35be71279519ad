"""What every command's module starts with."""

from __future__ import annotations

import typer
from setproctitle import setproctitle


def commands(about: str | None = None) -> typer.Typer:
    """A place to register the commands of one module on; `about` where there is more than one."""
    app = typer.Typer(
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
