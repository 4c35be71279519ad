"""Listings followed to their end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Protocol, TypeVar

from core.domain.operations.operation import Listing, Operation
from core.domain.paging import Page
from core.errors import BudgetSpent
from core.ports.zid_gateway import BoundGateway


class Identified(Protocol):
    """What has an id of Zid's."""

    @property
    def id(self) -> str: ...


T = TypeVar("T")
I = TypeVar("I", bound=Identified)  # noqa: E741


async def pages(zid: BoundGateway, listing: Operation[Page[T]], *, budget: int | None = None) -> AsyncIterator[Page[T]]:
    """Every page from `listing.at` on, or `budget` of them; the last one's `next` says where to go on."""
    read = 0
    while budget is None or read < budget:
        page = await zid.perform(listing)
        yield page
        read += 1
        if page.next is None or not isinstance(listing, Listing):
            return
        listing = replace(listing, at=page.next)


async def items(zid: BoundGateway, listing: Operation[Page[I]], *, budget: int | None = None) -> AsyncIterator[I]:
    """Every row once, by its id, also where rows move between pages while they are read.

    Raises BudgetSpent, with the place to go on at, when `budget` pages were not enough.
    """
    seen: set[str] = set()
    left_at = None
    async for page in pages(zid, listing, budget=budget):
        left_at = page.next
        for item in page.items:
            if item.id not in seen:
                seen.add(item.id)
                yield item
    if left_at is not None:
        raise BudgetSpent(left_at.token)
