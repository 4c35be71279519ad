"""After a backup: tokens doubted first, erasures applied again, every live store read anew."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.embedded import MemoryEmbeddedTokens
from adapters.memory.gaps import MemoryGaps
from adapters.memory.restoring import MemoryTokenDoubts
from core.domain.audit import AuditEntry
from core.domain.erasures import ErasureKind, ErasureLine
from core.domain.people import Person
from core.domain.stores import InstallState
from core.features.restore_backup import CAUSE, RestoreBackup, Restored
from core.ids import StoreId
from core.ports.installations import Intent
from tests.integration.routes.world import STORE, World

OTHER = StoreId(1002)
LAYLA = Person.asked_for(customer_id="77")


@pytest.fixture
async def world() -> World:
    world = World()
    await world.start()
    await world.installed()
    await world.installed(OTHER)
    return world


def _restore(world: World) -> RestoreBackup:
    services = world.services()
    return RestoreBackup(
        doubts=MemoryTokenDoubts(world.database),
        erase=services.erasing.erase,
        log=world.erasure_log,
        installations=world.installations,
        gaps=MemoryGaps(world.database),
        reconciliation=services.reconciliation,
        trail=world.trail,
        clock=world.clock,
    )


async def test_what_was_erased_since_is_erased_again_without_asking_zid(world: World) -> None:
    since = world.clock.now()
    world.erasure_log.lines += [
        ErasureLine(since - timedelta(hours=1), ErasureKind.STORE, STORE),
        ErasureLine(since + timedelta(hours=1), ErasureKind.STORE, OTHER),
        ErasureLine(since + timedelta(hours=2), ErasureKind.CUSTOMER, STORE, LAYLA),
        ErasureLine(since + timedelta(hours=2), ErasureKind.CUSTOMER, StoreId(999), LAYLA),
    ]
    noted = len(world.database.audit)
    assert await _restore(world).foretell(since) == Restored(tokens=2, erasures=2, stores=1)
    assert len(world.database.audit) == noted, "telling changes nothing"
    assert await _restore(world).put_right(since, actor="cli") == Restored(tokens=2, erasures=2, stores=1)
    here, there = await world.installations.current(STORE), await world.installations.current(OTHER)
    assert here is not None
    assert there is not None
    assert (here.state, there.state) == (InstallState.ACTIVE, InstallState.UNINSTALLED)
    assert world.gateway.calls == []
    assert world.exchange.refreshes.asked == []
    actions = [entry.action for entry in world.database.audit]
    assert {"store.erased", "customer.erased"} <= set(actions)
    assert actions[-1] == "backup.restored"


async def test_every_live_store_has_a_gap_and_a_reconciliation_to_come(world: World) -> None:
    since = world.clock.now()
    world.clock.advance(3600)
    await _restore(world).put_right(since, actor="cli")
    for store in (STORE, OTHER):
        [known] = await MemoryGaps(world.database).of_store(store)
        assert (known.gap.topic, known.gap.since, known.gap.cause) == (None, since, CAUSE)
        assert known.gap.until == world.clock.now()
        assert len(await world.reconciliations.of_store(store)) == 1


async def test_every_embedded_store_is_given_a_new_uuid(world: World) -> None:
    tokens = MemoryEmbeddedTokens(world.database)
    install = await world.installations.current(STORE)
    assert install is not None
    await tokens.offer(STORE, install.install_id, b"before the backup")
    await tokens.accept(b"before the backup", again_in=None, audit=AuditEntry("embedded.registered"))
    await replace(_restore(world), embedded=tokens).put_right(world.clock.now(), actor="cli")
    due = await tokens.claim_due(hold=timedelta(minutes=5), limit=10)
    assert {one.store_id for one in due} == {STORE, OTHER}
    assert await tokens.redeem(b"before the backup", overlap=timedelta(0)), "it may be the one that Zid has"


async def test_no_token_is_exchanged_before_a_look(world: World) -> None:
    await _restore(world).put_right(world.clock.now(), actor="cli")
    install = await world.installations.current(STORE)
    seen = await world.vault.open(STORE)
    assert install is not None
    assert seen is not None
    assert world.worker is not None
    assert await world.book.begin(install.install_id, seen.generation, world.worker) is Intent.UNKNOWN


async def test_once_more_does_no_harm(world: World) -> None:
    since = world.clock.now()
    world.erasure_log.lines.append(ErasureLine(since, ErasureKind.STORE, OTHER))
    restore = _restore(world)
    first = await restore.put_right(since, actor="cli")
    again = await restore.put_right(since, actor="cli")
    assert (first.stores, again.stores) == (1, 1)
    assert len(await MemoryGaps(world.database).of_store(STORE)) == 1
