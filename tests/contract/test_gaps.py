"""What the record of gaps promises."""

import asyncio
from datetime import UTC, datetime, timedelta

from core.domain.gaps import NEAR, Gap
from core.ids import InstallId
from tests.contract.scenes import audit, install
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
INSTALL = InstallId(1)


def gap(since: float, until: float, topic: str | None = "order.create", cause: str = "answered 429") -> Gap:
    """Minutes from the start."""
    return Gap(STORE, INSTALL, topic, START + timedelta(minutes=since), START + timedelta(minutes=until), cause)


async def open_gaps(world: LedgerWorld) -> list[Gap]:
    return [known.gap for known in await world.gaps.of_install(INSTALL)]


async def test_what_overlaps_is_one_and_what_does_not_stays_apart(world: LedgerWorld) -> None:
    await world.gaps.open([gap(0, 2), gap(10, 11)])
    await world.gaps.open([gap(1, 5)])
    assert await open_gaps(world) == [gap(0, 5), gap(10, 11)]


async def test_one_gap_may_join_several(world: LedgerWorld) -> None:
    await world.gaps.open([gap(0, 2), gap(10, 11)])
    await world.gaps.open([gap(1, 10)])
    assert await open_gaps(world) == [gap(0, 11)]


async def test_a_burst_of_moments_is_one_gap(world: LedgerWorld) -> None:
    seconds = NEAR.total_seconds() / 60
    await world.gaps.open([gap(0, 0), gap(seconds, seconds), gap(3 * seconds, 3 * seconds)])
    assert await open_gaps(world) == [gap(0, seconds), gap(3 * seconds, 3 * seconds)]


async def test_other_topics_and_causes_are_other_gaps(world: LedgerWorld) -> None:
    gaps = [gap(0, 1), gap(0, 1, "product.update"), gap(0, 1, None), gap(0, 1, cause="broken webhook")]
    await world.gaps.open(gaps)
    assert {(one.topic, one.cause) for one in await open_gaps(world)} == {(one.topic, one.cause) for one in gaps}
    assert len(await open_gaps(world)) == 4


async def test_opening_again_changes_nothing(world: LedgerWorld) -> None:
    await world.gaps.open([gap(0, 5)])
    before = await world.gaps.of_install(INSTALL)
    await world.gaps.open([gap(0, 5), gap(1, 2)])
    await world.gaps.open([])
    assert await world.gaps.of_install(INSTALL) == before


async def test_callers_at_once_leave_one_gap(world: LedgerWorld) -> None:
    await asyncio.gather(*(world.gaps.open([gap(i, i + 2)]) for i in range(6)))
    assert await open_gaps(world) == [gap(0, 7)]


async def test_a_closed_one_is_kept_with_what_was_lost_and_takes_in_nothing_more(world: LedgerWorld) -> None:
    await world.gaps.open([gap(0, 5)])
    [known] = await world.gaps.of_install(INSTALL)
    assert await world.gaps.close([known], lost="logins") == 1
    assert await world.gaps.close([known]) == 0
    await world.gaps.open([gap(1, 2)])
    newest, closed = await world.gaps.of_store(STORE)
    assert (newest.gap, newest.closed_at) == (gap(1, 2), None)
    assert (closed.gap, closed.lost) == (gap(0, 5), "logins")
    assert closed.closed_at is not None


async def test_one_that_grew_while_it_was_read_stays_open(world: LedgerWorld) -> None:
    await world.gaps.open([gap(0, 5)])
    [known] = await world.gaps.of_install(INSTALL)
    await world.gaps.open([gap(4, 8)])
    assert await world.gaps.close([known]) == 0
    assert await open_gaps(world) == [gap(0, 8)]


async def test_each_install_has_its_own(world: LedgerWorld) -> None:
    other = Gap(OTHER_STORE, InstallId(2), None, START, START, "restored from a backup")
    await world.gaps.open([gap(0, 1), other])
    assert [known.gap for known in await world.gaps.of_install(InstallId(2))] == [other]
    assert [known.gap for known in await world.gaps.of_store(OTHER_STORE)] == [other]
    assert [known.gap for known in await world.gaps.of_store(STORE, limit=1)] == [gap(0, 1)]


async def test_those_of_live_installs_are_counted(world: LedgerWorld) -> None:
    over = await install(world)
    spans = {"since": START, "until": START, "cause": "answered 429"}
    await world.gaps.open([Gap(over.store_id, over.install_id, topic, **spans) for topic in ("order.create", None)])
    assert await world.gaps.count_open() == 2
    await world.gaps.close(await world.gaps.of_install(over.install_id))
    assert await world.gaps.count_open() == 0
    await world.gaps.open([Gap(over.store_id, over.install_id, None, **spans)])
    await world.installations.end(over.install_id, audit=audit())
    assert await world.gaps.count_open() == 0
