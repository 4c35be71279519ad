"""A store's state and its alert change together or not at all."""

from typing import cast

import asyncpg
import pytest

from adapters.postgres.alerts import PostgresAlerts
from core.domain.audit import AuditEntry
from core.domain.stores import Install, InstallState
from core.ids import Generation
from core.ports.alerts import AlertFilter
from tests.integration.vault.vault_world import World

UNWRITABLE = cast(dict[str, str], {"reason": object()})
"""Details that the audit trail cannot take, so that the transaction fails at its very end."""


async def stands(world: World) -> list[tuple[str, bool]]:
    rows = await world.pool.fetch("SELECT kind, healed_at IS NULL FROM alerts ORDER BY alert_id")
    return [(kind, is_open) for kind, is_open in rows]


async def state(world: World, install: Install) -> InstallState:
    found = await world.installations.current(install.store_id)
    assert found is not None
    return found.state


async def move(world: World, install: Install, target: InstallState, details: dict[str, str]) -> None:
    audit = AuditEntry("install.moved", install.store_id, install.install_id, details=details)
    await world.installations.change_state(install.install_id, target, audit=audit)


async def test_a_move_that_is_not_committed_raises_and_heals_nothing(world: World) -> None:
    install = await world.install()
    with pytest.raises(asyncpg.DataError):
        await move(world, install, InstallState.NEEDS_REAUTHORIZATION, UNWRITABLE)
    assert (await state(world, install), await stands(world)) == (InstallState.ACTIVE, [])
    await move(world, install, InstallState.NEEDS_REAUTHORIZATION, {"reason": "refused"})
    with pytest.raises(asyncpg.DataError):
        await move(world, install, InstallState.ACTIVE, UNWRITABLE)
    assert await state(world, install) is InstallState.NEEDS_REAUTHORIZATION
    assert await stands(world) == [("needs_reauthorization", True)]


async def test_new_tokens_that_are_not_committed_leave_the_doubt(world: World) -> None:
    install, worker = await world.install(), await world.worker()
    await world.book.begin(install.install_id, Generation(1), worker)
    await world.book.mark_unknown(install.install_id, Generation(1), worker)
    seen = await world.opened()
    bad = AuditEntry("token.refreshed", seen.store_id, seen.install_id, details=UNWRITABLE)
    with pytest.raises(asyncpg.DataError):
        await world.vault.replace(seen, seen.tokens, refresh_at=install.installed_at, audit=bad)
    assert await stands(world) == [("refresh_in_doubt", True)]
    assert await world.renew(await world.opened())
    assert await stands(world) == [("refresh_in_doubt", False)]


async def test_alerts_of_a_later_release_are_left_to_it(world: World) -> None:
    alerts = PostgresAlerts(world.pool)
    await world.pool.execute("INSERT INTO alerts (kind, subject) VALUES ('of_a_later_release', 'app')")
    assert list(await alerts.page(AlertFilter())) == []
    assert list(await alerts.claim_news(limit=10, hold=60)) == []
    assert "of_a_later_release" not in {kind.value for kind in await alerts.open_counts()}
