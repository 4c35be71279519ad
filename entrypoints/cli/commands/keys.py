"""`wasl keys`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from core.features.rotate_keys import BATCH, Run
from core.ports.sealed_vault import RotationKind, SetAside
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import ACTOR
from entrypoints.cli.group import commands
from entrypoints.cli.key_rows import (
    KEY_COLUMNS,
    PROCESS_COLUMNS,
    QUARANTINE_COLUMNS,
    key_rows,
    outcome_row,
    process_rows,
    quarantine_rows,
    report_of,
)
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_adapters
from entrypoints.cli.output import Row, show_json, show_record, show_rows
from entrypoints.cli.progress import Progress
from entrypoints.failures import CommandFailed
from entrypoints.up.secrets_file import fernet_key, make_secrets

if TYPE_CHECKING:
    from config.container import Adapters

app = commands("Keys and secrets: made, counted, changed while the service runs. docs/keys.md has each step.")

NEXT_STEPS: Final = """\
Next, to rotate TOKEN_KEYS (docs/keys.md):
  1. put the new key BEHIND the old ones (old,new) and restart every process
  2. put it in FRONT (new,old) and restart every process
  3. run `wasl keys rotate`, then `wasl keys status` until the old key may be dropped
  4. take the old key away and restart; keep a copy for as long as backups need it
"""
LOCK: Final = "keys.rotate"
LOCK_WAIT: Final = 15.0
"""Seconds after which the database has noticed that a command before this one was killed."""
PER_SECOND: Final = 2000


@app.command(
    epilog=manual(
        'export TOKEN_KEYS="$(wasl keys generate)"',
        "wasl keys generate --env >> .env",
        see=["wasl keys rotate", "docs/keys.md"],
    )
)
def generate(
    env: Annotated[bool, typer.Option("--env", help="Every secret the service needs, as lines for .env.")] = False,
    as_json: AsJson = False,
) -> None:
    """A fresh key for TOKEN_KEYS; what to do with it is said beside it, on stderr. It is kept nowhere."""
    made = make_secrets() if env else {"TOKEN_KEYS": fernet_key()}
    if as_json:
        show_json(made)
    elif env:
        for key, value in made.items():
            typer.echo(f"{key}={value}")
    else:
        typer.echo(made["TOKEN_KEYS"])
        typer.echo(NEXT_STEPS, err=True, nl=False)


@app.command(
    epilog=manual(
        "wasl keys status",
        exits={1: "a key is missing, or a store is in quarantine"},
        see=["wasl keys rotate", "docs/keys.md"],
    )
)
def status(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """What each key seals or made, who holds it, whether it may be dropped, and which stores do not open.

    Spool files of other machines are not seen.
    """
    report = with_adapters(data_dir, lambda adapters: adapters.key_status().read())
    if as_json:
        show_json(report_of(report))
    else:
        show_rows(key_rows(report), KEY_COLUMNS, as_json=False, empty="no key is set")
        _show_quarantine(report.quarantined)
        if report.processes:
            typer.echo("\nRunning processes:")
            show_rows(process_rows(report.processes), PROCESS_COLUMNS, as_json=False, empty="")
    if not report.sound:
        raise typer.Exit(1)


@app.command(
    epilog=manual(
        "wasl keys rotate",
        "wasl keys rotate --data-keys --per-second 200",
        exits={1: "something is left: give it again, or see `wasl keys status`"},
        see=["wasl keys status", "docs/keys.md"],
    )
)
def rotate(
    data_keys: Annotated[
        bool, typer.Option("--data-keys", help="After a leak: a new data key for every store, tokens sealed anew.")
    ] = False,
    per_second: Annotated[int, typer.Option(metavar="N", min=1, help="Stores a second at most.")] = PER_SECOND,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Seal every store's data key with the first key of TOKEN_KEYS, beside running processes.

    May be cut off at any moment: given once more, it goes on. What does not open is set aside, kept as it is and
    reported; the others are done all the same.
    """
    kind = RotationKind.DATA_KEYS if data_keys else RotationKind.RING
    row, aside = with_adapters(data_dir, lambda adapters: _rotate(adapters, kind, per_second))
    if as_json:
        show_json({**row, "stores": quarantine_rows(aside)})
    else:
        show_record(row, as_json=False)
        _show_quarantine(aside)
    if row["left"] or aside:
        raise typer.Exit(1)


async def _rotate(adapters: Adapters, kind: RotationKind, per_second: int) -> tuple[Row, Sequence[SetAside]]:
    async with adapters.locks().hold(LOCK, wait=LOCK_WAIT) as held:
        if not held:
            raise CommandFailed("another `wasl keys rotate` is at work; `wasl keys status` shows how far it is")
        await adapters.heal_quarantine().run()
        began = time.monotonic()
        run = await _follow(adapters, kind, per_second)
        seconds = time.monotonic() - began
        aside = await adapters.key_census().quarantined()
        left = await adapters.sealed_vault().left(run.rotation)
    return outcome_row(run, seconds=seconds, left=left, quarantined=len(aside)), aside


async def _follow(adapters: Adapters, kind: RotationKind, per_second: int) -> Run:
    feature, clock = adapters.rotate_keys(), adapters.clock()
    run = await feature.begin(kind, actor=ACTOR)
    began = clock.monotonic()
    with Progress(f"{kind.value.replace('_', ' ')} to {run.rotation.key_id}", run.total, sys.stderr) as progress:
        while not run.is_over:
            run = await feature.step(run, limit=min(BATCH, per_second))
            progress.show(run.moved)
            await clock.sleep(max(0.0, run.moved / per_second - (clock.monotonic() - began)))
    return run


def _show_quarantine(found: Sequence[SetAside]) -> None:
    if found:
        typer.echo("\nStores that do not open; their rows are kept, and work again when the right key is back:")
        show_rows(quarantine_rows(found), QUARANTINE_COLUMNS, as_json=False, empty="")
