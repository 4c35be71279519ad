"""What a chain of seals shows: every line and every seal that is not as it was."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.audit_trail import MemoryAuditSeals
from adapters.memory.database import MemoryDatabase
from adapters.memory.metrics import RecordingMetrics
from adapters.memory.system import ManualClock
from core.domain.audit import AuditEntry, AuditRecord, word_of
from core.domain.audit_chain import Seal, digest_of, genuine, mac_of, next_seal, sealing_keys
from core.domain.audit_flaws import FlawKind, Mark, read_mark
from core.domain.secret import Secret
from core.errors import KeyMissing, SealBroken
from core.features.seal_audit import SealAudit
from core.features.verify_audit import Finding, VerifyAudit
from core.ids import InstallId, StoreId

START = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW, STRANGER = (sealing_keys([Secret(name * 40)])[0] for name in "oxs")


class Scene:
    """An audit of two dozen lines under eight seals, and somebody with the database's superuser at hand."""

    def __init__(self, lines: int = 24) -> None:
        self.clock = ManualClock(START)
        self.database = MemoryDatabase(self.clock)
        self.metrics = RecordingMetrics()
        self.seals = MemoryAuditSeals(self.database)
        self.sealer = self.another_sealer()
        for number in range(lines):
            self.database.note(
                AuditEntry("token.renewed", StoreId(number % 3), InstallId(number), details={"n": number})
            )

    def another_sealer(self, *keys: object) -> SealAudit:
        return SealAudit(self.seals, keys or (OLD,), self.metrics, self.clock)

    async def seal(self, every: int = 3) -> None:
        """In batches, as the lines came."""
        lines = self.database.trail
        self.database.trail = []
        for at in range(0, len(lines), every):
            self.database.trail += lines[at : at + every]
            assert await self.sealer.tick()

    async def found(self, *keys: object, mark: Mark | None = None) -> Finding:
        return await VerifyAudit(self.seals, keys or (OLD,), self.clock).check(mark)

    async def flaws(self, **more: object) -> list[tuple[FlawKind, int | None, int | None]]:
        return [(flaw.kind, flaw.audit_id, flaw.seal) for flaw in (await self.found(**more)).flaws]


@pytest.fixture
async def scene() -> Scene:
    scene = Scene()
    await scene.seal()
    assert (await scene.found()).intact
    return scene


async def test_what_nobody_touched_is_intact_and_counted(scene: Scene) -> None:
    finding = await scene.found()
    assert (finding.seals, finding.sealed, finding.unsealed) == (8, 24, 0)
    assert finding.mark == scene.database.seals[-1].mark
    assert scene.metrics.counted("audit_entries_total", action="token.renewed") == 24


