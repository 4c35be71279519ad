"""A new WEBHOOK_SECRET in front: what the old one made goes on delivering until Zid has the new addresses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks
from core.domain.secret import Secret
from core.domain.webhook_address import (
    USERNAME,
    Addressee,
    credentials_hold,
    install_token,
    password,
    read_install_token,
)
from core.domain.webhook_states import WebhookState
from core.errors import Invalid
from core.features.check_webhooks import CheckWebhooks
from tests.unit.zid.checking_world import CheckedWorld
from tests.unit.zid.subscribing_world import RING, TARGET, TOPICS

OLD, NEW = RING[0], Secret("the webhooks' new secret")


@pytest.fixture
async def world() -> CheckedWorld:
    """Everything is subscribed with the old secret."""
    return await CheckedWorld().ready()


def with_ring(world: CheckedWorld, *ring: Secret) -> CheckWebhooks:
    """The feature as a process with this ring has it."""
    target = replace(TARGET, secrets=ring)
    return replace(world.check, subscribe=replace(world.check.subscribe, target=target))


def makers(world: CheckedWorld) -> dict[str, set[Secret]]:
    """Event → whose addresses stand at Zid."""
    found: dict[str, set[Secret]] = {}
    for one in world.webhooks.standing:
        token = one.target_url.split("/")[-2]
        made = {secret for secret in (OLD, NEW) if read_install_token((secret,), token)}
        found.setdefault(one.event, set()).update(made)
    return found


async def test_with_the_new_secret_behind_nothing_is_done(world: CheckedWorld) -> None:
    checked = await with_ring(world, OLD, NEW).check(world.live)
    assert (checked.renewed, checked.healed) == ((), {})
    assert [type(one) for one in world.webhooks.performed] == [ListWebhooks]


async def test_with_it_in_front_every_address_is_made_anew_without_a_moment_of_silence(world: CheckedWorld) -> None:
    world.webhooks.fewest.clear()
    check = with_ring(world, NEW, OLD)
    checked = await check.check(world.live)
    assert (set(checked.renewed), checked.healed, checked.failed) == (set(TOPICS), {}, {})
    assert makers(world) == {event: {NEW} for event in TOPICS}
    assert all(world.webhooks.fewest[event] >= 1 for event in TOPICS)
    assert await world.open_gaps() == {}, "nothing was missed, so nothing has to be read"
    assert await world.noted() == ({WebhookState.HEALTHY}, {})
    world.webhooks.performed.clear()
    assert (await check.check(world.live)).renewed == ()
    assert [type(one) for one in world.webhooks.performed] == [ListWebhooks]


async def test_nobody_begins_while_processes_disagree_which_secret_comes_first(world: CheckedWorld) -> None:
    async def they_do_not() -> bool:
        return False

    check = replace(with_ring(world, NEW, OLD), secrets_agree=they_do_not)
    assert (await check.check(world.live)).renewed == ()
    assert makers(world) == {event: {OLD} for event in TOPICS}
    assert await world.noted() == ({WebhookState.HEALTHY}, {}), "they do deliver"
    assert set((await check.apply(world.live)).renewed) == set(TOPICS), "unless a person says so"


async def test_what_is_cut_off_in_the_middle_is_finished_by_the_next_look(world: CheckedWorld) -> None:
    world.webhooks.fails[TOPICS[1]] = Invalid(422, "The selected event is invalid.")
    check = with_ring(world, NEW, OLD)
    checked = await check.check(world.live)
    assert set(checked.renewed) == {TOPICS[0], TOPICS[2]}
    assert world.webhooks.count(DeleteWebhooks) == 0, "the old set stands while the new one is not whole"
    assert OLD in makers(world)[TOPICS[1]]
    assert (await world.noted())[0] == {WebhookState.HEALTHY}
    world.webhooks.fails.clear()
    assert (await check.check(world.live)).renewed == (TOPICS[1],)
    assert makers(world) == {event: {NEW} for event in TOPICS}
    assert await world.open_gaps() == {}


async def test_where_zid_refuses_two_of_a_kind_the_gap_is_noted(world: CheckedWorld) -> None:
    world.webhooks.refuses_duplicates = True
    await with_ring(world, NEW, OLD).check(world.live)
    assert makers(world) == {event: {NEW} for event in TOPICS}
    assert set(await world.open_gaps()) == set(TOPICS)


async def test_a_silent_one_under_the_old_secret_is_healed_and_its_silence_noted(world: CheckedWorld) -> None:
    world.change(TOPICS[0], active=False)
    checked = await with_ring(world, NEW, OLD).check(world.live)
    assert (set(checked.healed), set(checked.renewed)) == ({TOPICS[0]}, set(TOPICS[1:]))
    assert set(await world.open_gaps()) == {TOPICS[0]}


async def test_without_the_old_secret_what_it_made_counts_as_silent(world: CheckedWorld) -> None:
    """That is what taking a secret away too early costs: its deliveries were refused."""
    checked = await with_ring(world, NEW).check(world.live)
    assert set(checked.healed) == set(TOPICS)
    assert set(await world.open_gaps()) == set(TOPICS)
    assert world.webhooks.count(CreateWebhook) == len(TOPICS)


def test_old_addresses_and_passwords_hold_as_long_as_the_secret_is_in_the_ring() -> None:
    whom = Addressee(7, 2**62 + 5)  # type: ignore[arg-type]
    token, basic = install_token(OLD, whom), password(OLD, whom).reveal()
    assert read_install_token((NEW, OLD), token) == whom
    assert credentials_hold((NEW, OLD), whom, USERNAME, basic)
    assert read_install_token((NEW,), token) is None
    assert not credentials_hold((NEW,), whom, USERNAME, basic)
