"""App events are hints: what they lead to is what Zid says when it is asked, now or within a day."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.app_events import MemoryAppEventBook, MemoryStoreSubscriptions
from adapters.memory.inbox import MemoryInbox
from adapters.memory.ledger_reading import MemoryLedgerReader
from adapters.memory.work_index import RecordingAnnouncer
from adapters.memory.zid_gateway import ScriptedGateway
from core.domain.app_events import (
    APP_EVENTS,
    FIRST_LOOKS,
    INSTALL,
    UNINSTALL,
    AppEventOutcome,
    LookAgain,
    Settled,
    read_app_event,
)
from core.domain.event_states import EventState, Origin
from core.domain.operations.account import GetAppSubscription
from core.domain.results.settings import AppSubscription
from core.domain.stores import InstallState
from core.domain.topics import ALWAYS_SUBSCRIBED, entity_kind, subscriptions_for
from core.errors import MissingScope, NotFound, SealBroken, Unavailable
from core.features.event_handlers import Context, Event, Handlers, on
from core.features.event_handlers.registry import Handler
from core.features.handle_app_events import HandleAppEvents, Handled
from core.ids import EntityKind
from core.ports.ledger_reading import EventFilter
from tests.unit.zid.oauth_model import STORE
from tests.unit.zid.subscribing_world import SubscribingWorld

ACTIVE = "app.market.subscription.active"
BODY = {
    "app_id": 7367,
    "store_id": int(STORE),
    "store_uuid": "00000000-0000-4000-8000-000000100003",
    "plan_name": "النمو",
    "status": "active",
    "start_date": "2025-02-21T08:05:29.000000Z",
    "end_date": "2025-03-22T08:05:29.000000Z",
    "amount_paid": 79.01,
    "merchant_email": "merchant@example.com",
    "merchant_phone_no": "966500000000",
    "plan_type": "Paid",
    "plan_id": 904,
}
ANSWER = AppSubscription.read({"subscription_status": "Suspended", "plan_id": "904", "end_date": "2025-04-01"})


class AppWorld(SubscribingWorld):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.gateway = ScriptedGateway()
        self.gateway.on(GetAppSubscription, ANSWER)
        self.subscriptions = MemoryStoreSubscriptions(self.database)
        self.app_book = MemoryAppEventBook(self.database)
        self.announcer = RecordingAnnouncer()
        self.handlers = Handlers()

    def app_events(self, app_id: str | None = "7367") -> HandleAppEvents:
        return HandleAppEvents(
            book=self.app_book,
            subscriptions=self.subscriptions,
            installations=self.installations,
            uninstall=self.uninstaller(),
            gateway=self.gateway,
            handlers=self.handlers,
            inbox=MemoryInbox(self.database),
            announcer=self.announcer,
            clock=self.clock,
            ids=self.ids,
            app_id=app_id,
            encode=lambda value: json.dumps(value).encode(),
        )

    async def told(self, name: str, **changes: object) -> Handled:
        event = read_app_event({**BODY, "event_name": name, **changes}, str(self.clock.now()))
        assert event is not None
        claim = await self.app_events().note(event)
        assert claim is not None
        return await self.app_events().decide(claim)

    async def later(self, wait: timedelta) -> list[Handled]:
        self.clock.advance(wait.total_seconds())
        return list(await self.app_events().run_due(limit=10))

    async def state(self) -> InstallState:
        install = await self.installations.current(STORE)
        assert install is not None
        return install.state


@pytest.fixture
async def world() -> AppWorld:
    return AppWorld()


async def test_an_uninstall_that_outruns_the_end_of_the_tokens_is_believed_at_a_later_look(
    world: AppWorld,
) -> None:
    """U36: the delivery may come before the tokens are dead."""
    await world.install()
    handled = await world.told(UNINSTALL)
    assert isinstance(handled.verdict, LookAgain)
    world.zid.uninstalled = True
    assert await world.later(timedelta(seconds=4)) == []
    [again] = await world.later(timedelta(seconds=2))
    assert again.verdict == Settled(AppEventOutcome.ENDED)
    assert await world.state() is InstallState.UNINSTALLED


async def test_after_a_day_of_working_tokens_it_is_given_up(world: AppWorld) -> None:
    await world.install()
    await world.told(UNINSTALL)
    soon = [len(await world.later(wait + timedelta(seconds=1))) for wait in FIRST_LOOKS]
    assert soon == [1, 1, 1]
    verdicts = [again.verdict for _ in range(200) for again in await world.later(timedelta(minutes=15))]
    assert 95 <= len(verdicts) <= 100
    assert verdicts[-1] == Settled(AppEventOutcome.STILL_INSTALLED)
    assert await world.state() is InstallState.ACTIVE


async def test_a_reinstall_meanwhile_is_not_what_the_uninstall_was_about(world: AppWorld) -> None:
    await world.install()
    await world.told(UNINSTALL)
    await world.install()
    asked = len(world.zid.sent)
    [again] = await world.later(timedelta(minutes=16))
    assert again.verdict == Settled(AppEventOutcome.NOT_INSTALLED)
    assert len(world.zid.sent) == asked
    assert await world.state() is InstallState.ACTIVE


@pytest.mark.parametrize("trouble", [Unavailable("zid"), SealBroken("torn")])
async def test_what_cannot_be_decided_now_waits(world: AppWorld, trouble: Exception) -> None:
    await world.install()
    world.gateway.on(GetAppSubscription, trouble, ANSWER)
    assert isinstance((await world.told(ACTIVE)).verdict, LookAgain)
    [again] = await world.later(timedelta(minutes=16))
    assert again.verdict == Settled(AppEventOutcome.SUBSCRIPTION_READ)


SUBSCRIPTION_EVENTS = [name for name in APP_EVENTS if "subscription" in name] + [INSTALL]


@pytest.mark.parametrize("name", SUBSCRIPTION_EVENTS)
async def test_zids_answer_is_kept_and_not_what_the_event_claims(world: AppWorld, name: str) -> None:
    await world.install()
    assert (await world.told(name)).verdict == Settled(AppEventOutcome.SUBSCRIPTION_READ)
    [found] = await world.subscriptions.of_stores([STORE])
    assert (found.plan.status, found.verified, found.told_by) == ("suspended", True, name)
    assert world.actions()[-1] == "subscription.changed"


@pytest.mark.parametrize("refusal", [MissingScope("Subscription.read"), NotFound(404, "no subscription")])
async def test_where_zid_will_not_say_the_claim_is_kept_as_a_claim(world: AppWorld, refusal: Exception) -> None:
    await world.install()
    world.gateway.on(GetAppSubscription, refusal)
    assert (await world.told(ACTIVE)).verdict == Settled(AppEventOutcome.SUBSCRIPTION_UNVERIFIED)
    [found] = await world.subscriptions.of_stores([STORE])
    assert (found.plan.status, found.plan.plan_id, found.verified) == ("active", "904", False)


async def test_a_subscription_told_before_the_install_is_read_when_there_is_one(world: AppWorld) -> None:
    """The events page: `subscription.active` may precede OAuth."""
    assert isinstance((await world.told(ACTIVE)).verdict, LookAgain)
    [claimed] = await world.subscriptions.of_stores([STORE])
    assert not claimed.verified
    await world.install()
    [again] = await world.later(timedelta(minutes=16))
    assert again.verdict == Settled(AppEventOutcome.SUBSCRIPTION_READ)
    [found] = await world.subscriptions.of_stores([STORE])
    assert found.verified


@pytest.mark.parametrize("name", ["app.market.application.rated", "app.market.private.plan.request", "made.up"])
async def test_what_asks_for_nothing_is_noted(world: AppWorld, name: str) -> None:
    await world.install()
    assert (await world.told(name)).verdict == Settled(AppEventOutcome.NOTED)
    assert world.gateway.calls == []


async def test_no_personal_data_is_kept(world: AppWorld) -> None:
    await world.install()
    await world.told(ACTIVE)
    kept = f"{await world.app_book.of_store(STORE)}{await world.subscriptions.of_stores([STORE])}{world.database.audit}"
    assert "merchant@example.com" not in kept
    assert "966500000000" not in kept


@on(ACTIVE, name="on_active")
async def on_active(event: Event, ctx: Context) -> None: ...


async def test_an_apps_handler_gets_the_verified_event_once(world: AppWorld) -> None:
    world.handlers = Handlers((Handler("on_active", ACTIVE, on_active),))
    await world.install()
    await world.told(ACTIVE)
    reader = MemoryLedgerReader(world.database)
    [listed] = await reader.events(EventFilter(topic=ACTIVE))
    assert (listed.state, listed.origin, listed.entity_kind) == (EventState.QUEUED, Origin.SYNTHETIC, EntityKind.STORE)
    detail = await reader.event(listed.event_id)
    assert detail is not None
    body = json.loads(detail.body or b"")
    assert (body["status"], body["verified"]) == ("suspended", True)
    assert [item.id for item in world.announcer.announced] == [str(listed.event_id)]


async def test_a_decision_begun_anew_hands_on_nothing_twice(world: AppWorld) -> None:
    world.handlers = Handlers((Handler("on_active", ACTIVE, on_active),))
    await world.install()
    event = read_app_event({**BODY, "event_name": ACTIVE}, "one")
    assert event is not None
    claim = await world.app_events().note(event)
    assert claim is not None
    for tries in (1, 2):
        await world.app_events().decide(replace(claim, tries=tries))
    assert len(await MemoryLedgerReader(world.database).events(EventFilter(topic=ACTIVE))) == 1


def test_app_events_are_no_webhooks_to_subscribe() -> None:
    assert subscriptions_for([ACTIVE, UNINSTALL]) == tuple(sorted(ALWAYS_SUBSCRIBED))
    assert entity_kind(ACTIVE) is EntityKind.STORE
