"""The scheduler's part in renewals: many hands, an end when told to stop, numbers, and people told of alerts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.alerts import APP, Alert, AlertKind, Change, News
from core.domain.tokens import RefreshOutcome
from core.errors import Unavailable
from core.features.renew_due_tokens import REST
from core.features.tell_alerts import HOLD, KEPT, TellAlerts
from core.ids import StoreId
from core.ports.alerts import AlertChannel, AlertFilter
from core.ports.refresh_reports import RunReport
from entrypoints.background.refreshing import REFRESH_EVERY, Refreshing, measure, pause_after
from tests.unit.zid.oauth_model import Answering, StoreWorld
from tests.unit.zid.test_renew_due_tokens import FIRST, due_stores

CLIENT = Alert(AlertKind.CLIENT_REJECTED, APP, "wrong secret")


async def test_a_run_has_as_many_stores_in_hand_as_it_may() -> None:
    world, in_hand, most = await due_stores(30), 0, 0

    async def turn() -> None:
        nonlocal in_hand, most
        in_hand += 1
        most = max(most, in_hand)
        await asyncio.sleep(0)
        in_hand -= 1

    world.zid.turn = turn
    report = await Refreshing(world.renewer(), batch=20, at_once=6).run(asyncio.Event())
    assert (report.claimed, report.renewed, most) == (20, 20, 6)


async def test_a_stop_lets_the_stores_in_hand_end_and_gives_the_rest_back() -> None:
    world, stop = await due_stores(30), asyncio.Event()

    async def turn() -> None:
        stop.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    world.zid.turn = turn
    report = await Refreshing(world.renewer(), batch=30, at_once=4).run(stop)
    assert 4 <= report.tried < 12
    assert report.renewed == report.tried
    world.clock.advance(2 * REST)
    assert len(await world.renewer().run(30)) == 30 - report.tried


async def test_a_run_of_nothing_ends_at_once() -> None:
    world = await due_stores(0)
    report = await Refreshing(world.renewer(), batch=30, at_once=4).run(asyncio.Event())
    assert (report.claimed, report.per_second) == (0, 0.0)


def test_runs_follow_at_once_while_more_is_due_and_rest_where_zid_is_unwell() -> None:
    renewed, failed = {RefreshOutcome.RENEWED: 10}, {RefreshOutcome.SERVER_ERROR: 5}
    now = datetime(2026, 5, 1, tzinfo=UTC)
    assert pause_after(RunReport(now, 1.0, 10, renewed), batch=10) == 0.0
    assert pause_after(RunReport(now, 1.0, 10, renewed), batch=11) == REFRESH_EVERY
    assert pause_after(RunReport(now, 1.0, 12, renewed), batch=12) == REFRESH_EVERY, "it ran out of time"
    assert pause_after(RunReport(now, 1.0, 12, failed, RefreshOutcome.SERVER_ERROR), batch=12) > REFRESH_EVERY


async def test_numbers_tell_what_is_due_in_doubt_and_about_to_expire() -> None:
    world = await due_stores(3)
    world.zid.answering = lambda: Answering.LOST_BEFORE
    await world.refresher().attempt(await world.tokens(StoreId(FIRST + 2)))
    world.clock.advance(timedelta(days=62).total_seconds())
    await measure(world.reports, world.metrics, world.clock)
    assert world.metrics.gauge("stores", state="active") == 3
    assert world.metrics.gauge("tokens_expiring", within="0d") == 0
    assert world.metrics.gauge("tokens_expiring", within="7d") == 3
    assert world.metrics.gauge("refreshes_due") == 3
    assert world.metrics.gauge("refreshes_in_doubt") == 1
    assert world.metrics.gauge("refresh_lag_seconds") == timedelta(days=63).total_seconds()


class Heard(AlertChannel):
    """Remembers; does not answer the first `away` times."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.heard: list[tuple[str, Change]] = []

    async def tell(self, news: News) -> None:
        self.away -= 1
        if self.away >= 0:
            raise Unavailable("the channel")
        self.heard.append((news.known.alert.subject, news.change))


