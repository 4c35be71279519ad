"""When a try-out moves to another PUBLIC_URL, the webhooks of its stores follow."""

from __future__ import annotations

from typing import Final

from config.settings import Settings
from core.domain.stores import LIVE, Install
from core.errors import WaslError
from entrypoints.wiring import Daemon, daemon

PAGE: Final = 500


async def subscribe_anew(settings: Settings) -> list[str]:
    """Points every live store's webhooks at PUBLIC_URL; a line for each store where that failed."""
    async with daemon(settings, "up") as parts:
        return [line for install in await _live(parts) if (line := await _subscribe(parts, install))]


async def _live(parts: Daemon) -> list[Install]:
    found: list[Install] = []
    after = None
    while page := await parts.adapters.installations().page(after=after, limit=PAGE):
        found += [install for install in page if install.state in LIVE]
        after = page[-1].store_id
    return found


async def _subscribe(parts: Daemon, install: Install) -> str | None:
    try:
        report = await parts.features.webhooks().ensure(install, parts.features.topics())
    except WaslError as error:
        return f"store {install.store_id}: {error}"
    return f"store {install.store_id}: {report.failed[0][0]}: {report.failed[0][1]}" if report.failed else None
