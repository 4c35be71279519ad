"""Where genuine deliveries wait while the database is away."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.domain.events import Delivery


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery that waits, and the place it is forgotten by."""

    place: str
    delivery: Delivery


class Spool(Protocol):
    """Deliveries outside the database, sealed. What was kept is given out until it is forgotten, across any crash."""

    @abstractmethod
    async def keep(self, delivery: Delivery) -> None:
        """Durable when it returns; who comes at the same time shares one write.

        Raises Unavailable when it is full or cannot be written. Nobody may rely on the
        delivery then, though it may come out of the spool all the same.
        """

    @abstractmethod
    async def oldest(self, *, limit: int) -> Sequence[Kept]:
        """What has waited longest and is ours to replay, in the order it was kept; the same again until forgotten.

        At most `limit`, fewer where they are large; none means that nothing is left.
        What does not open is reported and never given out. Raises Unavailable.
        """

    @abstractmethod
    async def forget(self, kept: Sequence[Kept]) -> None:
        """They are in the ledger: the first of what `oldest` gave, in its order.

        A crash may bring them back: replay is made once by their event ids. Raises Unavailable.
        """

    @abstractmethod
    async def adopt(self) -> int:
        """Takes over what processes left that are gone; how many deliveries. Raises Unavailable."""

    @abstractmethod
    async def depth(self) -> int:
        """How many wait, with those of every process that shares this place. Raises Unavailable."""

    @abstractmethod
    async def sealed_by(self) -> Mapping[str, int]:
        """Of those the number by the id of the ring key that seals them. Raises Unavailable."""

    @abstractmethod
    async def aclose(self) -> None:
        """Finishes what was handed in and leaves what waits to whoever adopts it. Safe to call twice."""
