"""What the audit trail promises."""

from datetime import timedelta

import pytest
from structlog.contextvars import bound_contextvars

from core.domain.audit import AuditEntry
from core.ids import InstallId
from tests.contract.scenes import audit, install
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


async def test_an_entry_is_read_as_it_was_written(world: LedgerWorld) -> None:
    entry = AuditEntry(
        "token.renewed", STORE, InstallId(7), "key 12", "request-1", {"generation": 2, "ok": True, "reason": None}
    )
    bare = AuditEntry("config.checked")
    await world.trail.note(entry)
    await world.trail.note(bare)
    assert [record.entry for record in await world.log.page()] == [bare, entry]
    assert all(record.at.tzinfo is not None for record in await world.log.page())


async def test_the_trail_is_read_newest_first_by_store_and_page(world: LedgerWorld) -> None:
    for number in range(6):
        await world.trail.note(audit(f"action {number}", STORE if number % 2 else OTHER_STORE))
    actions, before = [], None
    while page := await world.log.page(before=before, limit=4):
        actions += [record.entry.action for record in page]
        before = page[-1].audit_id
    assert actions == [f"action {number}" for number in reversed(range(6))]
    of_one = await world.log.page(store_id=STORE, limit=2)
    assert [record.entry.action for record in of_one] == ["action 5", "action 3"]


async def test_everything_that_is_asked_for_must_match(world: LedgerWorld) -> None:
    for action in ("key.made", "key.revoked"):
        for actor in ("cli", "key 12"):
            for store_id in (STORE, OTHER_STORE):
                await world.trail.note(AuditEntry(action, store_id, actor=actor))
    everything = list(await world.log.page())
    assert len(everything) == 8
    by_action = await world.log.page(action="key.made")
    assert list(by_action) == [one for one in everything if one.entry.action == "key.made"]
    by_actor = await world.log.page(actor="key 12", before=everything[2].audit_id)
    assert list(by_actor) == [one for one in everything[3:] if one.entry.actor == "key 12"]
    [one] = await world.log.page(action="key.revoked", actor="cli", store_id=OTHER_STORE, since=everything[-1].at)
    assert one in everything
    assert list(await world.log.page(since=everything[0].at + timedelta(hours=1))) == []
    assert list(await world.log.page(since=everything[-1].at, limit=3)) == everything[:3]
    assert list(await world.log.page(until=everything[-1].at)) == []
    assert list(await world.log.page(until=everything[0].at + timedelta(hours=1), limit=3)) == everything[:3]


async def test_an_entry_carries_the_id_of_the_request_being_answered(world: LedgerWorld) -> None:
    with bound_contextvars(request_id="req-7"):
        await world.trail.note(audit("asked"))
        await world.trail.note(AuditEntry("told", request_id="its own"))
        live = await install(world)
    await world.trail.note(audit("later"))
    later, installed, told, asked = [record.entry.request_id for record in await world.log.page()]
    assert (asked, told, installed, later) == ("req-7", "its own", "req-7", None)
    assert live.epoch == 1


@pytest.mark.parametrize("epoch", [1, 2])
async def test_the_epoch_of_the_install_is_told(world: LedgerWorld, epoch: int) -> None:
    for _ in range(epoch):
        live = await install(world)
    await world.trail.note(audit("of it", STORE, live.install_id))
    await world.trail.note(audit("of none", STORE, InstallId(1)))
    of_none, of_it, *_ = await world.log.page()
    assert (of_it.epoch, of_none.epoch) == (epoch, None)


async def test_what_a_command_writes_names_its_user(world: LedgerWorld) -> None:
    with bound_contextvars(user="layla"):
        await world.trail.note(AuditEntry("key.rotated", actor="cli", details={"key_id": 7}))
    [record] = await world.log.page()
    assert record.entry.details == {"key_id": 7, "user": "layla"}
