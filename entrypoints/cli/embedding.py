"""`wasl stores embed`, and how a store's embedded app stands in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.features.register_embedded import Registration
from core.ids import InstallId, StoreId
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import ACTOR
from entrypoints.cli.opened import with_features
from entrypoints.cli.output import show_record
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from config.container import Adapters
    from entrypoints.wiring import Daemon


def embed(
    store_id: Annotated[int, typer.Argument(metavar="STORE_ID", min=1, help="Its number at Zid.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Give Zid a new UUID for the embedded app now; the older ones open nothing any more."""

    async def work(parts: Daemon) -> Registration | None:
        if not parts.settings.zid_embedded:
            raise CommandFailed("the app is not embedded; ZID_EMBEDDED=true makes it one")
        return await parts.features.register_embedded().renew(StoreId(store_id), actor=ACTOR)

    renewed = with_features(data_dir, work)
    if renewed is None:
        raise CommandFailed(f"store {store_id} has no live install")
    if renewed.problem is not None:
        raise CommandFailed(f"Zid did not take it, the older ones stay: {renewed.problem}")
    show_record({"store_id": store_id, "registered": True, "page": renewed.page}, as_json=as_json)


async def embedded_words(adapters: Adapters, install_id: InstallId) -> str | None:
    """`registered 2026-01-01 10:00 UTC`, and why the last try failed; None where it never was tried."""
    found = await adapters.embedded_tokens().of_install(install_id)
    if found is None:
        return None
    since = f"registered {found.registered_at:%Y-%m-%d %H:%M} UTC" if found.registered_at else "not registered"
    return f"{since}; last try: {found.problem}" if found.problem else since
