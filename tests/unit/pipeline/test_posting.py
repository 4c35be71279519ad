"""What schedulers count for the overview, and what is read of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from adapters.memory.bulletins import MemoryBulletins
from adapters.memory.database import MemoryDatabase
from adapters.memory.system import ManualClock
from adapters.memory.traffic_counts import MemoryTrafficCounts
from core.domain.traffic import HOUR, Arrivals, Latency, Settled, minute_of
from core.ids import Seq
from core.ports.bulletins import Bulletin
from entrypoints import sheets
from entrypoints.background.posting import PostTraffic


class Counted(MemoryTrafficCounts):
    """Counts that a test says."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(MemoryDatabase(clock))
        self.clock, self.number, self.above = clock, 0, list[Seq]()

    async def arrivals(self, above: Seq, *, limit: int) -> Mapping[datetime, Arrivals]:
        self.above.append(above)
        return {minute_of(self.clock.now()): Arrivals(self.number, Seq(50))}

    async def settled(self, since: datetime) -> Settled:
        return Settled({minute_of(self.clock.now()): self.number}, Latency(0.1, 0.2, 0.3))


async def test_the_hour_goes_on_from_what_was_posted_before() -> None:
    clock, board = ManualClock(), MemoryBulletins()
    counts = Counted(clock)
    traffic = PostTraffic(board, counts, {}, clock)
    counts.number = 5
    await traffic.step()
    clock.advance(timedelta(minutes=10).total_seconds())
    counts.number = 7
    await traffic.step()
    sheet = sheets.read(await board.read(), sheets.TRAFFIC, sheets.TrafficSheet)
    assert sheet is not None
    assert len(sheet.minutes) == HOUR
    assert [one.received for one in sheet.minutes if one.received] == [5, 7]
    assert sheet.latency == Latency(0.1, 0.2, 0.3)
    assert counts.above == [0, 50]


async def test_what_another_release_wrote_is_as_if_nothing_were_there() -> None:
    clock, board = ManualClock(), MemoryBulletins()
    await board.post(sheets.TRAFFIC, Bulletin('{"minutes": "many"}', clock.now()))
    assert sheets.read(await board.read(), sheets.TRAFFIC, sheets.TrafficSheet) is None
    assert sheets.read({}, sheets.TRAFFIC, sheets.TrafficSheet) is None
    await PostTraffic(board, Counted(clock), {}, clock).step()
    assert sheets.read(await board.read(), sheets.TRAFFIC, sheets.TrafficSheet) is not None
