"""A process that does not fit to the others: told once, or refused, and then it leaves no lease behind."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from adapters.memory.database import MemoryDatabase
from adapters.memory.process_rings import MemoryProcessRings
from adapters.memory.sealed_vault import MemoryKeyCensus
from adapters.memory.workers import MemoryWorkers
from core.domain.rings import RingName
from core.errors import SettingInvalid
from core.features.guard_rings import GuardRings
from entrypoints.lease import Lease
from entrypoints.ring_guarding import RingGuarding


class Machine:
    """Processes on one database."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.rings = MemoryProcessRings(self.database)

    async def process(self, *keys: str, strict: bool = False, kind: str = "http") -> RingGuarding:
        lease = Lease(MemoryWorkers(self.database), kind)
        await lease.join()
        guard = GuardRings(
            rings=self.rings, census=MemoryKeyCensus(self.database), own={RingName.TOKENS: keys}, strict=strict
        )
        return RingGuarding(guard, lease, kind)


async def test_a_problem_is_told_once_and_again_when_it_was_away() -> None:
    machine = Machine()
    await (await machine.process("old")).meet()
    process = await machine.process("new", "old")
    with capture_logs() as told:
        await process.meet()
        await process.beat()
    assert [entry["event"] for entry in told] == ["keys_do_not_fit"]
    assert "TOKEN_KEYS: http (worker 2) works with new, which http (worker 1) does not hold" in told[0]["problem"]
    machine.database.workers.clear()
    with capture_logs() as told:
        await process.beat()
    assert told == []


async def test_what_another_process_puts_in_front_later_is_told_too() -> None:
    machine = Machine()
    process = await machine.process("old")
    await process.meet()
    await (await machine.process("new", "old")).meet()
    with capture_logs() as told:
        await process.beat()
    assert "add it to the list of this process" in told[0]["problem"]


async def test_who_is_refused_leaves_its_lease() -> None:
    machine = Machine()
    await (await machine.process("old")).meet()
    with pytest.raises(SettingInvalid, match="TOKEN_KEYS"):
        await (await machine.process("new", strict=True)).meet()
    assert [holder.worker for holder in await machine.rings.live()] == [1]
    with capture_logs() as told:
        await (await machine.process("old", strict=True)).meet()
    assert [entry for entry in told if entry["event"] == "keys_do_not_fit"] == [], "it stands in nobody's way"


async def test_a_command_says_nothing_beside_its_own_answer() -> None:
    machine = Machine()
    await (await machine.process("old")).meet()
    with capture_logs() as told:
        await (await machine.process("new", kind="cli")).meet()
    assert [entry for entry in told if entry["event"] == "keys_do_not_fit"] == []
