"""What the sealed rows promise to whoever changes the keys, whatever else happens to the rows meanwhile."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.memory.system import ManualClock
from adapters.postgres.sealed_tokens import prove
from core.domain.alerts import AlertKind
from core.domain.audit import AuditEntry
from core.domain.rings import Holder, RingName
from core.domain.stores import Install
from core.errors import SealBroken, SettingInvalid
from core.features.rotate_keys import BEGUN, FINISHED, Healed, HealQuarantine, Locksmith, RotateKeys, Run
from core.ids import InstallId, StoreId
from core.ports.sealed_vault import (
    QUARANTINED,
    RELEASED,
    Change,
    Part,
    Rotation,
    RotationKind,
    SealedRow,
    SealedVault,
)
from tests.contract.scenes import audit, install, tokens
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

KINDS = pytest.mark.parametrize("kind", list(RotationKind))


async def rows_of(world: LedgerWorld, rotation: Rotation) -> Sequence[SealedRow]:
    return await world.sealed.page(rotation, after=None, limit=99)


async def begun(world: LedgerWorld, kind: RotationKind, ring: str = "second") -> Rotation:
    return await world.sealed.begin(kind, world.sealer_of(ring).seals_with, audit=audit(BEGUN))


def smith(world: LedgerWorld, *ring: str) -> Locksmith:
    return Locksmith(sealer=world.sealer_of(*ring), prove=prove)


def changed(world: LedgerWorld, rotation: Rotation, row: SealedRow) -> Change:
    change = smith(world, "second", "first").change(rotation.kind, row, None)
    assert change is not None
    return change


async def swap(world: LedgerWorld, rotation: Rotation, *changes: Change) -> Sequence[InstallId]:
    return await world.sealed.swap(rotation, changes, audit=audit("keys.test_swapped"))


def rotating(world: LedgerWorld, *ring: str) -> RotateKeys:
    return RotateKeys(
        vault=world.sealed,
        census=world.census,
        rings=world.process_rings,
        locksmith=smith(world, *ring),
        clock=ManualClock(),
    )


async def rotate(
    world: LedgerWorld, *ring: str, kind: RotationKind = RotationKind.RING, limit: int = 2, steps: int = 99
) -> Run:
    feature = rotating(world, *ring)
    run = await feature.begin(kind, actor="tester")
    while not run.is_over and steps:
        run, steps = await feature.step(run, limit=limit), steps - 1
    return run


async def renew(world: LedgerWorld, name: str, store_id: StoreId = STORE) -> bool:
    seen = await world.vault.open(store_id)
    assert seen is not None
    return await world.vault.replace(seen, tokens(world, name), refresh_at=world.now(), audit=audit())


async def refresh_token(world: LedgerWorld, *ring: str, store_id: StoreId = STORE) -> str:
    found = await world.vault_of(world.sealer_of(*ring)).open(store_id)
    assert found is not None
    return found.tokens.refresh_token.reveal()


async def actions(world: LedgerWorld) -> list[str]:
    return [record.entry.action for record in await world.log.page()][::-1]


async def some_installs(world: LedgerWorld, count: int) -> list[Install]:
    return [await install(world, StoreId(number)) for number in range(1, count + 1)]


@KINDS
async def test_a_rotation_is_begun_once_and_found_again_until_it_is_finished(
    world: LedgerWorld, kind: RotationKind
) -> None:
    first = await begun(world, kind)
    assert await begun(world, kind) == first
    assert await actions(world) == [BEGUN]
    await world.sealed.finish(first, audit=audit(FINISHED))
    await world.sealed.finish(first, audit=audit(FINISHED))
    assert await actions(world) == [BEGUN, FINISHED]
    assert (await begun(world, kind)).rotation_id != first.rotation_id


async def test_a_rotation_to_another_key_ends_the_unfinished_one(world: LedgerWorld) -> None:
    first = await begun(world, RotationKind.RING)
    other = await begun(world, RotationKind.RING, "third")
    assert other.rotation_id != first.rotation_id
    assert (await begun(world, RotationKind.DATA_KEYS)).rotation_id not in (first.rotation_id, other.rotation_id)
    last = await world.census.last_rotation(RotationKind.RING)
    assert last is not None
    assert last == (other, None)


async def test_the_ring_reaches_what_another_key_seals(world: LedgerWorld) -> None:
    here, there = sorted([await install(world), await install(world, OTHER_STORE)], key=lambda one: one.install_id)
    rotation = await begun(world, RotationKind.RING)
    assert [row.install_id for row in await rows_of(world, rotation)] == [here.install_id, there.install_id]
    assert await world.sealed.left(rotation) == 2
    row = (await world.sealed.page(rotation, after=here.install_id, limit=1))[0]
    assert await swap(world, rotation, changed(world, rotation, row)) == [there.install_id]
    assert [row.install_id for row in await rows_of(world, rotation)] == [here.install_id]
    assert await refresh_token(world, "second", store_id=there.store_id) == "first-refresh"


async def test_new_data_keys_reach_what_was_made_before(world: LedgerWorld) -> None:
    live = await install(world)
    rotation = await begun(world, RotationKind.DATA_KEYS)
    later = await install(world, OTHER_STORE)
    assert [row.install_id for row in await rows_of(world, rotation)] == [live.install_id]
    (row,) = await rows_of(world, rotation)
    await swap(world, rotation, changed(world, rotation, row))
    assert await world.sealed.left(rotation) == 0
    assert await refresh_token(world, "second") == "first-refresh"
    assert await refresh_token(world, "first", store_id=later.store_id) == "first-refresh"


@KINDS
async def test_what_is_swapped_keeps_its_generation_and_its_due_time(world: LedgerWorld, kind: RotationKind) -> None:
    live = await install(world)
    await renew(world, "second")
    before = await world.statuses.of([live.install_id])
    rotation = await begun(world, kind)
    (row,) = await rows_of(world, rotation)
    assert await swap(world, rotation, changed(world, rotation, row)) == [live.install_id]
    assert await world.statuses.of([live.install_id]) == before
    assert await refresh_token(world, "second", "first") == "second-refresh"
    last = await world.census.last_rotation(kind)
    assert last is not None
    assert last[0].done == 1
    assert (await actions(world)).count("keys.test_swapped") == 1


@KINDS
async def test_a_row_that_was_read_before_somebody_else_wrote_it_is_not_written(
    world: LedgerWorld, kind: RotationKind
) -> None:
    live = await install(world)
    rotation = await begun(world, kind)
    (row,) = await rows_of(world, rotation)
    change, again = changed(world, rotation, row), changed(world, rotation, row)
    assert await swap(world, rotation, again) == [live.install_id]
    assert await swap(world, rotation, change) == []
    assert await refresh_token(world, "second") == "first-refresh"
    assert (await actions(world)).count("keys.test_swapped") == 1


async def test_tokens_renewed_after_they_were_read_are_never_lost(world: LedgerWorld) -> None:
    await install(world)
    rotation = await begun(world, RotationKind.DATA_KEYS)
    (row,) = await rows_of(world, rotation)
    change = changed(world, rotation, row)
    assert await renew(world, "newer")
    assert await swap(world, rotation, change) == []
    assert await refresh_token(world, "first") == "newer-refresh"


async def test_a_renewal_under_way_is_stored_under_the_new_data_key(world: LedgerWorld) -> None:
    await install(world)
    mixed = world.vault_of(world.sealer_of("first", "second"))
    seen = await mixed.open(STORE)
    assert seen is not None
    rotation = await begun(world, RotationKind.DATA_KEYS)
    (row,) = await rows_of(world, rotation)
    await swap(world, rotation, changed(world, rotation, row))
    assert await mixed.replace(seen, tokens(world, "newer"), refresh_at=world.now(), audit=audit())
    assert await refresh_token(world, "second") == "newer-refresh"


@KINDS
async def test_nothing_is_written_for_an_install_that_ended(world: LedgerWorld, kind: RotationKind) -> None:
    live = await install(world)
    rotation = await begun(world, kind)
    (row,) = await rows_of(world, rotation)
    await world.installations.end(live.install_id, audit=audit())
    assert await swap(world, rotation, changed(world, rotation, row)) == []
    assert await world.census.sealed_by() == {}


@KINDS
async def test_a_rotation_in_batches_reaches_everybody_and_is_audited(world: LedgerWorld, kind: RotationKind) -> None:
    await some_installs(world, 5)
    run = await rotate(world, "second", "first", kind=kind)
    assert (run.is_over, run.complete, run.total, run.moved, run.set_aside) == (True, True, 5, 5, 0)
    for number in range(1, 6):
        assert await refresh_token(world, "second", store_id=StoreId(number)) == "first-refresh"
    assert list((await world.census.sealed_by()).values()) == [5]
    assert await world.census.lacking([world.sealer_of("second").seals_with]) == {}
    trail = await actions(world)
    assert (trail[5], trail[-1], len(trail)) == (BEGUN, FINISHED, 5 + 1 + 3 + 1)


@KINDS
async def test_a_rotation_that_was_cut_off_goes_on_where_it_was(world: LedgerWorld, kind: RotationKind) -> None:
    await some_installs(world, 5)
    cut = await rotate(world, "second", "first", kind=kind, steps=1)
    rest = await rotate(world, "second", "first", kind=kind)
    assert (cut.moved, cut.is_over) == (2, False)
    assert (rest.total, rest.moved, rest.complete) == (3, 3, True)
    assert rest.rotation.rotation_id == cut.rotation.rotation_id
    assert (await actions(world)).count(BEGUN) == 1


async def test_two_who_rotate_at_once_share_the_work(world: LedgerWorld) -> None:
    await some_installs(world, 6)
    runs = await asyncio.gather(*(rotate(world, "second", "first") for _ in range(2)))
    assert all(run.complete for run in runs)
    assert sum(run.moved for run in runs) == 6
    assert await world.census.lacking([world.sealer_of("second").seals_with]) == {}


@KINDS
async def test_what_does_not_open_is_set_aside_and_stops_nobody(world: LedgerWorld, kind: RotationKind) -> None:
    installs = await some_installs(world, 3)
    broken = installs[1]
    await world.hands.spoil_tokens(broken.install_id)
    run = await rotate(world, "second", "first", kind=kind)
    assert (run.complete, run.set_aside) == (True, 1)
    (aside,) = await world.census.quarantined()
    assert (aside.store_id, aside.install_id, aside.part) == (broken.store_id, broken.install_id, Part.TOKENS)
    assert aside.found_at is not None
    for one in (installs[0], installs[2]):
        assert await refresh_token(world, "second", store_id=one.store_id) == "first-refresh"
    with pytest.raises(SealBroken):
        await refresh_token(world, "second", "first", store_id=broken.store_id)
    again = await rotate(world, "second", "first", kind=kind)
    assert again.set_aside == 0, "it is noted once"
    assert (await actions(world)).count(QUARANTINED) == 1


async def test_a_store_whose_key_is_missing_waits_in_quarantine_until_it_is_back(world: LedgerWorld) -> None:
    live = await install(world)
    lost = world.sealer_of("first").seals_with
    assert await world.census.lacking([world.sealer_of("second").seals_with]) == {lost: 1}
    run = await rotate(world, "second")
    assert (run.complete, run.moved, run.set_aside) == (True, 0, 1)
    (aside,) = await world.census.quarantined()
    assert (aside.part, aside.key_id) == (Part.DATA_KEY, lost)
    assert await world.census.lacking([]) == {}, "what is in quarantine is known already"
    assert await HealQuarantine(world.census, smith(world, "second"), world.alerts).run() == Healed(released=0, left=1)

    assert (await world.alerts.open_counts())[AlertKind.STORES_DO_NOT_OPEN] == 1

    assert await refresh_token(world, "first") == "first-refresh", "its row is as it was"
    healed = await HealQuarantine(world.census, smith(world, "second", "first"), world.alerts).run()
    assert healed == Healed(released=1, left=0)
    assert (await world.alerts.open_counts())[AlertKind.STORES_DO_NOT_OPEN] == 0
    assert await world.census.quarantined() == []
    assert await world.census.sealed_by() == {lost: 1}
    assert [action for action in await actions(world) if action in (QUARANTINED, RELEASED)] == [QUARANTINED, RELEASED]
    assert (await rotate(world, "second", "first")).moved == 1
    assert live.store_id == STORE


async def test_a_rotation_releases_what_opens_again(world: LedgerWorld) -> None:
    await install(world)
    await rotate(world, "second")
    assert (await rotate(world, "second", "first")).moved == 1
    assert await world.census.quarantined() == []


async def test_the_quarantine_ends_with_the_install(world: LedgerWorld) -> None:
    live = await install(world)
    await rotate(world, "second")
    await world.installations.end(live.install_id, audit=audit())
    assert await world.census.quarantined() == []
    assert await world.census.set_aside([]) == 0


async def test_pages_of_the_quarantine(world: LedgerWorld) -> None:
    ids = sorted(one.install_id for one in await some_installs(world, 3))
    await rotate(world, "second")
    first = await world.census.quarantined(limit=2)
    rest = await world.census.quarantined(after=first[-1].install_id, limit=2)
    assert [one.install_id for one in [*first, *rest]] == ids
    assert [row.install_id for row in await world.census.rows([ids[0], InstallId(404)])] == [ids[0]]
    assert await world.census.release([InstallId(404)]) == 0


async def test_no_rotation_begins_while_a_process_does_not_hold_the_key(world: LedgerWorld) -> None:
    await install(world)
    old, new = world.sealer_of("first").seals_with, world.sealer_of("second").seals_with
    ignorant, knowing = await world.workers.join("http"), await world.workers.join("consumer")
    await world.process_rings.note(Holder(ignorant, "http", {RingName.TOKENS: (old,)}))
    await world.process_rings.note(Holder(knowing, "consumer", {RingName.TOKENS: (old, new)}))
    with pytest.raises(SettingInvalid, match=rf"TOKEN_KEYS: key {new} is not known to http \(worker {ignorant}\),"):
        await rotate(world, "second", "first")
    assert BEGUN not in await actions(world)
    await world.workers.leave(ignorant)
    silent = await world.workers.join("scheduler")
    with pytest.raises(SettingInvalid, match=rf"is not known to scheduler \(worker {silent}\), as far as they said"):
        await rotate(world, "second", "first")
    await world.workers.leave(silent)
    assert (await rotate(world, "second", "first")).complete


class Overtaken(SealedVault):
    """Before the first swap somebody renews the tokens that are about to be sealed anew."""

    def __init__(self, world: LedgerWorld) -> None:
        self._world = world
        self._overtaken = False

    async def begin(self, kind: RotationKind, key_id: str, *, audit: AuditEntry) -> Rotation:
        return await self._world.sealed.begin(kind, key_id, audit=audit)

    async def left(self, rotation: Rotation) -> int:
        return await self._world.sealed.left(rotation)

    async def page(self, rotation: Rotation, *, after: InstallId | None, limit: int) -> Sequence[SealedRow]:
        return await self._world.sealed.page(rotation, after=after, limit=limit)

    async def swap(self, rotation: Rotation, changes: Sequence[Change], *, audit: AuditEntry) -> Sequence[InstallId]:
        if not self._overtaken:
            self._overtaken = await renew(self._world, "overtaking")
        return await self._world.sealed.swap(rotation, changes, audit=audit)

    async def finish(self, rotation: Rotation, *, audit: AuditEntry) -> None:
        await self._world.sealed.finish(rotation, audit=audit)


async def test_a_row_that_was_missed_is_reached_by_the_next_pass(world: LedgerWorld) -> None:
    live = await install(world)
    feature = replace(rotating(world, "second", "first"), vault=Overtaken(world))
    run = await feature.begin(RotationKind.DATA_KEYS, actor="tester")
    for _ in range(4):
        run = await feature.step(run)
    assert (run.is_over, run.complete, run.moved, run.passes) == (True, True, 1, 2)
    assert await refresh_token(world, "second", store_id=live.store_id) == "overtaking-refresh"
