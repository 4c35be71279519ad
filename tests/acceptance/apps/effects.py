"""An app whose handlers leave traces: rows in a table that keeps every one, and lines in a file where it runs.

A row commits with its run. A line is written at once, so lines tell how often a handler was called.
"""

import asyncio
import json
import os
from pathlib import Path

from core.features.event_handlers import Context, Event, RetryPolicy, on
from core.ports.event_ledger import AppTransaction

CALLS = Path("calls")
SOON = RetryPolicy(max_attempts=5, first_wait=0.2)


@on("category.create")
async def steady(event: Event, ctx: Context) -> None:
    called("steady", event)
    async with ctx.unit_of_work as database:
        await leave_a_row(database, event, "steady")


@on("category.create", retry=SOON)
async def stumbling(event: Event, ctx: Context) -> None:
    """Fails twice, each time with its effect written already: inside the unit of work, then after it."""
    called("stumbling", event)
    async with ctx.unit_of_work as database:
        await leave_a_row(database, event, "stumbling")
        if event.attempt == 1:
            raise RuntimeError("stumbled inside")
    if event.attempt == 2:
        raise RuntimeError("stumbled after")


@on("customer.create")
async def greeting(event: Event, ctx: Context) -> None:
    async with ctx.unit_of_work as database:
        await leave_a_row(database, event, "greeting")


@on("product.create")
async def slow(event: Event, ctx: Context) -> None:
    """Stays in its unit of work until its process is told to go on, by a file."""
    async with ctx.unit_of_work as database:
        await leave_a_row(database, event, "slow")
        called("slow", event)
        while not Path(f"go-{os.getpid()}").exists():
            await asyncio.sleep(0.02)


async def leave_a_row(database: AppTransaction, event: Event, handler: str) -> None:
    await database.execute(
        "INSERT INTO effects (event_id, handler, attempt, pid) VALUES ($1, $2, $3, $4)",
        event.id,
        handler,
        event.attempt,
        os.getpid(),
    )


def called(handler: str, event: Event) -> None:
    line = {"handler": handler, "event": str(event.id), "attempt": event.attempt, "pid": os.getpid()}
    with CALLS.open("a") as calls:
        calls.write(json.dumps(line) + "\n")
