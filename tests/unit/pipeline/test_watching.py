"""What the scheduler notices of the service by itself: when it becomes an alert, and when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.database import MemoryDatabase
from adapters.memory.system import ManualClock
from core.domain.alerts import APP, AlertKind, Change, News
from core.domain.gaps import Gap
from core.domain.steadiness import STEADINESS, Steadiness, Steady
from core.domain.webhook_states import WebhookState
from core.errors import TryLater, Unavailable
from core.features.tell_database_away import UNTOLD, TellDatabaseAway
from core.features.watch_symptoms import Sign, Symptoms, WatchSymptoms, books, spool
from core.ports.alerts import AlertChannel, AlertFilter
from tests.contract.memory_world import memory_world
from tests.contract.scenes import audit, install, queued, through_the_mirror
from tests.contract.worlds import STORE, LedgerWorld

EVERY = 30.0


@dataclass
class Scene:
    """A scheduler that looks every half minute at what the test lets it see."""

    clock: ManualClock = field(default_factory=ManualClock)
    alerts: MemoryAlerts = field(default_factory=lambda: MemoryAlerts(MemoryDatabase()))
    signs: Sequence[Sign] | Exception = ()

    def __post_init__(self) -> None:
        self.watch = self.another()

    def another(self) -> WatchSymptoms:
        return WatchSymptoms(self.alerts, self.clock, [self.look])

    async def look(self) -> Sequence[Sign]:
        if isinstance(self.signs, Exception):
            raise self.signs
        return self.signs

    async def passes(self, seconds: float, *watches: WatchSymptoms) -> None:
        for _ in range(round(seconds / EVERY)):
            for watch in watches or (self.watch,):
                await watch.tick()
            self.clock.advance(EVERY)

    async def open_ones(self) -> list[tuple[str, str, str]]:
        found = await self.alerts.page(AlertFilter(is_open=True))
        return [(one.alert.kind.value, one.alert.subject, one.alert.reason) for one in found]


GONE = Sign(AlertKind.PROCESS_ABSENT, "no consumer process is alive", "consumer")
BACK = Sign(AlertKind.PROCESS_ABSENT, None, "consumer")
LASTS = STEADINESS[AlertKind.PROCESS_ABSENT]


def test_what_lasts_is_believed_once_and_a_break_begins_anew() -> None:
    steady = Steady(Steadiness(bad=60, well=20))
    assert [steady.see(at, is_bad=True) for at in (0, 59)] == [None, None]
    assert steady.see(59.5, is_bad=False) is None
    assert [steady.see(at, is_bad=True) for at in (60, 119)] == [None, None]
    assert steady.see(120, is_bad=True) is True
    steady.believe(True)
    assert steady.see(500, is_bad=True) is None
    assert [steady.see(at, is_bad=False) for at in (510, 529, 530)] == [None, None, False]


async def test_what_lasts_is_an_alert_until_it_is_over_for_a_while() -> None:
    scene = Scene(signs=[GONE])
    await scene.passes(LASTS.bad)
    assert await scene.open_ones() == []
    await scene.passes(2 * EVERY)
    assert await scene.open_ones() == [("process_absent", "consumer", "no consumer process is alive")]
    scene.signs = [BACK]
    await scene.passes(LASTS.well)
    assert len(await scene.open_ones()) == 1
    await scene.passes(2 * EVERY)
    assert await scene.open_ones() == []


async def test_what_comes_and_goes_is_none() -> None:
    scene = Scene()
    for _ in range(10):
        for sign in (GONE, BACK):
            scene.signs = [sign]
            await scene.passes(EVERY)
    assert await scene.alerts.page(AlertFilter()) == []


async def test_many_schedulers_raise_one_and_a_new_one_heals_it() -> None:
    scene = Scene(signs=[GONE])
    await scene.passes(LASTS.bad + 2 * EVERY, scene.watch, scene.another(), scene.another())
    assert len(await scene.alerts.page(AlertFilter())) == 1
    scene.signs = [BACK]
    await scene.passes(LASTS.well + 2 * EVERY, scene.another())
    assert await scene.open_ones() == []


async def test_a_look_that_cannot_be_made_raises_and_heals_nothing() -> None:
    scene = Scene(signs=[GONE])
    await scene.passes(LASTS.bad + 2 * EVERY)
    scene.signs = Unavailable("postgres")
    await scene.passes(1000)
    assert len(await scene.open_ones()) == 1


class AwayAtFirst(MemoryAlerts):
    """Takes nothing the first time."""

    is_away = True

    async def heal(self, kind: AlertKind, subject: str) -> bool:
        if self.is_away:
            self.is_away = False
            raise Unavailable("postgres")
        return await super().heal(kind, subject)


async def test_what_could_not_be_written_down_is_at_the_next_look() -> None:
    scene = Scene(alerts=AwayAtFirst(MemoryDatabase()), signs=[GONE])
    await scene.passes(LASTS.bad + 2 * EVERY)
    scene.signs = [BACK]
    await scene.passes(LASTS.well + 3 * EVERY)
    assert await scene.open_ones() == []


async def test_books_that_differ_twice_are_an_alert() -> None:
    scene = Scene()
    for imbalance, is_open in ((2, False), (2, True), (0, True), (0, False)):
        await scene.watch.see(books(imbalance))
        assert bool(await scene.open_ones()) is is_open
        scene.clock.advance(60)
    [known] = await scene.alerts.page(AlertFilter())
    assert known.alert.reason == "received and accounted for differ by 2"


async def test_a_spool_that_does_not_empty_is_an_alert_about_its_machine() -> None:
    scene = Scene()
    for depth, at in ((5, 0), (3, 200), (3, 301)):
        scene.clock.advance(at)
        await scene.watch.see(spool(depth, "http-1"))
        await scene.watch.see(spool(0, "http-2"))
    [(kind, subject, reason)] = await scene.open_ones()
    assert (kind, subject) == ("spool_stays_full", "http-1")
    assert reason.startswith("3 deliveries")


# --- what is looked at -----------------------------------------------------------------------


def symptoms(world: LedgerWorld, alarm: int = 1) -> Symptoms:
    return Symptoms(
        letters=world.letters,
        dead_letter_alarm=alarm,
        ledger=world.events,
        webhook_checks=world.webhook_checks,
        gaps=world.gaps,
        refreshes=world.reports,
        roster=world.roster,
        clock=ManualClock(world.now()),
    )


async def seen(world: LedgerWorld, times: int = 1) -> dict[tuple[str, str], str]:
    """What is wrong at the last of so many looks."""
    looks = symptoms(world).looks()
    for _ in range(times):
        signs = [sign for look in looks for sign in await look()]
    return {(sign.kind.value, sign.subject): sign.reason for sign in signs if sign.reason is not None}


async def with_processes() -> LedgerWorld:
    world = memory_world()
    for kind in ("http", "consumer", "scheduler"):
        await world.workers.join(kind)
    return world


async def test_when_all_is_well_nothing_is_seen() -> None:
    world = await with_processes()
    await install(world)
    assert await seen(world, 2) == {}


async def test_kinds_of_processes_without_a_lease_are_seen() -> None:
    world = memory_world()
    await world.workers.join("http")
    await world.workers.join("scheduler")
    assert await seen(world) == {("process_absent", "consumer"): "no consumer process is alive"}


async def test_work_that_nobody_takes_up_is_seen_at_the_second_look() -> None:
    world = await with_processes()
    live = await install(world)
    first, second = await queued(world, live, 1, 2)
    assert await seen(world) == {}
    assert await seen(world, 2) == {("events_stuck", APP): f"event {first} could be done and nobody takes it up"}
    looks = symptoms(world).looks()
    await looks[1]()
    await through_the_mirror(world, [first])
    assert [sign.reason for sign in await looks[1]()] == [None], "it moves"
    await world.pauses.pause(STORE, audit=audit())
    assert await seen(world, 2) == {}, f"{second} is held back on purpose"


async def test_gaps_and_sick_webhooks_and_late_renewals_are_seen() -> None:
    world = await with_processes()
    live = await install(world)
    since = world.now() - timedelta(hours=1)
    await world.gaps.open([Gap(STORE, live.install_id, None, since, world.now(), "turned away")])
    states = {"order.create": WebhookState.BROKEN, "order.update": WebhookState.DEGRADED}
    await world.webhook_checks.note(
        live.install_id, states=states, problems={}, complete=True, next_in=timedelta(hours=1)
    )
    assert await seen(world) == {
        ("gaps_stay_open", APP): "1 gaps have not been read",
        ("webhooks_not_delivered", APP): "subscriptions: 1 broken",
    }


# --- a database that is away ------------------------------------------------------------------


class Heard(AlertChannel):
    def __init__(self) -> None:
        self.news: list[News] = []
        self.takes = True

    async def tell(self, news: News) -> None:
        if not self.takes:
            raise TryLater("away")
        self.news.append(news)

    def words(self) -> list[str]:
        return [one.change.value for one in self.news]


class Outage:
    def __init__(self) -> None:
        self.clock, self.channel, self.is_away = ManualClock(), Heard(), False
        self.telling = TellDatabaseAway(self.ping, [self.channel], self.clock)

    async def ping(self) -> None:
        if self.is_away:
            raise Unavailable("postgres", "connection refused")

    async def passes(self, seconds: float, *, away: bool) -> None:
        self.is_away = away
        for _ in range(round(seconds / 5)):
            await self.telling.tick()
            self.clock.advance(5)


async def test_a_database_that_stays_away_is_told_once_and_once_that_it_is_back() -> None:
    outage = Outage()
    await outage.passes(300, away=False)
    await outage.passes(50, away=True)
    await outage.passes(300, away=False)
    assert outage.channel.words() == [], "nothing before it lasts, and no news that all is well"
    await outage.passes(300, away=True)
    assert outage.channel.words() == ["raised"]
    await outage.passes(300, away=False)
    assert outage.channel.words() == ["raised", "healed"]
    raised, healed = outage.channel.news
    assert raised.known.alert.kind is AlertKind.DATABASE_AWAY
    assert "connection refused" in raised.known.alert.reason
    assert (raised.known.alert_id, raised.known.raised_at) == (healed.known.alert_id, healed.known.raised_at)
    assert healed.known.healed_at is not None
    assert healed.known.healed_at > raised.known.raised_at


async def test_a_receiver_that_is_away_too_is_told_afterwards_in_order() -> None:
    outage = Outage()
    outage.channel.takes = False
    for _ in range(UNTOLD):
        await outage.passes(100, away=True)
        await outage.passes(50, away=False)
    outage.channel.takes = True
    await outage.passes(10, away=False)
    assert outage.channel.words() == [Change.RAISED.value, Change.HEALED.value] * (UNTOLD // 2)
