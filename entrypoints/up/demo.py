"""What a stranger watches: a store is installed through the real OAuth flow, then its orders flow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from entrypoints.failures import CommandFailed
from entrypoints.up.sandbox_control import SandboxControl
from entrypoints.up.screen import Screen, Tone

PRODUCTS: Final = 12
CUSTOMERS: Final = 8
ORDERS: Final = 20
ORDERS_PER_SECOND: Final = 2


async def show_demo(sandbox: SandboxControl, screen: Screen, command: str, look: Callable[[], Awaitable[None]]) -> None:
    """Installs a new store of the sandbox and lets orders flow; a failure is told, not raised."""
    try:
        store_id = await new_store(sandbox)
        screen.line(f"demo: a merchant clicks Activate ({sandbox.activate_url(store_id)})", Tone.QUIET)
        await sandbox.click_activate(store_id)
        await look()
        await sandbox.trigger(
            {"store_id": store_id, "event": "order.create", "count": ORDERS, "rate": ORDERS_PER_SECOND}
        )
        screen.line(f"demo: {ORDERS} orders flow in, {ORDERS_PER_SECOND} a second", Tone.QUIET)
        screen.line(f"then try: {command} trigger order.create --count 200", Tone.QUIET)
    except CommandFailed as error:
        screen.line(f"demo: {error}", Tone.WARN)


async def offer_install(sandbox: SandboxControl, screen: Screen, command: str) -> None:
    """What to click and to type instead of the demo."""
    try:
        stores = await sandbox.stores()
        if not any(store["installs"] for store in stores):
            store_id = stores[0]["store_id"] if stores else await new_store(sandbox)
            screen.line(f"install a store: open {sandbox.activate_url(store_id)}")
        screen.line(f"let something happen: {command} trigger order.create --count 20 --rate 2")
    except CommandFailed as error:
        screen.line(f"sandbox: {error}", Tone.WARN)


async def new_store(sandbox: SandboxControl) -> int:
    """A store that is ready to be installed."""
    return await sandbox.create_store(products=PRODUCTS, customers=CUSTOMERS)
