"""`wasl dead export`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.domain.event_states import EventState
from entrypoints.cli.completion import handlers
from entrypoints.cli.environment import DEFAULT_DATA_DIR, DataDir, settings_for
from entrypoints.cli.filters import ACTOR, read_event_id
from entrypoints.cli.opened import with_adapters
from entrypoints.dead_letter_file import WARNING, Exported, choose, entry_of, render_test
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from config.container import Adapters

STDOUT = Path("-")


def export(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="The event's, as `wasl dead list --flat` shows it.")],
    handler: Annotated[
        str | None,
        typer.Option(
            metavar="HANDLER", help="Whose failure; needed where several handlers gave up.", autocompletion=handlers
        ),
    ] = None,
    mask: Annotated[bool, typer.Option("--mask", help="Make people unrecognisable; shapes and ids stay.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to; - is standard output. [default: test_dead_letter_<ID>.py]"),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """One dead letter as a runnable pytest file: it fails in the same way, until the handler is mended."""
    wanted_id = read_event_id(event_id)
    modules = settings_for(data_dir).wasl_handlers

    async def work(adapters: Adapters) -> Exported:
        detail = await adapters.reader().event(wanted_id)
        if detail is None or detail.summary.state is not EventState.DEAD:
            raise CommandFailed(f"there is no dead event {event_id}")
        exported = choose(detail, handler, modules, mask=mask)
        await adapters.audit_trail().note(entry_of(exported, ACTOR))
        return exported

    exported = with_adapters(data_dir, work)
    _write(output or Path(f"{exported.name}.py"), render_test(exported), mask=mask)


def _write(path: Path, content: str, *, mask: bool) -> None:
    """A new file that only its owner reads."""
    if path == STDOUT:
        typer.echo(content, nl=False)
        return
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandFailed(f"{path} exists: remove it, or name another with --output") from None
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}") from None
    with os.fdopen(file, "w", encoding="utf-8") as opened:
        opened.write(content)
    typer.echo(f"{path}: run it with python -m pytest {path}")
    if not mask:
        typer.echo(WARNING, err=True)
