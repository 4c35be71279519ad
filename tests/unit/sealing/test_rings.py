"""Which processes may work together, judged by the ids of what they hold."""

from collections.abc import Mapping

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.process_rings import MemoryProcessRings
from adapters.memory.sealed_vault import MemoryKeyCensus
from adapters.memory.workers import MemoryWorkers
from core.domain.rings import Holder, RingName, agreed, disagreements, lacking, secret_id
from core.domain.secret import Secret
from core.errors import SettingInvalid
from core.features.guard_rings import GuardRings
from core.ids import WorkerId


def holder(number: int, *keys: str, name: RingName = RingName.TOKENS) -> Holder:
    return Holder(WorkerId(number), "http", {name: keys})


@pytest.mark.parametrize(
    ("own", "other", "members"),
    [
        (("old",), ("old", "new"), []),  # first it is added behind
        (("old", "new"), ("new", "old"), []),  # then it comes first
        (("new", "old"), ("new",), []),  # at the end the old one goes
        (("new", "old"), ("old",), ["new"]),  # the first step was left out
        (("new",), ("old", "new"), ["old"]),  # the old one was taken away too early
        (("new",), ("old",), ["new", "old"]),
        ((), ("old",), []),
        (("old",), (), []),
    ],
)
def test_two_processes_work_together_where_each_reads_what_the_other_makes(
    own: tuple[str, ...], other: tuple[str, ...], members: list[str]
) -> None:
    found = disagreements(holder(1, *own), [holder(2, *other)])
    assert [one.member for one in found] == members


def test_a_disagreement_names_the_key_and_both_processes() -> None:
    (found,) = disagreements(holder(1, "new", "old"), [holder(2, "old")])
    assert str(found) == "http (worker 1) works with new, which http (worker 2) does not hold"


@pytest.mark.parametrize(
    ("name", "matters"),
    [(RingName.WEBHOOKS, True), (RingName.SESSIONS, True), (RingName.APP_EVENTS, False)],
)
def test_every_ring_matters_that_processes_make_something_with(name: RingName, matters: bool) -> None:
    assert bool(disagreements(holder(1, "new", name=name), [holder(2, "old", name=name)])) is matters


def test_who_lacks_a_member_and_whether_all_make_with_the_same() -> None:
    old, mixed, new = holder(1, "old"), holder(2, "old", "new"), holder(3, "new", "old")
    assert list(lacking([old, mixed, new], RingName.TOKENS, "new")) == [old]
    assert agreed([old, mixed], RingName.TOKENS)
    assert not agreed([mixed, new], RingName.TOKENS)
    assert agreed([], RingName.TOKENS)


def test_the_name_of_a_secret_tells_nothing_of_it() -> None:
    secret = Secret("a secret of the webhooks")
    assert len(secret_id(secret)) == 8
    assert secret_id(secret) == secret_id(Secret("a secret of the webhooks")) != secret_id(Secret("another"))


class Fleet:
    """Processes on one database, some with other rings."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.rings = MemoryProcessRings(self.database)
        self.workers = MemoryWorkers(self.database)

    async def starts(self, rings: Mapping[str, tuple[str, ...]], *, strict: bool) -> list[SettingInvalid]:
        guard = GuardRings(rings=self.rings, census=MemoryKeyCensus(self.database), own=rings, strict=strict)
        return list(await guard.join(await self.workers.join("http"), "http"))


async def test_a_strict_start_is_refused_where_another_process_could_not_read_what_this_one_seals() -> None:
    fleet = Fleet()
    assert await fleet.starts({RingName.TOKENS: ("old",)}, strict=True) == []
    with pytest.raises(SettingInvalid, match="start all processes with it behind the others first"):
        await fleet.starts({RingName.TOKENS: ("new", "old")}, strict=True)


async def test_otherwise_it_is_only_told() -> None:
    fleet = Fleet()
    await fleet.starts({RingName.WEBHOOKS: ("old",)}, strict=False)
    told = await fleet.starts({RingName.WEBHOOKS: ("new",)}, strict=False)
    assert [problem.key for problem in told] == ["WEBHOOK_SECRET", "WEBHOOK_SECRET"]
    assert "add it to the list of this process" in told[1].problem


async def test_every_step_of_a_rotation_starts() -> None:
    fleet = Fleet()
    for ring in (("old",), ("old", "new")):
        assert await fleet.starts({RingName.TOKENS: ring}, strict=True) == []
    fleet.database.workers.pop(min(fleet.database.workers))
    for ring in (("new", "old"), ("old", "new")):
        assert await fleet.starts({RingName.TOKENS: ring}, strict=True) == []
