"""What is said of every member of a ring, and when it may go."""

from collections.abc import Mapping

from core.domain.rings import Holder, RingName, Rings
from core.features.key_status import AUDIT, DATA_KEYS, SPOOLED, Counted, KeyReport, KeyStatus, Member
from core.features.rotate_keys import BEGUN
from core.ids import WorkerId
from core.ports.sealed_vault import Part, RotationKind, SetAside
from tests.contract.scenes import audit, install
from tests.contract.worlds import LedgerWorld


def counted(**numbers: int) -> Counted:
    async def count() -> Mapping[str, int]:
        return numbers

    return count


async def read(
    world: LedgerWorld,
    own: Rings,
    *,
    spooled: Mapping[str, int] | None = None,
    audited: Mapping[str, int] | None = None,
) -> KeyReport:
    status = KeyStatus(
        own=own,
        webhook_secrets=(),
        rings=world.process_rings,
        census=world.census,
        addresses=world.addresses,
        spooled=counted(**(spooled or {})),
        audited=counted(**(audited or {})),
    )
    return await status.read()


def member(report: KeyReport, name: str) -> Member:
    return next(one for one in report.members if one.member == name)


async def test_a_key_may_go_when_it_seals_nothing_and_nobody_puts_it_in_front(world: LedgerWorld) -> None:
    own = {RingName.TOKENS: ("new", "old")}
    assert member(await read(world, own), "old").may_go is True
    for uses in ({"spooled": {"old": 3}}, {"audited": {"old": 1}}):
        assert member(await read(world, own, **uses), "old").may_go is False

    worker = await world.workers.join("http")
    await world.process_rings.note(Holder(worker, "http", {RingName.TOKENS: ("old", "new")}))
    old = member(await read(world, own), "old")
    assert (old.may_go, old.why) == (False, f"first in http (worker {worker})")
    await world.process_rings.note(Holder(worker, "http", {RingName.TOKENS: ("old",)}))
    assert [holder.worker for holder in member(await read(world, own), "new").strangers] == [worker]


async def test_everything_a_key_seals_is_counted(world: LedgerWorld) -> None:
    await install(world)
    old = world.sealer_of("first").seals_with
    report = await read(world, {RingName.TOKENS: ("new", old)}, spooled={old: 3}, audited={old: 1})
    found = member(report, old)
    assert found.uses == {DATA_KEYS: 1, SPOOLED: 3, AUDIT: 1}
    assert found.why == "1 data keys; 3 spooled deliveries; 1 audit end"
    assert member(report, "new").may_go is False, "it seals from now on"
    assert report.sound


async def test_a_key_that_is_needed_and_not_held_is_shown(world: LedgerWorld) -> None:
    await install(world)
    report = await read(world, {RingName.TOKENS: ("new",)})
    missing = member(report, world.sealer_of("first").seals_with)
    assert (missing.place, missing.may_go, report.sound) == (None, False, False)
    assert "put it back" in missing.why


async def test_what_cannot_be_counted_says_where_it_shows(world: LedgerWorld) -> None:
    report = await read(world, {RingName.SESSIONS: ("s2", "s1"), RingName.APP_EVENTS: ("a2", "a1")})
    assert member(report, "s1").may_go is None
    assert "a day after" in member(report, "s1").why
    assert "Partner Dashboard" in member(report, "a1").why
    assert member(report, "s2").may_go is False


async def test_rotations_quarantine_and_processes_are_part_of_it(world: LedgerWorld) -> None:
    live = await install(world)
    rotation = await world.sealed.begin(RotationKind.RING, "new", audit=audit(BEGUN))
    aside = SetAside(live.store_id, live.install_id, Part.DATA_KEY, "old", "changed")
    assert await world.census.set_aside([aside, aside]) == 1
    worker = WorkerId(await world.workers.join("http"))
    await world.process_rings.note(Holder(worker, "http", {}))
    report = await read(world, {})
    assert report.rotations == {RotationKind.RING: (rotation, None)}
    assert [one.store_id for one in report.quarantined] == [live.store_id]
    assert [holder.worker for holder in report.processes] == [worker]
    assert not report.sound
    held = member(await read(world, {RingName.TOKENS: ("new", "old")}), "old")
    assert (held.may_go, held.waiting) == (True, 1)
    assert held.why == "nothing needs it but 1 stores in quarantine"
