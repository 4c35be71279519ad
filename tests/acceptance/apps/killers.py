"""An app of bad days: a handler that kills its worker, neighbours that are hit with it, one that talks too much.

A row commits with its run. A line is written at once, so lines tell when and where a handler was called.
"""

import asyncio
import json
import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.features.event_handlers import Context, Event, Outcome, RetryPolicy, Snooze, on

CALLS = Path("calls")
GO = Path("go")
SNOOZE = timedelta(seconds=2)
LONG = 600.0
_few = asyncio.Semaphore(4)


@on("product.create")
async def deadly(event: Event, _: Context) -> None:
    """Ends its process, now this way, now that."""
    called("deadly", event)
    if event.attempt % 2:
        os._exit(9)
    os.kill(os.getpid(), signal.SIGSEGV)


@on("category.create")
async def neighbour(event: Event, ctx: Context) -> None:
    """Long enough at it to be hit by what happens beside it."""
    called("neighbour", event)
    await asyncio.sleep(0.3)
    await leave_a_row(event, ctx, "neighbour")


@on("customer.create", time_limit=LONG)
async def patient(event: Event, ctx: Context) -> None:
    """Waits to be told to go on, and then leaves its row."""
    called("patient", event)
    while not GO.exists():
        await asyncio.sleep(0.05)
    await leave_a_row(event, ctx, "patient")


@on("customer.update", retry=RetryPolicy(max_attempts=1))
async def talkative(event: Event, _: Context) -> None:
    """Puts everything it was given into its error, and into one that led to it."""
    password = "a local variable of a handler"
    try:
        json.loads(f"{event.data}")
    except ValueError as error:
        raise ValueError(f"cannot handle {event.data} with {len(password)} letters") from error


@on("category.update")
async def sleepy(event: Event, ctx: Context) -> Outcome:
    """Snoozes once, then leaves a row."""
    called("sleepy", event)
    if len([line for line in CALLS.read_text().splitlines() if "sleepy" in line]) == 1:
        return Snooze(datetime.now(UTC) + SNOOZE)
    await leave_a_row(event, ctx, "sleepy")
    return None


async def leave_a_row(event: Event, ctx: Context, handler: str) -> None:
    async with _few, ctx.unit_of_work as database:
        await database.execute(
            "INSERT INTO effects (event_id, handler, attempt, pid) VALUES ($1, $2, $3, $4)",
            event.id,
            handler,
            event.attempt,
            os.getpid(),
        )


def called(handler: str, event: Event) -> None:
    line = {
        "handler": handler,
        "event": str(event.id),
        "attempt": event.attempt,
        "pid": os.getpid(),
        "at": time.time(),
    }
    with CALLS.open("a") as calls:
        calls.write(json.dumps(line) + "\n")
