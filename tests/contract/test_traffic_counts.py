"""What came in and was done of late, minute by minute."""

from dataclasses import replace
from datetime import timedelta

from core.domain.traffic import Settled, minute_of
from core.ids import Seq
from tests.contract.scenes import delivery, install, order, queued, through_the_mirror
from tests.contract.worlds import LedgerWorld


async def test_an_empty_ledger_has_no_traffic(world: LedgerWorld) -> None:
    assert await world.traffic.arrivals(Seq(0), limit=10) == {}
    assert await world.traffic.settled(world.now() - timedelta(hours=1)) == Settled()


async def test_arrivals_are_told_by_the_minute_they_came_in(world: LedgerWorld) -> None:
    live = await install(world)
    now = world.now()
    for number, ago in enumerate((3, 1, 1), start=1):
        await world.inbox.accept(
            replace(delivery(world, live, order(number)), received_at=now - timedelta(minutes=ago))
        )
    found = await world.traffic.arrivals(Seq(0), limit=10)
    early, late = minute_of(now - timedelta(minutes=3)), minute_of(now - timedelta(minutes=1))
    assert {at: came.number for at, came in found.items()} == {early: 1, late: 2}
    assert found[early].first < found[late].first


async def test_only_the_newest_above_a_number_are_looked_at(world: LedgerWorld) -> None:
    live = await install(world)
    for number in range(1, 5):
        await world.inbox.accept(delivery(world, live, order(number)))
    everything = await world.traffic.arrivals(Seq(0), limit=10)
    first = min(came.first for came in everything.values())
    assert sum(came.number for came in (await world.traffic.arrivals(first, limit=10)).values()) == 3
    newest = await world.traffic.arrivals(Seq(0), limit=2)
    assert sum(came.number for came in newest.values()) == 2
    assert min(came.first for came in newest.values()) > first


async def test_what_was_done_is_told_with_how_long_it_took(world: LedgerWorld) -> None:
    live = await install(world)
    items = await queued(world, live, 1, 2, 3)
    began = world.now() - timedelta(minutes=1)
    await through_the_mirror(world, items[:2])
    found = await world.traffic.settled(began)
    assert sum(found.by_minute.values()) == 2
    assert found.latency is not None
    assert 0 <= found.latency.p50 <= found.latency.p95 <= found.latency.p99 < 3600
    assert await world.traffic.settled(world.now() + timedelta(minutes=1)) == Settled()
