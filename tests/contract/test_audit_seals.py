"""What the chain of seals promises."""

from dataclasses import replace

from core.domain.audit_chain import Seal, genuine, next_seal, sealing_keys
from core.domain.audit_flaws import FlawKind
from core.domain.secret import Secret
from core.features.verify_audit import VerifyAudit
from tests.contract.scenes import audit
from tests.contract.worlds import LedgerWorld

[KEY] = sealing_keys([Secret("k" * 40)])


class _Now:
    """The world's clock, as far as a check asks for it."""

    def __init__(self, world: LedgerWorld) -> None:
        self.now = world.now


async def _sealed(world: LedgerWorld, lines: int, *, last: Seal | None = None) -> Seal:
    for number in range(lines):
        await world.trail.note(audit(f"action {number}"))
    records = await world.seals.settled(after=last.to_id if last else 0, limit=100)
    assert len(records) == lines
    seal = next_seal(last, records, KEY, at=world.now())
    assert await world.seals.add(seal)
    return seal


async def test_a_seal_is_read_as_it_was_added(world: LedgerWorld) -> None:
    assert await world.seals.last() is None
    first = await _sealed(world, 3)
    second = await _sealed(world, 2, last=first)
    empty = await _sealed(world, 0, last=second)
    assert await world.seals.last() == empty
    assert list(await world.seals.page(limit=10)) == [first, second, empty]
    assert list(await world.seals.page(limit=2)) == [first, second]
    assert list(await world.seals.page(after=1, limit=1)) == [second]
    assert all(genuine(seal, [KEY]) for seal in await world.seals.page(limit=10))


async def test_a_number_is_given_once(world: LedgerWorld) -> None:
    first = await _sealed(world, 1)
    assert not await world.seals.add(replace(first, mac=b"another"))
    assert await world.seals.last() == first


async def test_lines_are_settled_in_order_and_piece_by_piece(world: LedgerWorld) -> None:
    assert list(await world.seals.settled(after=0, limit=10)) == []
    for number in range(5):
        await world.trail.note(audit(f"action {number}"))
    everything = list(await world.seals.settled(after=0, limit=10))
    assert [record.entry.action for record in everything] == [f"action {number}" for number in range(5)]
    assert list(await world.seals.settled(after=0, limit=2)) == everything[:2]
    assert list(await world.seals.settled(after=everything[2].audit_id, limit=10)) == everything[3:]
    assert list(await world.seals.settled(after=everything[4].audit_id, limit=10)) == []


async def test_lines_are_read_by_range(world: LedgerWorld) -> None:
    for number in range(5):
        await world.trail.note(audit(f"action {number}"))
    everything = list(await world.seals.entries(after=None, upto=None, limit=10))
    assert [record.entry.action for record in everything] == [f"action {number}" for number in range(5)]
    second, fourth = everything[1].audit_id, everything[3].audit_id
    assert list(await world.seals.entries(after=second, upto=fourth, limit=10)) == everything[2:4]
    assert list(await world.seals.entries(after=second, upto=None, limit=2)) == everything[2:4]
    assert list(await world.seals.entries(after=None, upto=second, limit=10)) == everything[:2]


async def test_what_was_sealed_is_found_intact(world: LedgerWorld) -> None:
    last = None
    for lines in (4, 1, 0, 3):
        last = await _sealed(world, lines, last=last)
    finding = await VerifyAudit(world.seals, [KEY], _Now(world)).check()
    assert (finding.flaws, finding.seals, finding.sealed) == ([], 4, 8)
    finding = await VerifyAudit(world.seals, [], _Now(world)).check()
    assert [flaw.kind for flaw in finding.flaws] == [FlawKind.NOT_VOUCHED]
