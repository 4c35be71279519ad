"""Every measured promise, one after the other: `make bench`, or `make bench ARGS="flood queues"` for some.

What each printed is kept in benchmarks/results.json with the machine's load before it began: only numbers of one
run on an otherwise idle machine can be compared. Exit code 1 when a promise was not kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
BENCHMARKS = sorted(
    path.stem for path in HERE.glob("*.py") if "def main(" in path.read_text() and path != Path(__file__).resolve()
)


def run(name: str) -> Mapping[str, object]:
    """One benchmark, its output shown as it comes."""
    print(f"--- {name}", flush=True)
    load, began = os.getloadavg()[0], time.monotonic()
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as one:
        assert one.stdout is not None
        lines = []
        for line in one.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    return {
        "kept": one.returncode == 0,
        "seconds": round(time.monotonic() - began, 1),
        "load_before": round(load, 2),
        "output": lines,
    }


def main(names: list[str]) -> None:
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        raise SystemExit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    found = {name: run(name) for name in names or BENCHMARKS}
    result = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count(), "benchmarks": found}
    RESULTS.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {RESULTS}")
    if broken := [name for name, one in found.items() if not one["kept"]]:
        raise SystemExit(f"not kept: {', '.join(broken)}")


if __name__ == "__main__":
    main(sys.argv[1:])
