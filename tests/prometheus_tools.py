"""Prometheus's own programs, as `.ci/promtool` leaves them: on the PATH, or in .venv/prometheus."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
FETCHED = Path(sys.prefix) / "prometheus" / "usr" / "bin"


def program(name: str) -> str:
    """Where it is. Skips the test where it is not: in CI a failure."""
    found = shutil.which(name) or shutil.which(name, path=str(FETCHED))
    if found is None:
        missing = f"no {name}: `.ci/promtool` fetches it, or install prometheus and prometheus-alertmanager"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return found


def says(*command: str | Path) -> str:
    """What it says on success."""
    name, *arguments = map(str, command)
    ran = subprocess.run([program(name), *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout
