"""Whether this machine has worked with a database before: then its absence is an outage, not a typing error."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from config.settings import Settings

log = structlog.get_logger()

FILE_NAME: Final = "known-database"


def is_known(settings: Settings) -> bool:
    """Whether DATABASE_URL is the one that answered when a process of this machine started last."""
    try:
        return _path(settings).read_text(encoding="ascii") == _fingerprint(settings)
    except (OSError, ValueError):
        return False


def remember(settings: Settings) -> None:
    """Notes that it answered. Where that cannot be written deliveries could not be spooled either: it is told."""
    try:
        _path(settings).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _path(settings).write_text(_fingerprint(settings), encoding="ascii")
    except OSError as error:
        log.warning("spool_dir_unusable", folder=str(settings.spool_dir), problem=error.strerror)


def _path(settings: Settings) -> Path:
    return settings.spool_dir / FILE_NAME


def _fingerprint(settings: Settings) -> str:
    url = settings.database_url.reveal() if settings.database_url else ""
    return sha256(url.encode()).hexdigest()
