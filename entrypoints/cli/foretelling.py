"""What a command would do that cannot be undone, for `--dry-run`: read only, nothing asked for, nothing audited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.domain.event_states import EventState, Ledger
from core.domain.people import Person
from core.domain.stores import LIVE
from core.ids import StoreId
from entrypoints.cli.output import Row
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from config.container import Adapters

OPEN = (EventState.QUEUED, EventState.RUNNING, EventState.WAITING)
NEVER_INSTALLED = "store {store_id} was never installed; `wasl stores list` shows the known ones"


async def revoking(adapters: Adapters, store_id: StoreId) -> Row:
    """What ending the install would take along. CommandFailed where there is no live one."""
    install = await adapters.installations().current(store_id)
    if install is None or install.state not in LIVE:
        raise CommandFailed(f"store {store_id} has no live install; `wasl stores list` shows those that have")
    found = await adapters.installations().subscriptions(install.install_id)
    return {
        "store_id": store_id,
        "dry_run": True,
        "would_end": f"install {install.epoch}, {install.state.value}",
        "would_cancel_events": _open(await adapters.reader().books(store_id)),
        "would_remove_webhooks": [one.event for one in found],
        "would_shred_tokens": True,
    }


async def erasing_store(adapters: Adapters, store_id: StoreId) -> Row:
    """What erasing the store would remove, by table."""
    install = await adapters.installations().current(store_id)
    if install is None:
        raise CommandFailed(NEVER_INSTALLED.format(store_id=store_id))
    left = await adapters.store_eraser().left(store_id)
    return {"store_id": store_id, "dry_run": True, "would_end_install": install.state in LIVE, "would_remove": {**left}}


async def erasing_person(adapters: Adapters, store_id: StoreId, person: Person) -> Row:
    """How much is held about the person, by kind."""
    if await adapters.installations().current(store_id) is None:
        raise CommandFailed(NEVER_INSTALLED.format(store_id=store_id))
    people = adapters.personal_data()
    held = await people.held(store_id, await people.identify(store_id, person))
    return {"store_id": store_id, "dry_run": True, "would_remove": _counted(held)}


def _counted(held: Mapping[str, object]) -> dict[str, int]:
    """Lists by their length, one thing as one."""
    return {name: len(found) if isinstance(found, list) else 1 for name, found in held.items() if found}


def _open(ledger: Ledger) -> int:
    return sum(books.count(state) for books in ledger.by_origin.values() for state in OPEN)
