"""From the command to ready: the bare limit, our processes, and everything at once.

`make bench ONLY=starting`. A process is ready when /health/ready says so (the bare one when it listens), on servers
that run already. `wasl up` is started with its data directory made before, and brings its servers up itself.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.report import Goal, Report, Scale, Series, told
from benchmarks.rounds import Figure, interleave
from benchmarks.world import TREE, WASL, Bench, bench, inherited

BARE = TREE / "benchmarks" / "peers" / "bare_ingest.py"
PATIENCE = 60.0
POLL = 0.005
UP_IS_READY = "not for production"
UP_PORT, SANDBOX_PORT = "8393", "8394"
UP = (*WASL, "up", "--no-demo", "--port", UP_PORT, "--sandbox-port", SANDBOX_PORT)
HTTP_SECONDS, UP_SECONDS = 1.0, 4.0


def benchmark(scale: Scale) -> Report:
    with bench(0) as on:
        kinds = scale.pick(("http",), ("http", "consumer", "scheduler"), ("http", "consumer", "scheduler"))
        alone = {kind: partial(one, on, kind) for kind in kinds}
        contestants: dict[str, Callable[[], float]] = {"bare": partial(bare, on), **alone}
        if scale is not Scale.QUICK:
            interleave(contestants, 1)  # compiles what was never run
        figures = interleave(contestants, scale.rounds)
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as name:
        home = Path(name)
        home.chmod(0o711)
        if scale is not Scale.QUICK:
            up(home)  # cold: makes the databases
            figures += interleave({"up": partial(up, home)}, scale.rounds)
    return Report([Series("Ready after", "seconds", figures)], goals(figures), checked=["/health/ready answers 200"])


def goals(figures: Sequence[Figure]) -> list[Goal]:
    wanted = {"http": ("`wasl http` ready after", HTTP_SECONDS), "up": ("`wasl up`, warm, ready after", UP_SECONDS)}
    return [
        Goal(wanted[one.name][0], one.median, wanted[one.name][1], False, " s", (min(one.values), max(one.values)))
        for one in figures
        if one.name in wanted
    ]


def bare(on: Bench) -> float:
    port = on.port()
    command = [sys.executable, str(BARE), str(port), on.postgres.dsn("wasl_owner", "wasl")]
    return _until(on.home, command, lambda: answered(port, "/") is not None)


def one(on: Bench, kind: str) -> float:
    port = on.port()
    given = on.settings(HTTP_PORT=str(port)) if kind == "http" else on.settings(METRICS_PORT=str(port))
    return _until(on.home, [*WASL, kind], lambda: answered(port, "/health/ready") == 200, **given)


def up(home: Path) -> float:
    log = home / "started.log"
    return _until(home, UP, lambda: UP_IS_READY in log.read_text(errors="replace"), PYTHONPATH=str(TREE))


def answered(port: int, path: str) -> int | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def _until(home: Path, command: Sequence[str], ready: Callable[[], bool], **given: str) -> float:
    """Seconds until it is ready; then it is told to stop."""
    log = home / "started.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        started = subprocess.Popen(command, cwd=home, env={**inherited(), **given}, stdout=output, stderr=output)
    try:
        while not ready():
            if started.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise SystemExit(log.read_text(errors="replace")[-2000:])
            time.sleep(POLL)
        return time.perf_counter() - began
    finally:
        started.terminate()
        started.wait(timeout=PATIENCE)


if __name__ == "__main__":
    told(benchmark)
