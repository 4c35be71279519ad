"""While the shared count is away each process counts for itself, and says so."""

from __future__ import annotations

from adapters.memory.metrics import RecordingMetrics
from adapters.memory.system import ManualClock
from adapters.process.door_fallback import FallbackDoorKeeper
from adapters.process.local_rate import LocalDoorKeeper
from core.domain.doors import Door, allowance_of
from core.domain.rate import Allowance
from core.errors import Unavailable
from core.ports.doors import DoorKeeper

SIX = allowance_of(1)


class Shared(DoorKeeper):
    """Away when told; always full otherwise."""

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def knock(self, door: Door, visitor: str, allowance: Allowance) -> float:
        self.asked += 1
        if self.away:
            raise Unavailable("redis", "gone")
        return 7.0


async def test_the_shared_count_decides_while_it_answers_and_nobody_else_is_kept_out_while_it_does_not() -> None:
    clock, metrics, shared = ManualClock(), RecordingMetrics(), Shared()
    keeper = FallbackDoorKeeper(shared, LocalDoorKeeper(clock), metrics, clock)

    assert await keeper.knock(Door.READ, "me", SIX) == 7.0
    assert metrics.counted("door_fallback_total") == 0

    shared.away = True
    waits = [await keeper.knock(Door.READ, "me", SIX) for _ in range(7)]
    assert waits[:6] == [0.0] * 6
    assert waits[6] > 0, "its own limit holds all the same"
    assert metrics.counted("door_fallback_total") == 7
    assert shared.asked == 2, "one a second finds out whether it is back"

    shared.away = False
    clock.advance(2)
    assert await keeper.knock(Door.READ, "me", SIX) == 7.0
