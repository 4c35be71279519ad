"""What commands share that erase: carrying out with progress, and showing the certificate."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import typer

from core.domain.erasures import Erasure, Removed
from core.errors import TryLater
from core.features.erase_data import Certificate
from entrypoints.cli.output import show_json, show_record
from entrypoints.failures import CommandFailed
from entrypoints.wiring import Daemon


async def carry_out(parts: Daemon, erasure: Erasure) -> Certificate:
    """Finished when it returns. CommandFailed when something has to be waited for: schedulers go on then."""
    done: Counter[str] = Counter()

    def report(removed: Removed) -> None:
        done[removed.table] += removed.rows
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[2K{removed.table}: {done[removed.table]}")
            sys.stderr.flush()

    try:
        return await parts.features.erase().carry_out(erasure.erasure_id, report)
    except TryLater as problem:
        raise CommandFailed(f"erasure {erasure.erasure_id} is not finished: {problem}") from problem
    finally:
        if done and sys.stderr.isatty():
            sys.stderr.write("\r\x1b[2K")


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


def confirm(question: str, *, yes: bool) -> None:
    """Asks on a terminal; where nobody can be asked, `--yes` has to say so."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandFailed("nobody can be asked here; give --yes to go ahead")
    typer.confirm(question, abort=True)


def write_private(path: Path, content: str) -> None:
    """Readable by its owner alone, from its first byte on."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(content, encoding="utf-8")
