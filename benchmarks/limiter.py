"""How much of a store's allowance eight processes use together, and whether Zid ever has to refuse one.

`python -m benchmarks.limiter [--scale quick|usual|large]`. Eight processes of one app call for one store as fast as
they are let, against a stub that holds Zid's bucket and answers 429 beyond it. What counts is what the stub counted
between its first and its last answer, to what flows into the bucket in that time; the burst that a rested bucket
gives at once comes on top and is left out. The large run has the allowance of the settings, sixty a minute; the others
have more, so that they end soon.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from urllib.request import urlopen

import psycopg

from benchmarks.gateway import PEERS, page
from benchmarks.report import Goal, Report, Scale, Series, told
from benchmarks.rounds import Figure
from benchmarks.vault import fill
from benchmarks.world import TREE, Bench, bench
from core.domain.rate import Allowance
from core.domain.secret import Secret

PROCESSES = 8
CALLERS = 4
"""In each process."""
SHARE = 0.95
START_SECONDS = 60


def counted(url: str) -> dict[str, float]:
    with urlopen(f"{url}/counted", timeout=10) as answer:
        return dict(json.load(answer))


def flood(on: Bench, url: str, allowance: Allowance, processes: int, seconds: int) -> dict[str, float]:
    """What the stub counted, after a second of it and until its end; and the calls that the processes made."""
    given = on.settings(ZID_API_URL=url, ZID_OAUTH_URL=url, ZID_RATE_PER_MINUTE=str(int(allowance.per_minute)))
    given |= {"PUBLIC_URL": "http://127.0.0.1:1", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-P", "-m", "benchmarks.peers.wasl_flood", str(seconds), str(CALLERS)]
    log = (on.home / "flood.log").open("wb")
    crowd = [
        subprocess.Popen(command, env=given, cwd=TREE, stdout=subprocess.PIPE, stderr=log, text=True)
        for _ in range(processes)
    ]
    for one in crowd:
        assert one.stdout is not None
        assert one.stdout.readline().strip() == "ready", (on.home / "flood.log").read_text()[-2000:]
    time.sleep(seconds / 5)  # what a rested bucket gives at once is gone
    before = counted(url)
    time.sleep(seconds / 2)
    found = counted(url)
    answered = sum(int(one.communicate(timeout=seconds + START_SECONDS)[0]) for one in crowd)
    after = counted(url)
    total = before["answered"] + found["answered"] + after["answered"]
    if answered != total:
        raise SystemExit(f"the processes made {answered} calls, the stub answered {total}")
    return {
        "used": (found["answered"] - 1) / found["seconds"] / allowance.rate,
        "throttled": before["throttled"] + found["throttled"] + after["throttled"],
    }


def benchmark(scale: Scale) -> Report:
    pace, seconds = scale.pick(60, 20, 1), scale.pick(2, 20, 180)
    allowance, rounds = Allowance(60.0 * pace), scale.pick(1, 2, 1)
    processes = scale.pick(2, PROCESSES, PROCESSES)
    with bench(0) as on:
        with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
            fill(owner, 1, Secret(on.token_key))
        port, written = on.port(), on.home / "page.json"
        written.write_bytes(page()[0])
        stub = [sys.executable, str(PEERS / "zid_stub.py"), str(port), str(written), str(allowance.per_minute)]
        with on.process(stub, "zid_stub", "ready"):
            found = [flood(on, f"http://127.0.0.1:{port}", allowance, processes, seconds) for _ in range(rounds)]
    used = Figure("wasl", tuple(one["used"] for one in found))
    refused = sum(one["throttled"] for one in found)
    return Report(
        series=[Series(f"The allowance of one store, {processes} processes", "of the allowed rate", [used])],
        goals=[
            Goal("allowed rate used", used.median, SHARE, True, "", (min(used.values), max(used.values))),
            Goal("429 from Zid", refused, 0, False),
        ],
        facts={"allowed_per_minute": allowance.per_minute, "processes": processes, "callers": processes * CALLERS},
        checked=["the stub answered as many calls as the processes made"],
    )


if __name__ == "__main__":
    told(benchmark)