@given(which=st.integers(0, 23), field=st.sampled_from(["at", "action", "actor", "store", "request", "details"]))
async def test_a_changed_line_is_named(which: int, field: str) -> None:
    scene = Scene()
    await scene.seal()
    record = scene.database.trail[which]
    entry = record.entry
    changed: dict[str, AuditRecord] = {
        "at": replace(record, at=record.at + timedelta(microseconds=1)),
        "action": replace(record, entry=replace(entry, action="token.refused")),
        "actor": replace(record, entry=replace(entry, actor="somebody")),
        "store": replace(record, entry=replace(entry, store_id=StoreId(99))),
        "request": replace(record, entry=replace(entry, request_id="r")),
        "details": replace(record, entry=replace(entry, details={"n": -1})),
    }
    scene.database.trail[which] = changed[field]
    assert await scene.flaws() == [(FlawKind.CHANGED, which + 1, which // 3 + 1)]


async def test_a_removed_line_is_named(scene: Scene) -> None:
    del scene.database.trail[10]
    assert await scene.flaws() == [(FlawKind.REMOVED, 11, 4)]


async def test_a_line_put_between_is_named() -> None:
    scene = Scene()
    del scene.database.trail[4]  # a transaction was rolled back: the number 5 was never used
    await scene.seal()
    assert await scene.flaws() == []
    scene.database.trail.insert(4, AuditRecord(5, START, AuditEntry("token.renewed")))
    assert await scene.flaws() == [(FlawKind.INSERTED, 5, 2)]


async def test_a_line_put_before_the_first_is_named(scene: Scene) -> None:
    scene.database.trail.insert(0, AuditRecord(-7, START, AuditEntry("token.renewed")))
    assert await scene.flaws() == [(FlawKind.INSERTED, -7, 1)]


async def test_two_lines_swapped_are_both_named(scene: Scene) -> None:
    left, right = scene.database.trail[3], scene.database.trail[20]
    scene.database.trail[3] = replace(right, audit_id=left.audit_id)
    scene.database.trail[20] = replace(left, audit_id=right.audit_id)
    assert await scene.flaws() == [(FlawKind.CHANGED, 4, 2), (FlawKind.CHANGED, 21, 7)]


async def test_cut_lines_are_named_while_their_seals_stand(scene: Scene) -> None:
    del scene.database.trail[21:]
    assert await scene.flaws() == [(FlawKind.REMOVED, number, 8) for number in (22, 23, 24)]


async def test_lines_cut_with_their_seals_show_by_a_head_noted_before(scene: Scene) -> None:
    noted = read_mark(scene.database.seals[-1].mark)
    del scene.database.trail[15:]
    del scene.database.seals[5:]
    assert (await scene.found()).intact, "that is why heads are logged"
    assert await scene.flaws(mark=noted) == [(FlawKind.CUT, None, 8)]


async def test_an_audit_made_anew_from_the_start_does_not_hold_the_head_noted_before(scene: Scene) -> None:
    noted = read_mark(scene.database.seals[3].mark)
    scene.database.seals.clear()
    scene.database.trail[0] = replace(scene.database.trail[0], entry=AuditEntry("forged"))
    fresh = scene.another_sealer()
    while await fresh.tick():
        pass
    assert (await scene.found()).intact
    assert await scene.flaws(mark=noted) == [(FlawKind.CUT, None, 4)]


async def test_seals_cut_off_leave_lines_that_stay_unsealed(scene: Scene) -> None:
    del scene.database.seals[-1]
    scene.clock.advance(61)
    assert await scene.flaws() == [(FlawKind.UNSEALED, 22, None)]


async def test_a_seal_taken_from_the_middle_is_named(scene: Scene) -> None:
    del scene.database.seals[3]
    assert await scene.flaws() == [(FlawKind.SEAL_REMOVED, None, 5)]
    del scene.database.seals[0]
    assert await scene.flaws() == [(FlawKind.SEAL_REMOVED, None, 2), (FlawKind.SEAL_REMOVED, None, 5)]


@pytest.mark.parametrize(
    "change",
    [
        lambda seal: replace(seal, sealed_at=seal.sealed_at + timedelta(days=1)),
        lambda seal: replace(seal, to_id=seal.to_id + 1),
        lambda seal: replace(seal, lines=seal.lines[:-1]),
        lambda seal: replace(seal, key_id=STRANGER.key_id),
        lambda seal: replace(seal, previous=b"x" * 32),
        lambda seal: replace(seal, mac=bytes(32)),
        lambda seal: replace(seal, key_id=STRANGER.key_id, mac=mac_of(replace(seal, key_id=STRANGER.key_id), STRANGER)),
    ],
)
@pytest.mark.parametrize("which", [0, 3, 7])
async def test_a_changed_seal_is_named(scene: Scene, which: int, change: Callable[[Seal], Seal]) -> None:
    scene.database.seals[which] = change(scene.database.seals[which])
    named = {seal for _, _, seal in await scene.flaws()}
    assert named & {which + 1, which + 2}


async def test_seals_made_anew_without_the_key_are_named(scene: Scene) -> None:
    """All lines and all seals rewritten, under the same key id, with a key of his own."""
    scene.database.trail[6] = replace(scene.database.trail[6], entry=AuditEntry("nothing.happened"))
    lines, last = scene.database.trail, None
    forged = []
    for at in range(0, 24, 3):
        seal = next_seal(last, lines[at : at + 3], replace(STRANGER, key_id=OLD.key_id), at=START)
        forged.append(seal)
        last = seal
    scene.database.seals[:] = forged
    assert await scene.flaws() == [(FlawKind.SEAL_FORGED, None, number) for number in range(1, 9)]


async def test_seals_made_anew_under_a_key_that_left_are_vouched_for_by_nobody(scene: Scene) -> None:
    last = None
    for at in range(0, 24, 3):
        scene.database.seals[at // 3] = last = next_seal(last, scene.database.trail[at : at + 3], STRANGER, at=START)
    assert await scene.flaws() == [(FlawKind.NOT_VOUCHED, None, 8)]
    with pytest.raises(KeyMissing):
        await scene.another_sealer().tick()


async def test_no_sealer_vouches_for_an_end_that_is_not_genuine(scene: Scene) -> None:
    scene.database.seals[-1] = replace(scene.database.seals[-1], to_id=99)
    scene.database.note(AuditEntry("later"))
    for sealer in (scene.sealer, scene.another_sealer()):
        with pytest.raises(SealBroken):
            await sealer.tick()
    assert len(scene.database.seals) == 8


async def test_a_sealer_that_lives_on_notices_a_chain_that_became_shorter(scene: Scene) -> None:
    del scene.database.seals[-2:]
    with pytest.raises(SealBroken, match="seals after 6 are gone"):
        await scene.sealer.tick()
    assert len(scene.database.seals) == 6


async def test_a_new_key_vouches_for_what_the_old_one_sealed(scene: Scene) -> None:
    rotated = scene.another_sealer(NEW, OLD)
    seal = await rotated.tick()
    assert seal is not None
    assert (seal.number, seal.lines, seal.key_id) == (9, (), NEW.key_id)
    assert await rotated.tick() is None
    assert (await scene.found(NEW)).intact, "the old key may go now"
    scene.database.trail[2] = replace(scene.database.trail[2], entry=AuditEntry("else"))
    assert [flaw.audit_id for flaw in (await scene.found(NEW)).flaws] == [3]


async def test_processes_with_different_first_keys_do_not_seal_in_turns(scene: Scene) -> None:
    """While a rotation rolls through the fleet, both orders are there."""
    one, other = scene.another_sealer(NEW, OLD), scene.another_sealer(OLD, NEW)
    sealed = [bool(await sealer.tick()) for sealer in (other, one, other, one, other)]
    assert sealed == [False, True, False, False, False]
    scene.clock.advance(61)
    assert await other.tick()
    scene.clock.advance(61)
    assert await one.tick(), "the new one has the last word when the old ones are gone"
    assert (await scene.found(NEW)).intact


async def test_a_key_that_left_too_early_is_asked_for(scene: Scene) -> None:
    with pytest.raises(KeyMissing, match=OLD.key_id):
        await scene.another_sealer(NEW).tick()
    assert [flaw.kind for flaw in (await scene.found(NEW)).flaws] == [FlawKind.NOT_VOUCHED]


async def test_of_two_sealers_one_adds_the_seal(scene: Scene) -> None:
    scene.database.note(AuditEntry("later"))
    other = scene.another_sealer()
    assert [bool(await one.tick()) for one in (other, scene.sealer)] == [True, False]
    assert (await scene.found()).intact


def test_keys_are_named_without_being_told() -> None:
    assert OLD.key_id != NEW.key_id
    assert OLD.key.hex() not in repr(OLD)
    seal = next_seal(None, [], OLD, at=START)
    assert [genuine(seal, keys) for keys in ([OLD], [NEW, OLD], [NEW], [replace(NEW, key_id=OLD.key_id)])] == [
        True,
        True,
        None,
        False,
    ]


def test_a_mark_reads_back_and_nothing_else_does() -> None:
    seal = next_seal(None, [], OLD, at=START)
    assert read_mark(f" {seal.mark}\n") == Mark(1, seal.head.hex())
    for wrong in ("", "1", seal.head.hex(), f"x:{seal.head.hex()}", f"1:{seal.head.hex()[:-1]}", "1:" + "G" * 64):
        assert read_mark(wrong) is None


def test_a_digest_does_not_depend_on_order_or_zone() -> None:
    record = AuditRecord(1, START, AuditEntry("a", details={"x": 1, "y": None}))
    other = AuditRecord(1, START.astimezone(), AuditEntry("a", details={"y": None, "x": 1}))
    assert digest_of(record) == digest_of(other)


def test_of_what_strangers_send_a_word_is_kept_and_nothing_else() -> None:
    assert word_of("access_denied") == "access_denied"
    for text in ("", "layla@example.sa", "Layla", "a b", "x" * 65, "ليلى", "a\n", "eyJhbGciOiJIUzI1NiJ9"):
        assert word_of(text) == "other"
