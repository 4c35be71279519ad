"""Tokens that serve a burst of calls: one look for all, and another one after their time or a renewal."""

from __future__ import annotations

from dataclasses import replace

from adapters.memory.system import ManualClock
from adapters.zid.token_source import RecentTokens
from core.domain.secret import Secret
from core.domain.tokens import Tokens, TokenSet
from core.ids import Generation, InstallId, StoreId
from core.ports.zid_gateway import TokenSource

FIRST = TokenSet(StoreId(1), InstallId(1), Generation(1), Tokens(Secret("a"), Secret("m"), Secret("r"), None))
SECOND = replace(FIRST, generation=Generation(2))


class Looks(TokenSource):
    """Counts how often it is looked at."""

    def __init__(self) -> None:
        self.held = FIRST
        self.count = 0

    async def current(self, store_id: StoreId) -> TokenSet:
        self.count += 1
        return replace(self.held, store_id=store_id)

    async def renew(self, seen: TokenSet) -> TokenSet:
        self.held = replace(seen, generation=Generation(seen.generation + 1))
        return self.held


async def test_a_burst_looks_once_and_looks_again_after_its_time() -> None:
    source, clock = Looks(), ManualClock()
    recent = RecentTokens(source, clock, seconds=5)
    assert [await recent.current(StoreId(1)) for _ in range(3)] == [FIRST] * 3
    assert source.count == 1
    source.held = SECOND
    clock.advance(5)
    assert await recent.current(StoreId(1)) == SECOND


async def test_what_was_renewed_is_used_at_once() -> None:
    recent = RecentTokens(Looks(), ManualClock())
    seen = await recent.current(StoreId(1))
    assert await recent.renew(seen) == SECOND
    assert await recent.current(StoreId(1)) == SECOND


async def test_no_more_stores_are_remembered_than_said() -> None:
    source = Looks()
    recent = RecentTokens(source, ManualClock(), remembered=2)
    for store in (1, 2, 3, 2, 3, 1):
        await recent.current(StoreId(store))
    assert source.count == 4
