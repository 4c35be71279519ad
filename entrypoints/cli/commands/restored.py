"""`wasl restored`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.features.restore_backup import Restored
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import ACTOR, DryRun, read_since
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_features
from entrypoints.cli.output import show_json
from entrypoints.cli.progress import Progress

if TYPE_CHECKING:
    from entrypoints.wiring import Daemon

app = commands()


@app.command(
    epilog=manual(
        "wasl restored --since 2026-01-31T12:00Z --dry-run",
        "wasl restored --since 2026-01-31T12:00Z",
        exits={1: "not finished: give it again, which does no harm"},
        see=["docs/retention.md", "docs/faults.md"],
    )
)
def restored(
    since: Annotated[
        str,
        typer.Option(
            metavar="SPAN|TIME", help="When the backup was begun: 2h, or 2026-01-31T12:00Z. Rather too early."
        ),
    ],
    dry_run: DryRun = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Put right what an older backup of the database brought back. Before the other processes start on it.

    Erasures since are applied again (from ERASURE_LOG), every token is in doubt until Zid has taken the
    old access token, and every store is read anew for what was answered since.
    """
    moment = read_since(since)
    assert moment is not None  # only nothing reads as nothing

    async def work(parts: Daemon) -> Restored:
        _miss(parts.settings.erasure_log)
        if dry_run:
            return await parts.features.restore().foretell(moment)
        with Progress("putting right", None, sys.stderr) as progress:
            return await parts.features.restore().put_right(
                moment, actor=ACTOR, report=lambda step, done: progress.show(done, step)
            )

    done = with_features(data_dir, work)
    if as_json:
        show_json({"tokens": done.tokens, "erasures": done.erasures, "stores": done.stores, "dry_run": dry_run})
        return
    if dry_run:
        typer.echo(f"{done.tokens} tokens would be in doubt, {done.erasures} erasures applied again,")
        typer.echo(f"{done.stores} stores read anew; nothing was changed")
        return
    typer.echo(f"{done.tokens} tokens are in doubt: each store's access token is tried before any renewal")
    typer.echo(f"{done.erasures} erasures were applied again")
    typer.echo("API keys are as they were then: revoke again what was revoked since (`wasl api-keys list`)")
    typer.echo(f"{done.stores} stores will be read anew; `wasl stores reconcile ID` follows one")


def _miss(erasure_log: Path) -> None:
    """Somebody who was erased would come back unnoticed."""
    if not erasure_log.exists():
        typer.echo(f"there is no erasure file at {erasure_log} (ERASURE_LOG): no erasure is applied again", err=True)
