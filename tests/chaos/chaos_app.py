"""An app whose handlers leave traces in both places an effect can be: the database, and a server elsewhere.

A row commits with its run. A call is made at once, so a run whose worker dies may make it again.
"""

import asyncio
import json
import os
from urllib.parse import urlsplit

from core.features.event_handlers import Context, Event, on

ELSEWHERE = urlsplit(os.environ.get("CHAOS_ELSEWHERE", ""))


@on("customer.create")
async def greeting(event: Event, ctx: Context) -> None:
    await tell({"key": ctx.idempotency_key, "event": str(event.id), "pid": os.getpid()})
    await leave_a_row(event, ctx, "greeting")


@on("order.status_changed")
async def status(event: Event, ctx: Context) -> None:
    await leave_a_row(event, ctx, "status")


async def leave_a_row(event: Event, ctx: Context, handler: str) -> None:
    async with ctx.unit_of_work as database:
        await database.execute(
            "INSERT INTO chaos_effects (key, event_id, handler, pid) VALUES ($1, $2, $3, $4)",
            ctx.idempotency_key,
            event.id,
            handler,
            os.getpid(),
        )


async def tell(document: dict[str, object]) -> None:
    """One small request, answered before this returns."""
    assert ELSEWHERE.hostname is not None
    reader, writer = await asyncio.open_connection(ELSEWHERE.hostname, ELSEWHERE.port)
    try:
        body = json.dumps(document).encode()
        head = f"POST / HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.readline()
        if b" 204 " not in answer:
            raise ConnectionError(f"elsewhere answered {answer!r}")
    finally:
        writer.close()
