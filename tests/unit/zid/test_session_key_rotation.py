"""A new SESSION_KEY in front: installs and links that the old one signed go on to their end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.domain.oauth_state import LINK_TTL, make_state
from core.domain.secret import Secret
from core.features.install_store import Callback, Installed
from tests.unit.zid.subscribing_world import APP, SubscribingWorld

NEW = replace(APP, state_secret=Secret("the new session key"), older_secrets=(APP.state_secret,))
WITHOUT = replace(NEW, older_secrets=())


async def test_an_install_under_way_ends_well_after_the_key_was_changed() -> None:
    world = SubscribingWorld()
    started = await world.installer(APP).start()
    back = Callback(code="good", state=started.state, binding=started.binding)
    assert isinstance(await world.installer(NEW).finish(back), Installed)


async def test_without_the_old_key_it_has_to_be_started_again() -> None:
    world = SubscribingWorld()
    started = await world.installer(APP).start()
    back = Callback(code="good", state=started.state, binding=started.binding)
    assert not isinstance(await world.installer(WITHOUT).finish(back), Installed)


def test_a_state_is_ours_by_any_member_of_the_ring() -> None:
    state = make_state(APP.state_secret, "nonce")
    assert NEW.made(state)
    assert not WITHOUT.made(state)
    assert NEW.made(make_state(NEW.state_secret, "nonce"))
    assert not NEW.made(make_state(Secret("somebody else's"), "nonce"))


async def test_authorization_links_of_the_old_key_work_until_their_end() -> None:
    world = SubscribingWorld()
    link = await world.installer(APP).links.make(None, actor="tester")
    ticket = link.url.rpartition("=")[2]
    links = world.installer(NEW).links
    assert links.works(ticket)
    assert not world.installer(WITHOUT).links.works(ticket)
    granted = await links.take(ticket)
    assert granted is not None
    world.clock.advance(timedelta(seconds=LINK_TTL + 1).total_seconds())
    assert not links.works(ticket)
