"""Installing: what a callback leads to, and what never installs."""

import itertools
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.oauth_state import is_ours, make_state, safe_return_path
from core.domain.secret import Secret
from core.domain.stores import InstallState
from core.errors import ClientRejected, MissingScope, Unavailable
from core.features.install_store import (
    EMBEDDED_SCOPE,
    BadState,
    BadStateReason,
    Callback,
    CodeRejected,
    Installed,
    RefusedByMerchant,
    Restart,
    Started,
    ZidError,
)
from tests.unit.zid.oauth_model import STORE, Answering
from tests.unit.zid.subscribing_world import APP, TARGET, TOPICS, SubscribingWorld


@pytest.fixture
async def world() -> SubscribingWorld:
    return SubscribingWorld()


def back(started: Started | Restart, **changes: str | None) -> Callback:
    """The merchant consented, in the same browser."""
    return replace(Callback(code="good", state=started.state, binding=started.binding), **changes)


def answers(world: SubscribingWorld, *ends: Answering) -> None:
    coming = itertools.chain(ends, itertools.repeat(Answering.OK))
    world.zid.answering = lambda: next(coming)


async def installed_nothing(world: SubscribingWorld) -> bool:
    return world.database.installs == {} and world.webhooks.performed == []


async def test_the_browser_is_sent_to_zid_with_a_single_use_state(world: SubscribingWorld) -> None:
    first, second = await world.installer().start(), await world.installer().start()
    assert len({first.state, second.state, first.binding, second.binding}) == 4
    url = urlsplit(first.authorize_url)
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://oauth.zid.sa/oauth/authorize"
    assert parse_qs(url.query) == {
        "client_id": ["48"],
        "redirect_uri": ["https://wasl.example/auth/zid/callback"],
        "response_type": ["code"],
        "state": [first.state],
    }


async def test_an_embedded_app_asks_for_its_one_scope(world: SubscribingWorld) -> None:
    started = await world.installer(replace(APP, embedded=True)).start()
    assert parse_qs(urlsplit(started.authorize_url).query)["scope"] == [EMBEDDED_SCOPE]


async def test_consent_installs_the_store_and_subscribes_it(world: SubscribingWorld) -> None:
    started = await world.installer().start(return_path="/console?lang=ar")
    end = await world.installer().finish(back(started))
    assert isinstance(end, Installed)
    assert (end.install.store_id, end.install.epoch, end.install.state) == (STORE, 1, InstallState.ACTIVE)
    assert (end.install.identity.title, end.return_to) == ("Dates & Co", "/console?lang=ar")
    assert end.subscriptions.created == tuple(sorted(TOPICS))
    assert (await world.tokens()).tokens.refresh_token == Secret("refresh-1")
    assert world.actions() == ["install.activated", "webhooks.subscribed"]
    assert world.zid.arrivals["good"] == 1


async def test_a_reinstall_is_a_new_install_with_the_next_epoch(world: SubscribingWorld) -> None:
    ends = [await world.installer().finish(back(await world.installer().start())) for _ in range(2)]
    first, second = (end.install for end in ends if isinstance(end, Installed))
    assert (first.epoch, second.epoch) == (1, 2)
    assert first.install_id != second.install_id
    assert world.targets() == set(TARGET.urls(second, TOPICS).values())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": None}, BadStateReason.FORGED),
        ({"state": ""}, BadStateReason.FORGED),
        ({"state": "guess"}, BadStateReason.FORGED),
        ({"state": "nonce." + "0" * 32}, BadStateReason.FORGED),
        ({"state": make_state(APP.state_secret, "unknown")}, BadStateReason.EXPIRED_OR_USED),
        ({"binding": None}, BadStateReason.OTHER_BROWSER),
        ({"binding": "another browser's"}, BadStateReason.OTHER_BROWSER),
    ],
)
async def test_a_bad_state_never_installs(
    world: SubscribingWorld, changes: dict[str, str | None], why: BadStateReason
) -> None:
    started = await world.installer().start()
    assert await world.installer().finish(back(started, **changes)) == BadState(why)
    assert await installed_nothing(world)
    assert world.zid.sent == [], "nothing is asked of Zid"
    assert world.database.audit[-1].details == {"why": why}


async def test_a_state_works_once(world: SubscribingWorld) -> None:
    callback = back(await world.installer().start())
    assert isinstance(await world.installer().finish(callback), Installed)
    assert await world.installer().finish(callback) == BadState(BadStateReason.EXPIRED_OR_USED)


async def test_a_state_works_for_ten_minutes(world: SubscribingWorld) -> None:
    callback = back(await world.installer().start())
    world.clock.advance(601)
    assert await world.installer().finish(callback) == BadState(BadStateReason.EXPIRED_OR_USED)


