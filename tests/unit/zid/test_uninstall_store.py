"""A hint is verified before anything ends, and only the install it was verified for ends."""

from datetime import timedelta

import pytest

from core.domain.stores import InstallState
from core.errors import NeedsReauthorization, Unavailable
from core.features.uninstall_store import Decision
from core.ids import StoreId
from tests.unit.zid.oauth_model import STORE, Answering, EventfulClock
from tests.unit.zid.subscribing_world import TARGET, TOPICS, SubscribingWorld


@pytest.fixture
async def world() -> SubscribingWorld:
    return SubscribingWorld()


async def state(world: SubscribingWorld) -> InstallState:
    install = await world.installations.current(STORE)
    assert install is not None
    return install.state


async def test_refused_tokens_prove_the_uninstall(world: SubscribingWorld) -> None:
    await world.install()
    world.zid.uninstalled = True
    assert await world.uninstaller().on_hint(STORE) is Decision.ENDED
    assert await state(world) is InstallState.UNINSTALLED
    assert await world.vault.open(STORE) is None
    assert world.zid.sent == [], "fresh tokens that are refused need no exchange to be believed"
    assert world.actions()[-1] == "install.uninstalled"


async def test_working_tokens_disprove_it(world: SubscribingWorld) -> None:
    await world.install()
    assert await world.uninstaller().on_hint(STORE) is Decision.STILL_INSTALLED
    assert await state(world) is InstallState.ACTIVE
    assert world.actions()[-1] == "uninstall.hint_ignored"
    assert world.database.intents == {}, "the intent that was held for the look is given back"


async def test_a_hint_that_is_looked_at_for_a_day_is_one_entry_of_the_audit(world: SubscribingWorld) -> None:
    await world.install()
    for look in range(5):
        assert await world.uninstaller().on_hint(STORE, first=look == 0) is Decision.STILL_INSTALLED
    assert world.actions().count("uninstall.hint_ignored") == 1


async def test_a_late_hint_after_a_reinstall_leaves_the_new_install_and_its_webhooks(world: SubscribingWorld) -> None:
    await world.install()
    world.zid.uninstalled = True
    second = await world.install()
    await world.feature().ensure(second, TOPICS)
    assert await world.uninstaller().on_hint(STORE) is Decision.STILL_INSTALLED
    assert await state(world) is InstallState.ACTIVE
    assert world.targets() == set(TARGET.urls(second, TOPICS).values())


async def test_a_reinstall_while_zid_is_asked_is_not_touched(world: SubscribingWorld) -> None:
    """The hint's install is the one that was current when it came."""
    await world.install()
    world.zid.uninstalled = True
    reinstalled = False

    async def the_merchant_is_quick() -> None:
        nonlocal reinstalled
        if not reinstalled:
            reinstalled = True
            await world.install()

    # The first install's tokens are dead at Zid by the time it is asked; the second's work.
    world.zid.turn = the_merchant_is_quick
    decision = await world.uninstaller().on_hint(STORE)
    assert decision in (Decision.NOT_INSTALLED, Decision.STILL_INSTALLED)
    assert await state(world) is InstallState.ACTIVE
    assert (await world.tokens()).install_id == 2


async def test_expired_tokens_decide_nothing_but_a_renewal_does(world: SubscribingWorld) -> None:
    await world.install()
    world.clock.advance(timedelta(days=366).total_seconds())
    world.zid.refuses.add("bearer-1")
    assert await world.uninstaller().on_hint(STORE) is Decision.STILL_INSTALLED
    assert (await world.tokens()).generation == 2


async def test_expired_tokens_of_an_uninstalled_store_end_it(world: SubscribingWorld) -> None:
    await world.install()
    world.clock.advance(timedelta(days=366).total_seconds())
    world.zid.uninstalled = True
    assert await world.uninstaller().on_hint(STORE) is Decision.ENDED
    assert world.zid.arrivals["refresh-1"] == 1


async def test_a_renewal_under_way_cannot_be_mistaken_for_an_uninstall() -> None:
    """Another process has exchanged and not stored yet: the tokens at hand are refused, and the store is fine."""
    clock = EventfulClock(at=20)
    world = SubscribingWorld(clock=clock)
    await world.install()
    seen = await world.tokens()
    await world.book.begin(seen.install_id, seen.generation, world.worker(7))
    answer = world.zid.issue()
    clock.event = lambda: world.store_answer(seen, answer)
    assert await world.uninstaller().on_hint(STORE) is Decision.STILL_INSTALLED
    assert await state(world) is InstallState.ACTIVE
    assert world.zid.sent == []


async def test_tokens_lost_on_the_way_are_not_an_uninstall(world: SubscribingWorld) -> None:
    """The answer of an exchange was lost before Zid rotated: the last resort decides, not the refused bearer."""
    await world.install()
    seen = await world.tokens()
    other = world.worker(7)
    await world.book.begin(seen.install_id, seen.generation, other)
    await world.book.mark_unknown(seen.install_id, seen.generation, other)
    world.zid.refuses.add("bearer-1")
    assert await world.uninstaller().on_hint(STORE) is Decision.STILL_INSTALLED
    assert (await world.tokens()).generation == 2


async def test_while_zid_cannot_be_asked_nothing_is_decided(world: SubscribingWorld) -> None:
    await world.install()
    world.zid.uninstalled = True
    world.zid.probe_failures = 1
    with pytest.raises(Unavailable):
        await world.uninstaller().on_hint(STORE)
    assert await state(world) is InstallState.ACTIVE
    assert await world.uninstaller().on_hint(STORE) is Decision.ENDED


async def test_a_store_that_already_needs_the_merchant_ends(world: SubscribingWorld) -> None:
    await world.install()
    world.zid.answering = lambda: Answering.REFUSED
    with pytest.raises(NeedsReauthorization):
        await world.refresher().renew(await world.tokens())
    world.zid.uninstalled = True
    assert await world.uninstaller().on_hint(STORE) is Decision.ENDED


async def test_hints_about_unknown_or_ended_stores_are_harmless(world: SubscribingWorld) -> None:
    assert await world.uninstaller().on_hint(StoreId(9)) is Decision.NOT_INSTALLED
    await world.install()
    world.zid.uninstalled = True
    assert await world.uninstaller().on_hint(STORE) is Decision.ENDED
    assert await world.uninstaller().on_hint(STORE) is Decision.NOT_INSTALLED


async def test_a_person_revokes_with_the_webhooks_gone_first(world: SubscribingWorld) -> None:
    install = await world.install()
    await world.feature().ensure(install, TOPICS)
    revoked = await world.uninstaller().revoke(STORE, actor="key:ops")
    assert revoked is not None
    assert (revoked.install.install_id, revoked.problem) == (install.install_id, None)
    assert world.webhooks.standing == []
    assert await state(world) is InstallState.UNINSTALLED
    entry = world.database.audit[-1]
    assert (entry.action, entry.actor, entry.details["webhooks_removed"]) == ("install.revoked", "key:ops", True)


async def test_revoking_works_although_zid_does_not(world: SubscribingWorld) -> None:
    await world.install()

    async def away(_: object) -> None:
        raise Unavailable("Zid")

    world.webhooks.before = away
    revoked = await world.uninstaller().revoke(STORE, actor="key:ops")
    assert revoked is not None
    assert revoked.problem == "Zid does not answer"
    assert await state(world) is InstallState.UNINSTALLED
    assert await world.uninstaller().revoke(STORE, actor="key:ops") is None
