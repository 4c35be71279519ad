"""An app with a mistake that can be mended while it runs: its handler fails until there is the file of MENDED."""

import os
from pathlib import Path

from core.features.event_handlers import Context, Event, RetryPolicy, on


@on("order.create", name="shop.greet", retry=RetryPolicy(max_attempts=1))
async def greet(event: Event, ctx: Context) -> None:
    if not Path(os.environ["MENDED"]).exists():
        raise KeyError("nickname")
