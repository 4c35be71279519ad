"""What every spool promises."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.sealing.ring_keys import key_id
from core.domain.event_states import EventState, Origin
from core.domain.events import Delivery
from core.errors import Unavailable
from core.ids import Entity, EntityKind
from core.ports.spool import Spool
from tests.contract.spool_worlds import RING, SpoolWorld, deliveries, everything, spool_world


@pytest.fixture(params=["memory", "file", "redis"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SpoolWorld]:
    async with spool_world(request.param, tmp_path / "spool", lambda: request.getfixturevalue("redis_url")) as world:
        yield world


@pytest.fixture
async def spool(place: SpoolWorld) -> AsyncIterator[Spool]:
    spool = place.start()
    yield spool
    await spool.aclose()


async def kept(spool: Spool, place: SpoolWorld, number: int) -> list[Delivery]:
    given = [place.delivery() for _ in range(number)]
    for one in given:
        await spool.keep(one)
    return given


async def fill(spool: Spool, place: SpoolWorld, given: list[Delivery]) -> None:
    for _ in range(1000):
        one = place.delivery()
        await spool.keep(one)
        given.append(one)


async def test_an_empty_spool_holds_nothing(spool: Spool) -> None:
    assert list(await spool.oldest(limit=10)) == []
    assert (await spool.depth(), await spool.adopt()) == (0, 0)
    await spool.forget([])


async def test_what_was_kept_comes_out_as_it_went_in(spool: Spool, place: SpoolWorld) -> None:
    given = [
        place.delivery(),
        place.delivery(b""),
        place.delivery(bytes(range(256)) * 4000),
        place.delivery(entity=None, state=EventState.DEAD, reason="unknown topic: م \ud800", topic="no.such\ud800"),
        place.delivery(entity=Entity(EntityKind.CART, "\udfff"), origin=Origin.SYNTHETIC),
    ]
    for one in given:
        await spool.keep(one)
    assert await everything(spool) == given


async def test_it_gives_out_the_oldest_first_and_the_same_until_forgotten(spool: Spool, place: SpoolWorld) -> None:
    given = await kept(spool, place, 9)
    first = await spool.oldest(limit=4)
    assert deliveries(first) == given[:4]
    assert deliveries(await spool.oldest(limit=4)) == given[:4]
    await spool.forget(first[:2])
    assert deliveries(await spool.oldest(limit=4)) == given[2:6]
    assert await spool.depth() == 7
    await spool.forget(first)
    await spool.forget(first)
    assert await everything(spool) == given[4:]
    assert await spool.depth() == 0


async def test_what_is_kept_while_older_ones_are_replayed_comes_after_them(spool: Spool, place: SpoolWorld) -> None:
    given = await kept(spool, place, 3)
    taken = await spool.oldest(limit=10)
    given += await kept(spool, place, 2)
    await spool.forget(taken)
    assert deliveries(await spool.oldest(limit=10)) == given[3:]
    await spool.forget(await spool.oldest(limit=10))
    last = await kept(spool, place, 1)
    assert await everything(spool) == last


async def test_many_at_the_same_time_are_all_kept(spool: Spool, place: SpoolWorld) -> None:
    given = [place.delivery() for _ in range(300)]
    await asyncio.gather(*map(spool.keep, given))
    assert await spool.depth() == 300
    assert sorted(await everything(spool, 64), key=lambda one: one.received_at) == given


async def test_a_full_spool_says_so_and_takes_again_once_replayed(place: SpoolWorld) -> None:
    spool = place.small()
    given: list[Delivery] = []
    with pytest.raises(Unavailable, match="spool"):
        await fill(spool, place, given)
    assert 5 < len(given) < 50
    assert await everything(spool) == given
    again = await kept(spool, place, 3)
    assert await everything(spool) == again
    await spool.aclose()


async def test_a_process_that_ends_leaves_its_deliveries_to_another(place: SpoolWorld) -> None:
    first = place.start()
    given = await kept(first, place, 5)
    await first.forget(await first.oldest(limit=2))
    await first.aclose()
    await first.aclose()
    second = place.start()
    assert await second.depth() == 3
    await second.adopt()
    own = await kept(second, place, 2)
    assert await everything(second) == given[2:] + own
    assert (await second.depth(), await second.adopt()) == (0, 0)
    await second.aclose()


async def test_a_closed_spool_keeps_nothing(place: SpoolWorld) -> None:
    spool = place.start()
    await spool.aclose()
    with pytest.raises(Unavailable):
        await spool.keep(place.delivery())


async def test_what_waits_names_the_key_that_seals_it(place: SpoolWorld) -> None:
    spool, other = place.start(), place.start()
    assert await spool.sealed_by() == {}
    await spool.keep(place.delivery())
    await spool.keep(place.delivery())
    await other.keep(place.delivery())
    ((sealed_with, waiting),) = (await spool.sealed_by()).items()
    assert waiting == 3
    assert sealed_with in ("memory", key_id(RING[0]))
    await spool.forget(await spool.oldest(limit=1))
    assert sum((await other.sealed_by()).values()) == 2
    await spool.aclose()
    await other.aclose()


async def test_the_depth_counts_what_every_process_holds(place: SpoolWorld) -> None:
    first, second = place.start(), place.start()
    await kept(first, place, 2)
    await kept(second, place, 3)
    assert (await first.depth(), await second.depth()) == (5, 5)
    await first.aclose()
    await second.aclose()
