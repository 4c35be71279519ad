"""A made-up store and its manager."""

from __future__ import annotations

from sandbox.generation.vocabulary import FIRST_NAMES, LAST_NAMES, SHOPS
from sandbox.world.records import Store
from sandbox.world.world import World


def new_store(world: World, store_id: int | None, title: str | None) -> Store:
    """A store with two stock locations; put into the world by the caller."""
    number = store_id if store_id is not None else _free_id(world)
    rng = world.rng
    return Store(
        id=number,
        uuid=world.new_uuid(),
        slug=f"store{number}",
        title=title or rng.choice(SHOPS)[0],
        manager_id=world.next_id("manager"),
        manager_uuid=world.new_uuid(),
        manager_name=f"{rng.choice(FIRST_NAMES)[0]} {rng.choice(LAST_NAMES)[0]}",
        email=f"manager{number}@example.com",
        mobile=f"96650{rng.randrange(10**7):07d}",
        created=world.now() - 86_400 * rng.randint(60, 900),
        location_ids=[world.new_uuid(), world.new_uuid()],
    )


def _free_id(world: World) -> int:
    while str(number := world.next_id("store")) in world.stores:
        pass
    return number
