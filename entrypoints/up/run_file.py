"""What the other commands know of a running `wasl up`: one file that lives as long as it does."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from entrypoints.up.secrets_file import write_private

FILE_NAME: Final = "run.json"


@dataclass(frozen=True, slots=True)
class RunningUp:
    """A `wasl up` that runs now: `environment` is what its processes were started with beyond the given one."""

    pid: int
    http_url: str
    sandbox_url: str | None
    environment: Mapping[str, str]


def write_run_file(data_dir: Path, running: RunningUp) -> None:
    """Leaves the file readable by its owner only."""
    write_private(data_dir / FILE_NAME, json.dumps(asdict(running), indent=2) + "\n")


def remove_run_file(data_dir: Path) -> None:
    (data_dir / FILE_NAME).unlink(missing_ok=True)


def read_run_file(data_dir: Path) -> RunningUp | None:
    """The `wasl up` that runs on this data directory, or None; a file left by a killed one does not count."""
    try:
        running = RunningUp(**json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return running if _alive(running.pid) else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
