"""Places for handlers: who takes them when few are free takes those too that become free soon."""

from __future__ import annotations

import asyncio

from entrypoints.places import Places


async def test_nobody_lingers_where_half_of_the_places_are_free() -> None:
    places = Places(4, linger=3600)
    assert await places.take_all(wait=0) == 4
    places.give_back(2)
    assert await places.take_all(wait=0) == 2


async def test_the_first_free_place_is_lingered_with_until_half_are_free() -> None:
    places = Places(4, linger=3600)
    await places.take_all(wait=0)
    taking = asyncio.create_task(places.take_all(wait=3600))
    for _ in range(2):
        assert not taking.done()
        places.give_back(1)
        await asyncio.sleep(0)
    assert await taking == 2


async def test_lingering_ends_with_what_there_is() -> None:
    places = Places(4, linger=0.001)
    await places.take_all(wait=0)
    places.give_back(1)
    assert await places.take_all(wait=0) == 1


async def test_without_a_free_place_none_is_taken() -> None:
    places = Places(1)
    await places.take_all(wait=0)
    assert await places.take_all(wait=0.001) == 0
