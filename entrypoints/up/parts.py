"""The processes of `wasl up`: what each is started with."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from entrypoints.up.lifeline import PARENT_KEY
from entrypoints.up.watchdog import OTHERS_FROZEN_SECONDS

TREE: Final = Path(__file__).resolve().parents[2]
LOG_LIMIT_BYTES: Final = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One process: `wasl <arguments>` with this environment, its output appended to `log`."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    descriptors: Sequence[int] = field(default=())
    frozen_after: float = OTHERS_FROZEN_SECONDS
    """Seconds without a sign of life."""


def wasl_command(arguments: Sequence[str]) -> list[str]:
    """The command line that runs a `wasl` command of this very tree with this very interpreter."""
    return [sys.executable, "-P", "-m", "entrypoints.cli", *arguments]


def typed_command(data_dir: Path) -> str:
    """`wasl` as a person in this directory has to type it, for this data directory."""
    beside = Path(sys.executable).with_name("wasl")
    found = shutil.which("wasl")
    known = found is not None and Path(found).resolve() == beside.resolve()
    command = "wasl" if known or not beside.exists() else _from_here(beside)
    is_default = data_dir == Path.cwd() / ".wasl"
    return command if is_default else f"WASL_DATA_DIR={shlex.quote(_from_here(data_dir))} {command}"


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def wasl_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process of this tree that ends when this process does."""
    paths = [*_checkout(), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths), PARENT_KEY: str(os.getpid())}


def _checkout() -> list[str]:
    """The tree, unless Python finds it anyway: put first, installed packages could hide the standard library's."""
    return [] if TREE.name in ("site-packages", "dist-packages") else [str(TREE)]


def rotate(log: Path) -> None:
    """Keeps one older log once the current one is large."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.is_file() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def describe_exit(code: int) -> str:
    """How a process ended, for people."""
    if code >= 0:
        return f"exit code {code}"
    signal_name = {-9: "SIGKILL", -11: "SIGSEGV", -15: "SIGTERM", -6: "SIGABRT", -2: "SIGINT"}.get(code)
    return f"killed by {signal_name or f'signal {-code}'}"
