"""Carrying out erasures: the file first, what is under way waited for, one certificate."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.erasures import ErasureId, ErasureKind, ErasureLine, Removed
from core.domain.people import Person
from core.domain.stores import InstallState
from core.errors import TryLater, Unavailable
from core.features.erase_data import EraseData
from core.ids import StoreId
from core.ports.erasing import StoreEraser
from tests.integration.routes.world import STORE, World

LAYLA = Person.asked_for(customer_id="77")


class BusyEraser(StoreEraser):
    """Somebody holds a row for the first rounds."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds

    async def erase(self, store_id: StoreId) -> AsyncIterator[Removed]:
        yield Removed("events", 1)

    async def left(self, store_id: StoreId) -> Mapping[str, int]:
        self.rounds -= 1
        return {"runs": 1} if self.rounds >= 0 else {}


@pytest.fixture
async def world() -> World:
    world = World()
    await world.start()
    await world.installed()
    return world


def _erase(world: World) -> EraseData:
    return world.services().erasing.erase


async def test_a_store_is_ended_erased_and_certified(world: World) -> None:
    erase = _erase(world)
    asked = await erase.ask_for_store(STORE, actor="dpo")
    assert asked is not None
    certificate = await erase.carry_out(asked.erasure_id)
    install = await world.installations.current(STORE)
    assert install is not None
    assert install.state is InstallState.UNINSTALLED
    assert install.identity.title == f"Store {STORE}"
    assert await world.vault.open(STORE) is None
    assert certificate.erasure.finished_at is not None
    assert certificate.backups_expire == (certificate.erasure.finished_at + timedelta(days=30)).date()
    entry = world.database.audit[-1]
    assert (entry.action, entry.actor) == ("store.erased", "dpo")
    assert entry.details["backups_expire"] == certificate.backups_expire.isoformat()
    assert [line.kind for line in world.erasure_log.lines] == [ErasureKind.STORE]


async def test_asked_again_it_says_that_it_is_done(world: World) -> None:
    erase = _erase(world)
    first = await erase.ask_for_store(STORE, actor="dpo")
    assert first is not None
    done = await erase.carry_out(first.erasure_id)
    again = await erase.ask_for_store(STORE, actor="dpo")
    assert again == done.erasure
    assert await erase.carry_out(first.erasure_id) == done
    assert len(world.erasure_log.lines) == 1


async def test_a_store_that_was_never_installed_has_nothing(world: World) -> None:
    assert await _erase(world).ask_for_store(StoreId(999), actor="dpo") is None
    assert await _erase(world).ask_for_customer(StoreId(999), LAYLA, actor="dpo") is None


async def test_what_a_scheduler_finds_open_it_carries_out(world: World) -> None:
    erase = _erase(world)
    await erase.ask_for_store(STORE, actor="dpo")
    await erase.ask_for_customer(STORE, LAYLA, actor="dpo")
    assert [one.problem for one in await erase.run_open()] == [None, None]
    assert await erase.run_open() == []
    assert [line.person for line in world.erasure_log.lines] == [None, LAYLA]


async def test_the_certificate_of_a_person_names_nobody(world: World) -> None:
    erase = _erase(world)
    asked = await erase.ask_for_customer(STORE, Person.asked_for(email="layla@example.sa"), actor="dpo")
    assert asked is not None
    certificate = await erase.carry_out(asked.erasure_id)
    assert certificate.erasure.person is None
    assert "layla" not in repr([entry for entry in world.database.audit if entry.action.startswith("customer.")])


def _with(world: World, **changes: object) -> EraseData:
    return replace(_erase(world), **changes)  # type: ignore[arg-type]  # fields by name


async def test_it_waits_for_whoever_holds_a_row(world: World) -> None:
    erase = _with(world, stores=BusyEraser(2))
    asked = await erase.ask_for_store(STORE, actor="dpo")
    assert asked is not None
    certificate = await erase.carry_out(asked.erasure_id)
    assert certificate.erasure.counts == {"events": 3}


async def test_what_takes_too_long_stays_open_and_goes_on_later(world: World) -> None:
    erase = _with(world, stores=BusyEraser(10**6))
    asked = await erase.ask_for_store(STORE, actor="dpo")
    assert asked is not None
    with pytest.raises(TryLater, match="1 rows of runs"):
        await erase.carry_out(asked.erasure_id)
    [carried] = await erase.run_open()
    assert carried.problem is not None
    assert "1 rows of runs" in carried.problem
    assert [one.problem for one in await _erase(world).run_open()] == [None]


async def test_nothing_is_removed_before_the_file_holds_it(world: World) -> None:
    class FullDisk:
        async def append(self, line: ErasureLine) -> None:
            raise Unavailable("the erasure file", "disk full")

    erase = _with(world, log=FullDisk())
    asked = await erase.ask_for_store(STORE, actor="dpo")
    assert asked is not None
    with pytest.raises(Unavailable):
        await erase.carry_out(ErasureId(asked.erasure_id))
    install = await world.installations.current(STORE)
    assert install is not None
    assert install.state is InstallState.ACTIVE
