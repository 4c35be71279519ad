"""Every measured promise, one after the other: `make bench`, `make bench ONLY="ingest consume"`, `make bench QUICK=1`.

Each benchmark is a process of its own (benchmarks/report.py says what it has to offer). One that fails or stays below
its goal stops nobody; the end tells, and the exit code. What was found is kept in benchmarks/results.json (of `make
bench-scale` in results_large.json), of which `python -m benchmarks.page` makes docs/performance.md. Quick runs keep
nothing: their numbers mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.machine import TREE, commit, machine, versions
from benchmarks.report import Scale

BENCHMARKS: Final[Mapping[str, str]] = {
    "ingest": "Durable webhook ingest, one http process, 3 KB bodies",
    "overload": "Twice the webhooks that can be taken in",
    "consume": "Events worked off by one consumer",
    "latency": "From the arrival of an event to its end, and the whole chain",
    "kill_worker": "Drained after `kill -9` of the only consumer",
    "gateway": "One call to Zid, a page of orders read into clean values",
    "limiter": "Eight processes under one store's allowance",
    "refresh_due": "Claiming the next 500 due tokens",
    "refresh_run": "Renewing tokens",
    "key_rotation": "Re-wrapping data keys",
    "memory": "Memory of http, consumer and scheduler",
    "starting": "From the command to ready",
    "console_pages": "Pages of the console and lists of the API",
    "growth": "The cost of an operation as ledger and stores grow",
    "processes": "More processes on one Postgres",
}
RESULTS: Final = {
    Scale.USUAL: TREE / "benchmarks" / "results.json",
    Scale.LARGE: TREE / "benchmarks" / "results_large.json",
}


def run(name: str, scale: Scale) -> Mapping[str, object]:
    """What one benchmark reported, or how it failed; its output is shown as it comes."""
    print(f"--- {name}: {BENCHMARKS[name]}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as place:
        out = Path(place) / "report.json"
        ended = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}", "--scale", scale.value, "--out", str(out)],
            cwd=TREE,
            env={key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
            check=False,
        )
        report = json.loads(out.read_text()) if out.exists() else None
    spent = {"seconds": round(time.monotonic() - began, 1), "at": _now(), "commit": commit()}
    if report is None:
        return {"about": BENCHMARKS[name], "state": "failed", "exit_code": ended.returncode, **spent}
    return {"about": BENCHMARKS[name], "state": state(report), **spent, **report}


def state(report: Mapping[str, list[Mapping[str, object]]]) -> str:
    goals = [bool(goal["reached"]) for goal in report["goals"]]
    return "measured" if not goals else "reached" if all(goals) else "below"


def kept(scale: Scale, found: Mapping[str, object]) -> Mapping[str, object]:
    """What is known at this scale: what was not measured now stays as it was, each with its time and commit."""
    path = RESULTS[scale]
    before = json.loads(path.read_text())["benchmarks"] if path.exists() else {}
    known = {**before, **found}
    ordered = {name: known[name] for name in BENCHMARKS if name in known}
    result = {"scale": scale.value, "machine": machine(), "versions": versions(), "benchmarks": ordered}
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {path.relative_to(TREE)}; docs/performance.md is made of it by `python -m benchmarks.page`")
    return result


def summary(found: Mapping[str, Mapping[str, object]], scale: Scale) -> list[str]:
    """One line for each, and the names of goals not reached."""
    lines = []
    for name, one in found.items():
        missed = _missed(one) if scale is not Scale.QUICK else []
        lines.append(
            f"{one['state'] if scale is not Scale.QUICK or one['state'] == 'failed' else 'ran':9} {name}"
            f" ({one['seconds']} s)" + "".join(f"\n            {goal}" for goal in missed)
        )
    return lines


def _missed(one: Mapping[str, object]) -> list[str]:
    goals = one.get("goals", [])
    assert isinstance(goals, list)
    return [
        f"{goal['what']}: {goal['value']}{goal['unit']}, wanted {goal['is']} {goal['wanted']:g}"
        for goal in goals
        if not goal["reached"]
    ]


def code_of(found: Mapping[str, Mapping[str, object]], scale: Scale) -> int:
    bad = {"failed"} if scale is Scale.QUICK else {"failed", "below"}
    return int(any(one["state"] in bad for one in found.values()))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--scale", type=Scale, choices=list(Scale), default=Scale.USUAL)
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(BENCHMARKS)):
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    found = {name: run(name, options.scale) for name in options.names or BENCHMARKS}
    if options.scale in RESULTS:
        kept(options.scale, found)
    print("\n".join(summary(found, options.scale)))
    return code_of(found, options.scale)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
