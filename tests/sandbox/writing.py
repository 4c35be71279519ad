"""What tests of writes share: what webhooks told, and products to write on."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

PRODUCTS = "/v1/products/"
Told = Callable[[], Awaitable[list[tuple[str, Any]]]]


async def listening(zid: Any, tokens: Any, *names: str) -> Told:
    """Subscribes to events; gives what was told so far, as pairs of event and body."""
    for name in names:
        await zid.subscribe(tokens, name, f"/{name}")

    async def told() -> list[tuple[str, Any]]:
        await zid.settled()
        return [(row.path[1:], json.loads(row.body)) for row in zid.receiver.received if row.path[1:] in names]

    return told


async def standalone(zid: Any, tokens: Any) -> Any:
    rows = (await zid.control("GET", f"/stores/{tokens.store_id}/entities/products"))["items"]
    return next(row for row in rows if row["structure"] == "standalone" and not row["is_infinite"])


async def with_variants(send: Any) -> Any:
    """A new product with two sizes."""
    made = await send("POST", PRODUCTS, 201, json={"name": {"ar": "ثوب", "en": "Thobe"}, "price": 5, "quantity": 3})
    attribute = next(row for row in (await send("GET", "/v1/attributes/"))["results"] if len(row["presets"]) == 3)
    rows = [
        {"sku": f"T-{at}", "attributes": [{"slug": attribute["slug"], "value": {"ar": "", "en": preset["value"]}}]}
        for at, preset in enumerate(attribute["presets"][:2])
    ]
    return await send("POST", f"{PRODUCTS}{made['id']}/variants/", 201, json={"variants": rows})
