"""What commands share that erase: asking first, carrying out with progress, and showing the certificate."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from core.domain.erasures import Erasure, Removed
from core.errors import TryLater
from core.features.erase_data import Certificate
from entrypoints.cli.output import show_json, show_record
from entrypoints.cli.progress import Progress
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from entrypoints.wiring import Daemon


async def carry_out(parts: Daemon, erasure: Erasure) -> Certificate:
    """Finished when it returns. CommandFailed when something has to be waited for: schedulers go on then."""
    done: Counter[str] = Counter()
    with Progress("erasing", None, sys.stderr) as progress:

        def report(removed: Removed) -> None:
            done[removed.table] += removed.rows
            progress.show(done[removed.table], removed.table)

        try:
            return await parts.features.erase().carry_out(erasure.erasure_id, report)
        except TryLater as problem:
            raise CommandFailed(f"erasure {erasure.erasure_id} is not finished: {problem}") from problem


def show_certificate(certificate: Certificate, *, as_json: bool) -> None:
    """What was removed, and until when a backup may still hold it."""
    erasure = certificate.erasure
    record = {
        "erasure_id": erasure.erasure_id,
        "kind": erasure.kind.value,
        "store_id": erasure.store_id,
        "asked_at": erasure.asked_at,
        "finished_at": erasure.finished_at,
        "removed": dict(erasure.counts),
        "backups_expire": certificate.backups_expire.isoformat(),
    }
    if as_json:
        show_json(record)
        return
    show_record(record, as_json=False)
    typer.echo(f"Backups hold it until {certificate.backups_expire.isoformat()} (BACKUP_RETENTION_DAYS).")


def confirm(what: str, word: str, *, yes: bool) -> None:
    """Has the word typed on a terminal; where nobody can be asked, `--yes` has to say so."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandFailed("nobody can be asked here: give --yes to go ahead, or --dry-run to see what would go")
    typer.echo(f"{what}. It cannot be undone.", err=True)
    typed = typer.prompt(f"Type {word} to go ahead", default="", show_default=False, err=True)
    if typed.strip() != word:
        raise CommandFailed(f"that is not {word}: nothing was changed")


def write_private(path: Path, content: str) -> None:
    """Readable by its owner alone, from its first byte on."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(content, encoding="utf-8")
