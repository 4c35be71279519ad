"""Short-lived shared knowledge: single-use OAuth states, locks that save work but decide nothing, and what
keeps Zid from being asked too often, or in vain.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.domain.breaker import BreakerName, News
from core.domain.rate import HeldBack, Traffic
from core.ids import StoreId


class StateStore(Protocol):
    """OAuth states. May forget (a lost state only means: start again)."""

    @abstractmethod
    async def put(self, state: str, value: str, *, ttl: float) -> None:
        """Keeps `value` under `state` for `ttl` seconds. Raises Unavailable."""

    @abstractmethod
    async def take(self, state: str) -> str | None:
        """The value, once: a second take, an expired or an unknown state give None. Raises Unavailable."""


class Locks(Protocol):
    """Named locks across processes. Released at the latest when the holder's process or connection ends."""

    @abstractmethod
    def hold(self, name: str, *, wait: float) -> AbstractAsyncContextManager[bool]:
        """Enters with True when held, with False when another holder kept it for `wait` seconds."""


class RateLimiter(Protocol):
    """One allowance per store, shared by everybody who calls Zid for it; the rules are `core.domain.rate`."""

    @abstractmethod
    async def take(self, store_id: StoreId, traffic: Traffic) -> float:
        """0: one request is counted and may go now. Else nothing is counted: ask again after so many seconds.

        A class of traffic that keeps asking gets at least its share, one that asks alone gets everything.
        Raises Unavailable.
        """

    @abstractmethod
    async def learn(self, store_id: StoreId, retry_after: float | None) -> None:
        """Zid refused a request (429): nobody goes before `retry_after` seconds, and fewer for a while.

        None, negative and absurdly long values are put right. Raises Unavailable.
        """

    @abstractmethod
    async def held_back(self) -> Sequence[HeldBack]:
        """The stores that have less than their allowance since a refusal, by id, MOST_TOLD of them at most.

        Raises Unavailable.
        """


class BreakerNews(Protocol):
    """What the processes tell each other of Zid's failures. May lose news; decides who probes."""

    @abstractmethod
    async def tell(self, news: News) -> None:
        """Every listener hears it within 100 ms, the teller's own included. Raises Unavailable."""

    @abstractmethod
    def listen(self) -> AsyncGenerator[News, None]:
        """What is told from the first step on; ends by raising Unavailable when the connection does."""

    @abstractmethod
    async def may_probe(self, name: BreakerName, *, seconds: float) -> bool:
        """True for one asker until `seconds` have passed or it was extended or given back. Raises Unavailable."""

    @abstractmethod
    async def hold_probes(self, name: BreakerName, *, seconds: float) -> None:
        """Nobody may probe for so many seconds from now; 0 gives the permission back. Raises Unavailable."""
