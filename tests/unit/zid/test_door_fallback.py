"""Counting visitors while the shared count is away: each process by itself, counted, and back by itself."""

from __future__ import annotations

from adapters.memory.metrics import RecordingMetrics
from adapters.memory.system import ManualClock
from adapters.process.door_fallback import FallbackDoorKeeper
from adapters.process.local_rate import LocalDoorKeeper
from adapters.process.shared import TRY_AGAIN_AFTER
from core.domain.doors import Door, allowance_of
from core.domain.rate import Allowance
from core.errors import Unavailable
from core.ports.doors import DoorKeeper


class Away(DoorKeeper):
    """Counts how often it is asked; refuses everybody when it is there."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = True

    async def knock(self, door: Door, visitor: str, allowance: Allowance) -> float:
        self.asked += 1
        if self.is_away:
            raise Unavailable("redis", "connection refused")
        return 7.0


class Entrance:
    def __init__(self) -> None:
        self.clock, self.metrics, self.shared = ManualClock(), RecordingMetrics(), Away()
        self.keeper = FallbackDoorKeeper(self.shared, LocalDoorKeeper(self.clock), self.metrics, self.clock)

    async def knock(self) -> float:
        return await self.keeper.knock(Door.READ, "a key", allowance_of(3))


async def test_with_the_shared_count_away_each_process_allows_what_it_would_alone() -> None:
    entrance = Entrance()
    alone = LocalDoorKeeper(entrance.clock)
    waits = [await entrance.knock() for _ in range(50)]
    assert waits == [await alone.knock(Door.READ, "a key", allowance_of(3)) for _ in range(50)]
    assert waits[-1] > 0
    assert entrance.metrics.counted("door_fallback_total") == 50
    assert entrance.shared.asked == 1, "one in a second finds out whether it is back"


async def test_the_shared_count_is_used_again_when_it_is_back() -> None:
    entrance = Entrance()
    await entrance.knock()
    entrance.shared.is_away = False
    assert await entrance.knock() == 0, "nobody looked yet"
    entrance.clock.advance(TRY_AGAIN_AFTER)
    assert [await entrance.knock() for _ in range(2)] == [7.0, 7.0]
    assert entrance.metrics.counted("door_fallback_total") == 2