async def test_an_activation_that_lands_on_the_callback_restarts_once(world: SubscribingWorld) -> None:
    restart = await world.installer().finish(Callback())
    assert isinstance(restart, Restart)
    assert await world.installer().finish(Callback(binding=restart.binding)) == BadState(BadStateReason.NOTHING_CAME)
    assert isinstance(await world.installer().finish(back(restart)), Installed)


async def test_a_leftover_cookie_of_a_usual_start_does_not_prevent_the_restart(world: SubscribingWorld) -> None:
    started = await world.installer().start()
    assert isinstance(await world.installer().finish(Callback(binding=started.binding)), Restart)


async def test_a_merchant_who_says_no_is_told_so_and_the_state_is_spent(world: SubscribingWorld) -> None:
    started = await world.installer().start()
    refused = back(started, code=None, error="access_denied", error_description="no, thanks")
    assert await world.installer().finish(refused) == RefusedByMerchant("no, thanks")
    assert await world.installer().finish(back(started)) == BadState(BadStateReason.EXPIRED_OR_USED)


async def test_any_other_error_of_zid_is_shown_as_it_is(world: SubscribingWorld) -> None:
    end = await world.installer().finish(Callback(error="EC9", error_description=None))
    assert end == ZidError("EC9", None)
    both = await world.installer().finish(Callback(error="server_error", code="good"))
    assert both == ZidError("server_error")
    assert await installed_nothing(world)


@pytest.mark.parametrize("end", [Answering.REFUSED, Answering.LOST_BEFORE, Answering.LOST_AFTER])
async def test_a_code_that_brings_no_tokens_installs_nothing(world: SubscribingWorld, end: Answering) -> None:
    answers(world, end)
    finished = await world.installer().finish(back(await world.installer().start()))
    assert isinstance(finished, CodeRejected)
    assert await installed_nothing(world)
    assert world.zid.arrivals["good"] == 1, "a code is sent once"
    assert world.database.audit[-1].action == "install.code_rejected"


@pytest.mark.parametrize(("end", "kind"), [(Answering.NOT_SENT, Unavailable), (Answering.CLIENT_FAULT, ClientRejected)])
async def test_what_is_not_the_merchants_doing_is_raised(
    world: SubscribingWorld, end: Answering, kind: type[Exception]
) -> None:
    answers(world, end)
    with pytest.raises(kind):
        await world.installer().finish(back(await world.installer().start()))
    assert await installed_nothing(world)


async def test_tokens_that_zid_refuses_at_once_install_nothing(world: SubscribingWorld) -> None:
    world.zid.refuses.add("bearer-1")
    assert isinstance(await world.installer().finish(back(await world.installer().start())), CodeRejected)
    assert await installed_nothing(world)


async def test_a_stumbling_profile_is_asked_again(world: SubscribingWorld) -> None:
    world.zid.probe_failures = 2
    assert isinstance(await world.installer().finish(back(await world.installer().start())), Installed)


async def test_a_profile_that_stays_away_installs_nothing(world: SubscribingWorld) -> None:
    world.zid.probe_failures = 3
    with pytest.raises(Unavailable):
        await world.installer().finish(back(await world.installer().start()))
    assert await installed_nothing(world)


async def test_an_install_stands_without_its_webhooks(world: SubscribingWorld) -> None:
    for topic in TOPICS:
        world.webhooks.fails[topic] = MissingScope("third_webhook_write")
    end = await world.installer().finish(back(await world.installer().start()))
    assert isinstance(end, Installed)
    assert len(end.subscriptions.failed) == len(TOPICS)
    world.webhooks.fails.clear()
    assert (await world.feature().ensure(end.install, TOPICS)).complete


async def test_an_install_stands_when_zid_cannot_even_list(world: SubscribingWorld) -> None:
    async def away(_: object) -> None:
        raise Unavailable("Zid")

    world.webhooks.before = away
    end = await world.installer().finish(back(await world.installer().start()))
    assert isinstance(end, Installed)
    assert {event for event, _ in end.subscriptions.failed} == set(TOPICS)
    assert world.database.audit[-1].action == "webhooks.subscription_failed"


@pytest.mark.parametrize(
    ("given_path", "kept"),
    [
        ("/console", "/console"),
        ("/console?lang=ar#x", "/console?lang=ar#x"),
        (None, None),
        ("", None),
        ("https://evil.example", None),
        ("//evil.example", None),
        ("/\\evil.example", None),
        ("/a\\..\\b", None),
        ("/a\r\nSet-Cookie: x", None),
        ("console", None),
    ],
)
def test_a_return_path_stays_on_this_site(given_path: str | None, kept: str | None) -> None:
    assert safe_return_path(given_path) == kept


@given(st.text())
def test_no_text_is_a_state_of_ours_by_chance(text: str) -> None:
    assert not is_ours(APP.state_secret, text)
    assert is_ours(APP.state_secret, make_state(APP.state_secret, text or "nonce"))
    assert not is_ours(Secret("another"), make_state(APP.state_secret, text or "nonce"))
