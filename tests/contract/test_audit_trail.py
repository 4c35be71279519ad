"""What the audit trail promises."""

from core.domain.audit import AuditEntry
from core.ids import InstallId
from tests.contract.scenes import audit
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
