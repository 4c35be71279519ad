"""`wasl restored`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.features.restore_backup import Restored
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import ACTOR, read_since
from entrypoints.cli.group import commands
from entrypoints.cli.opened import with_features
from entrypoints.cli.output import show_json
from entrypoints.wiring import Daemon

app = commands()


@app.command(epilog="Example: wasl restored --since 2026-01-31T12:00Z")
def restored(
    since: Annotated[str, typer.Option(help="When the backup was begun: 2h, or 2026-01-31T12:00Z. Rather too early.")],
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
        return await parts.features.restore().put_right(moment, actor=ACTOR, report=_report)

    done = with_features(data_dir, work)
    if as_json:
        show_json({"tokens": done.tokens, "erasures": done.erasures, "stores": done.stores})
        return
    typer.echo(f"{done.tokens} tokens are in doubt: each store's access token is tried before any renewal")
    typer.echo(f"{done.erasures} erasures were applied again")
    typer.echo("API keys are as they were then: revoke again what was revoked since (`wasl api-keys list`)")
    typer.echo(f"{done.stores} stores will be read anew; `wasl stores reconcile ID` follows one")


def _miss(erasure_log: Path) -> None:
    """Somebody who was erased would come back unnoticed."""
    if not erasure_log.exists():
        typer.echo(f"there is no erasure file at {erasure_log} (ERASURE_LOG): no erasure is applied again", err=True)


def _report(step: str, done: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K{step}: {done}" + ("\n" if step.startswith("tokens") else ""))
        sys.stderr.flush()
