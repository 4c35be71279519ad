"""What Zid sees on bad days: more webhooks than can be taken in, and an http process that is frozen.

It runs a real `wasl up` of its own (as benchmarks/flood.py does) and sends webhooks at a rate that does not wait for
answers, from a process of its own. Every answer has to be
200 or 429; what was answered 200 has to be in the ledger afterwards, once; the longest 200 and the time until a frozen
http process is replaced are what is promised.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import aiohttp
import psutil
import psycopg

from benchmarks.flood import FLOODING, Addressed, install, service
from benchmarks.report import Goal, Report, Scale, told
from core.domain.secret import Secret

RATE = 6000.0
"""Webhooks a second, whatever is answered: about twice what a machine of two cores takes in."""
LONGEST_ANSWER = 5.0
REPLACED_WITHIN = 5.0
CONNECTIONS = 500
"""At once. What would need another one is not sent: its wait would be the sender's own."""
DRAIN_SECONDS = 300
SERVING = "http_serving"


async def send(address: Addressed, rate: float, seconds: float) -> tuple[Counter[str], dict[str, float]]:
    """Answers by status, and the longest wait for each."""
    statuses: Counter[str] = Counter()
    longest: dict[str, float] = {}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    under_way: set[asyncio.Task[None]] = set()

    async def one(session: aiohttp.ClientSession) -> None:
        order = {"id": uuid4().int % 10**12, "updated_at": "2026-01-01 10:00:00", "order_status": {"code": "new"}}
        began = time.monotonic()
        try:
            async with session.post(address.url, json={**order, "note": "x" * 1000}, headers=address.headers) as answer:
                status = str(answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            status = type(error).__name__
        statuses[status] += 1
        longest[status] = max(longest.get(status, 0.0), round(time.monotonic() - began, 2))

    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as sending:
        began, sent = time.monotonic(), 0
        while (now := time.monotonic() - began) < seconds:
            for _ in range(int(now * rate) - sent):
                sent += 1
                if len(under_way) < CONNECTIONS:
                    task = sending.create_task(one(session))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
            await asyncio.sleep(0.005)
    return statuses, longest


def _send(address: Addressed, rate: float, seconds: float) -> tuple[Counter[str], dict[str, float]]:
    return asyncio.run(send(address, rate, seconds))


def overloaded(environment: Mapping[str, str], rate: float, seconds: float) -> dict[str, object]:
    with psycopg.connect(environment["MIGRATE_DATABASE_URL"], autocommit=True) as database:
        address = install(database, Secret(environment["WEBHOOK_SECRET"].split(",")[0]))[FLOODING]
        with get_context("spawn").Pool(1) as sender:
            warm, _ = sender.apply(_send, (address, 50.0, 2.0))
            before = until_entered(database, warm["200"])
            statuses, longest = sender.apply(_send, (address, rate, seconds))
        entered = until_entered(database, before + statuses["200"])
        gaps = (database.execute("SELECT count(*) FROM gaps").fetchone() or (0,))[0]
    return {
        "answers": dict(statuses),
        "longest": longest,
        "acknowledged_and_entered": entered - before,
        "gaps": gaps,
    }


def count(database: psycopg.Connection[tuple[object, ...]]) -> int:
    return int(str((database.execute("SELECT sum(accepted) FROM intake").fetchone() or (0,))[0] or 0))


def until_entered(database: psycopg.Connection[tuple[object, ...]], wanted: int) -> int:
    """What is spooled follows; the count once it is there."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while (entered := count(database)) < wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    return entered


def frozen(home: Path) -> float:
    """Seconds from SIGSTOP of an http process until the one in its place serves."""
    logs = [home / ".wasl" / "logs" / f"http-{number}.log" for number in (1, 2)]
    known = sum(map(starts, logs))
    began = time.monotonic()
    http_processes()[0].send_signal(signal.SIGSTOP)
    while sum(map(starts, logs)) == known and time.monotonic() - began < DRAIN_SECONDS:
        time.sleep(0.02)
    return round(time.monotonic() - began, 2)


def http_processes() -> list[psutil.Process]:
    """Of this `wasl up`."""
    children = psutil.Process(os.getpid()).children(recursive=True)
    return [one for one in children if _title(one) == "wasl http"]


def _title(process: psutil.Process) -> str:
    """Empty when it is gone."""
    try:
        return (process.cmdline() or [""])[0]
    except psutil.Error:
        return ""


def starts(log: Path) -> int:
    """How often this process has begun to serve."""
    return log.read_text(errors="replace").count(SERVING)


def benchmark(scale: Scale) -> Report:
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as name:
        home = Path(name)
        home.chmod(0o711)
        with service(home) as environment:
            result = overloaded(environment, RATE, scale.pick(2.0, 10.0, 60.0))
            replaced = frozen(home)
    answers, longest = result["answers"], result["longest"]
    assert isinstance(answers, dict)
    assert isinstance(longest, dict)
    check(answers, result["acknowledged_and_entered"])
    return Report(
        goals=[
            Goal("longest wait for a 200", longest["200"], LONGEST_ANSWER, at_least=False, unit=" s"),
            Goal("a frozen http process replaced after", replaced, REPLACED_WITHIN, at_least=False, unit=" s"),
        ],
        facts={"rate": RATE, **result},
        checked=["every answer was 200 or 429", "what was answered 200 is in the ledger, once"],
    )


def check(answers: Mapping[str, int], entered: object) -> None:
    """Fails where an answer was another one, or where one that was given is not true."""
    if others := set(answers) - {"200", "429"}:
        raise SystemExit(f"neither 200 nor 429: {sorted(others)}")
    if entered != answers["200"]:
        raise SystemExit("what was answered 200 and what is in the ledger differ")


if __name__ == "__main__":
    told(benchmark)