def telling(world: StoreWorld, *channels: AlertChannel) -> TellAlerts:
    return TellAlerts(alerts=world.alerts, channels=channels, metrics=world.metrics, clock=world.clock)


async def test_each_change_is_told_once_on_every_channel() -> None:
    world, channels = StoreWorld(), (Heard(), Heard())
    teller = telling(world, *channels)
    await world.alerts.raise_once(CLIENT)
    assert [await teller.tick() for _ in range(3)] == [1, 0, 0]
    await world.alerts.heal(CLIENT.kind, CLIENT.subject)
    assert [await teller.tick() for _ in range(3)] == [1, 0, 0]
    assert [channel.heard for channel in channels] == [[(APP, Change.RAISED), (APP, Change.HEALED)]] * 2
    kind = AlertKind.CLIENT_REJECTED.value
    assert world.metrics.counted("alert_changes_total", kind=kind, change="raised") == 1


async def test_what_a_channel_does_not_take_is_told_later_and_stops_nothing_else() -> None:
    world, channel = StoreWorld(), Heard(away=1)
    teller = telling(world, channel)
    await world.alerts.raise_once(CLIENT)
    await world.alerts.raise_once(Alert(AlertKind.REFRESH_IN_DOUBT, "7"))
    assert await teller.tick() == 1
    assert await teller.tick() == 0
    world.clock.advance(HOLD)
    assert await teller.tick() == 1
    assert channel.heard == [("7", Change.RAISED), (APP, Change.RAISED)]


async def test_a_healing_is_never_told_before_its_raising() -> None:
    world, channel = StoreWorld(), Heard(away=1)
    teller = telling(world, channel)
    await world.alerts.raise_once(CLIENT)
    await world.alerts.heal(CLIENT.kind, CLIENT.subject)
    assert await teller.tick() == 0
    world.clock.advance(HOLD)
    assert await teller.tick() == 2
    assert channel.heard == [(APP, Change.RAISED), (APP, Change.HEALED)]


async def test_a_slow_channel_leaves_the_rest_before_others_may_take_it() -> None:
    world = StoreWorld()

    class Slow(Heard):
        async def tell(self, news: News) -> None:
            world.clock.advance(HOLD / 5)
            await super().tell(news)

    channel = Slow()
    for number in range(1, 8):
        await world.alerts.raise_once(Alert(AlertKind.REFRESH_IN_DOUBT, str(number)))
    began = world.clock.monotonic()
    assert await telling(world, channel).tick() == 3
    assert world.clock.monotonic() - began < HOLD
    world.clock.advance(HOLD)
    assert await telling(world, channel).tick() == 3
    assert [subject for subject, _ in channel.heard] == ["1", "2", "3", "4", "5", "6"]


async def test_open_alerts_are_counted_and_old_ones_forgotten() -> None:
    world = StoreWorld()
    teller = telling(world)
    await world.alerts.raise_once(CLIENT)
    await teller.measure()
    assert world.metrics.gauge("alerts", kind="client_rejected") == 1
    assert world.metrics.gauge("alerts", kind="needs_reauthorization") == 0
    await world.alerts.heal(CLIENT.kind, CLIENT.subject)
    await teller.tick()
    world.clock.advance(KEPT.total_seconds())
    assert await teller.forget() == 0
    world.clock.advance(1)
    assert await teller.forget() == 1
    assert await world.alerts.page(AlertFilter()) == []


@pytest.mark.parametrize("failures", [0, 3])
async def test_a_store_that_is_refused_is_told_of_once_however_often_it_is_tried(failures: int) -> None:
    world, channel = await due_stores(1), Heard()
    world.zid.answering = lambda: Answering.REFUSED
    await world.renewer().run(10)
    for _ in range(failures):
        world.clock.advance(timedelta(days=1).total_seconds())
        await world.renewer().run(10)
    await telling(world, channel).tick()
    await telling(world, channel).tick()
    assert channel.heard == [(str(FIRST), Change.RAISED)]
