"""Environments of the peers' own below benchmarks/.peers, made when first asked for; nothing of ours is in them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PLACE = Path(__file__).resolve().parents[1] / ".peers"


class Missing(Exception):
    """A peer cannot be had here; the message says why."""


def python(name: str, packages: Sequence[str]) -> Path:
    """An interpreter with these packages, each given with its version. Raises Missing."""
    home, wanted = PLACE / name, "\n".join(packages)
    stamp, interpreter = home / "packages.txt", home / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted:
        return interpreter
    _run([sys.executable, "-m", "venv", "--clear", str(home)], name)
    _run([str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages], name)
    stamp.write_text(wanted)
    return interpreter


def node(name: str, script: Path, packages: Sequence[str]) -> Path:
    """The script beside a node_modules with these packages. Raises Missing."""
    home, wanted = PLACE / name, "\n".join(packages)
    stamp = home / "packages.txt"
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Missing(f"{name}: node and npm are not installed")
    if not (stamp.exists() and stamp.read_text() == wanted):
        home.mkdir(parents=True, exist_ok=True)
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), *packages], name)
        stamp.write_text(wanted)
    return Path(shutil.copy(script, home))


def _run(command: Sequence[str], name: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"{name}: {(done.stderr or done.stdout).strip()[-500:]}")
