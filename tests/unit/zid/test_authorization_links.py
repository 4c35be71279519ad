"""Links for merchants: any browser opens them, one install comes of each, and they lead back only to listed places."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from core.domain.bounds import OutOfBounds
from core.domain.oauth_state import LINK_TTL, make_ticket
from core.domain.return_urls import ReturnUrls
from core.domain.secret import Secret
from core.errors import ClientRejected, Unavailable
from core.features.install_store import (
    BadState,
    BadStateReason,
    Callback,
    CodeRejected,
    Installed,
    InstallStore,
    Started,
)
from tests.unit.zid.oauth_model import Answering
from tests.unit.zid.subscribing_world import APP, SubscribingWorld

BACK = "https://app.example/connected?session=7"
LISTED = replace(APP, return_urls=ReturnUrls.read(["https://app.example/connected"]))


@pytest.fixture
async def world() -> SubscribingWorld:
    return SubscribingWorld()


@pytest.fixture
async def installer(world: SubscribingWorld) -> InstallStore:
    return world.installer(LISTED)


async def ticket_of(installer: InstallStore, return_url: str | None = BACK) -> str:
    link = await installer.links.make(return_url, actor="key:app")
    (ticket,) = parse_qs(urlsplit(link.url).query)["ticket"]
    return ticket


async def opened(installer: InstallStore, ticket: str) -> Started:
    started = await installer.open_link(ticket)
    assert isinstance(started, Started)
    return started


def consent(started: Started, code: str = "good") -> Callback:
    return Callback(code=code, state=started.state, binding=started.binding)


async def test_a_link_begins_at_our_own_address_and_is_audited(
    world: SubscribingWorld, installer: InstallStore
) -> None:
    link = await installer.links.make(BACK, actor="key:app", request_id="r-1")
    assert link.url.startswith("https://wasl.example/auth/zid?ticket=")
    assert (link.expires_at - world.clock.now()).total_seconds() == LINK_TTL
    assert "app.example" not in link.url
    entry = world.database.audit[-1]
    assert (entry.action, entry.actor, entry.request_id) == ("install.link_made", "key:app", "r-1")


async def test_the_browser_that_opened_it_installs_and_goes_back(installer: InstallStore) -> None:
    started = await opened(installer, await ticket_of(installer))
    finished = await installer.finish(consent(started))
    assert isinstance(finished, Installed)
    assert finished.return_to == BACK


async def test_without_a_return_url_our_own_page_follows(installer: InstallStore) -> None:
    finished = await installer.finish(consent(await opened(installer, await ticket_of(installer, None))))
    assert isinstance(finished, Installed)
    assert finished.return_to is None


async def test_a_place_that_is_not_listed_makes_no_link(world: SubscribingWorld, installer: InstallStore) -> None:
    for url in ("https://evil.example/connected", "//app.example/connected", ""):
        with pytest.raises(OutOfBounds, match="AUTH_RETURN_URLS"):
            await installer.links.make(url, actor="key:app")
    assert world.actions() == []


async def test_each_browser_gets_a_state_of_its_own_and_looking_uses_nothing_up(installer: InstallStore) -> None:
    ticket = await ticket_of(installer)
    first, second = await opened(installer, ticket), await opened(installer, ticket)
    assert len({first.state, second.state, first.binding, second.binding}) == 4
    crossed = Callback(code="good", state=first.state, binding=second.binding)
    assert await installer.finish(crossed) == BadState(BadStateReason.OTHER_BROWSER)
    assert isinstance(await installer.finish(consent(second)), Installed)


async def test_a_link_leads_to_one_install(world: SubscribingWorld, installer: InstallStore) -> None:
    ticket = await ticket_of(installer)
    first, second = await opened(installer, ticket), await opened(installer, ticket)
    assert isinstance(await installer.finish(consent(first)), Installed)
    assert await installer.finish(consent(second)) == BadState(BadStateReason.LINK_OVER)
    assert world.zid.arrivals["good"] == 1, "the second code was not even sent"
    assert len(world.database.installs) == 1


async def test_a_link_works_for_a_day(world: SubscribingWorld, installer: InstallStore) -> None:
    ticket = await ticket_of(installer)
    world.clock.advance(LINK_TTL - 300)
    started = await opened(installer, ticket)
    world.clock.advance(301)
    assert await installer.open_link(ticket) == BadState(BadStateReason.LINK_OVER)
    assert await installer.finish(consent(started)) == BadState(BadStateReason.LINK_OVER)
    assert world.database.installs == {}


@pytest.mark.parametrize("failing", [Answering.REFUSED, Answering.NOT_SENT, Answering.CLIENT_FAULT])
async def test_what_failed_may_be_tried_again_with_the_same_link(
    world: SubscribingWorld, installer: InstallStore, failing: Answering
) -> None:
    ticket = await ticket_of(installer)
    world.zid.answering = lambda: failing
    try:
        finished = await installer.finish(consent(await opened(installer, ticket)))
    except (Unavailable, ClientRejected):
        assert failing is not Answering.REFUSED
    else:
        assert isinstance(finished, CodeRejected)
    world.zid.answering = lambda: Answering.OK
    again = await installer.finish(consent(await opened(installer, ticket)))
    assert isinstance(again, Installed)
    assert again.return_to == BACK


async def test_tickets_are_ours_or_nothing(world: SubscribingWorld, installer: InstallStore) -> None:
    ticket = await ticket_of(installer)
    name, _, mac = ticket.rpartition(".")
    nonce, _, until = name.rpartition(".")
    later = f"{nonce}.{int(until) + 1}.{mac}"
    foreign = make_ticket(Secret("another"), "nonce", world.clock.now().replace(year=2030))
    state = (await installer.start()).state
    for forged in ("", "x", "..", later, ticket[:-1], ticket + "0", foreign, state, f"{nonce}.٣.{mac}"):
        assert await installer.open_link(forged) == BadState(BadStateReason.LINK_OVER), forged


async def test_a_ticket_is_no_state(world: SubscribingWorld, installer: InstallStore) -> None:
    ticket = await ticket_of(installer)
    for state in (ticket, f"link.{ticket}"):
        callback = Callback(code="good", state=state, binding="b")
        assert await installer.finish(callback) == BadState(BadStateReason.FORGED)
    assert world.zid.sent == []
