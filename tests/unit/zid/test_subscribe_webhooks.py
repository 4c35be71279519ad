"""Subscribing without a gap, under every variant of Zid, and never for an install that is over."""

from contextlib import AbstractAsyncContextManager

import pytest

from adapters.memory.gaps import MemoryGaps
from adapters.memory.guards import MemoryLocks
from core.domain.audit import AuditEntry
from core.domain.operations.operation import Operation
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks
from core.domain.secret import Secret
from core.domain.stores import Install
from core.domain.subscription_plan import original_ids
from core.domain.webhook_address import credentials_hold, read_install_token
from core.errors import Invalid, MissingScope, OutcomeUnknown, TryLater, Unavailable
from core.features.subscribe_webhooks import EXISTS, InstallOver, SubscribeWebhooks
from tests.unit.zid.oauth_model import STORE
from tests.unit.zid.subscribing_world import RING, TARGET, TOPICS, SubscribingWorld


@pytest.fixture
async def world() -> SubscribingWorld:
    return SubscribingWorld()


async def test_every_topic_gets_its_own_address_and_credentials(world: SubscribingWorld) -> None:
    install = await world.install()
    report = await world.feature().ensure(install, TOPICS)
    assert (report.created, report.kept, report.failed, report.gap) == (tuple(sorted(TOPICS)), (), (), False)
    created = [operation for operation in world.webhooks.performed if isinstance(operation, CreateWebhook)]
    for wanted in created:
        prefix, token, topic = wanted.target_url.rsplit("/", 2)
        assert (prefix, topic) == ("https://wasl.example/webhooks/zid", wanted.event)
        addressee = read_install_token(RING, token)
        assert addressee is not None
        assert (addressee.store_id, addressee.install_id) == (install.store_id, install.install_id)
        assert credentials_hold(RING, addressee, wanted.username, wanted.password.reveal())
    assert list(await world.installations.subscriptions(install.install_id)) == world.webhooks.standing
    assert world.database.audit[-1].details == {"created": 3, "kept": 0, "failed": 0, "gap": False}


async def test_doing_it_again_writes_nothing(world: SubscribingWorld) -> None:
    install = await world.install()
    await world.feature().ensure(install, TOPICS)
    world.webhooks.performed.clear()
    report = await world.feature().ensure(install, TOPICS)
    assert (report.created, report.kept, report.complete) == ((), tuple(sorted(TOPICS)), True)
    assert all(isinstance(operation, ListWebhooks) for operation in world.webhooks.performed)


async def test_a_reinstall_replaces_the_set_without_a_gap(world: SubscribingWorld) -> None:
    ids = original_ids("7367")
    for epoch in range(4):
        install = await world.install()
        report = await world.feature().ensure(install, TOPICS)
        assert (report.complete, report.gap) == (True, False)
        assert {one.original_id for one in world.webhooks.standing} == {ids[epoch % 2]}
        assert world.targets() == set(TARGET.urls(install, TOPICS).values())
    assert min(world.webhooks.fewest.values()) == 1, "some event had no subscription for a moment"


async def test_where_zid_refuses_duplicates_the_gap_is_told(world: SubscribingWorld) -> None:
    world.webhooks.refuses_duplicates = True
    await world.feature().ensure(await world.install(), TOPICS)
    install = await world.install()
    report = await world.feature().ensure(install, TOPICS)
    assert (report.complete, report.gap) == (True, True)
    assert world.targets() == set(TARGET.urls(install, TOPICS).values())
    assert world.database.audit[-1].details["gap"] is True


async def test_an_added_topic_joins_the_set(world: SubscribingWorld) -> None:
    install = await world.install()
    await world.feature().ensure(install, TOPICS[:2])
    report = await world.feature().ensure(install, TOPICS)
    assert (report.created, report.kept) == ((TOPICS[2],), TOPICS[:2])
    assert world.webhooks.count(DeleteWebhooks) == 0


async def test_one_refused_topic_does_not_stop_the_others(world: SubscribingWorld) -> None:
    world.webhooks.fails["order.create"] = Invalid(400, "unknown event")
    report = await world.feature().ensure(await world.install(), TOPICS)
    assert report.failed == (("order.create", "Zid answered 400: unknown event"),)
    assert report.created == ("order.status.update", "product.update")


async def test_while_the_new_set_is_incomplete_the_old_one_stays(world: SubscribingWorld) -> None:
    old = await world.install()
    await world.feature().ensure(old, TOPICS)
    world.webhooks.fails["product.update"] = Unavailable("Zid")
    install = await world.install()
    report = await world.feature().ensure(install, TOPICS)
    assert [event for event, _ in report.failed] == ["product.update"]
    assert set(TARGET.urls(old, TOPICS).values()) <= world.targets()
    world.webhooks.fails.clear()
    repaired = await world.feature().ensure(install, TOPICS)
    assert (repaired.created, len(repaired.kept)) == (("product.update",), 2)
    assert world.targets() == set(TARGET.urls(install, TOPICS).values())


async def test_a_lost_answer_is_settled_by_what_zid_lists(world: SubscribingWorld) -> None:
    world.webhooks.loses["order.create"] = OutcomeUnknown("CreateWebhook", "list")
    report = await world.feature().ensure(await world.install(), TOPICS)
    assert (report.created, report.failed) == (tuple(sorted(TOPICS)), ())


async def test_a_missing_permission_is_not_asked_for_sixteen_times(world: SubscribingWorld) -> None:
    world.webhooks.fails["order.create"] = MissingScope("third_webhook_write")
    report = await world.feature().ensure(await world.install(), TOPICS)
    assert world.webhooks.count(CreateWebhook) == 1
    assert [event for event, _ in report.failed] == sorted(TOPICS)
    assert all("third_webhook_write" in reason for _, reason in report.failed)


async def test_a_topic_that_exists_and_is_not_listed_is_told(world: SubscribingWorld) -> None:
    world.webhooks.refuses_duplicates = True
    foreign = CreateWebhook("order.create", "https://other.example", "another-app", "u", Secret("p"))
    await world.webhooks.perform(STORE, foreign)
    report = await world.feature().ensure(await world.install(), TOPICS)
    assert report.failed == (("order.create", EXISTS),)
    assert "https://other.example" in world.targets()


async def test_a_late_ensure_of_an_older_install_writes_nothing(world: SubscribingWorld) -> None:
    old = await world.install()
    new = await world.install()
    await world.feature().ensure(new, TOPICS)
    with pytest.raises(InstallOver):
        await world.feature().ensure(old, TOPICS)
    with pytest.raises(InstallOver):
        await world.feature().remove(old)
    assert world.targets() == set(TARGET.urls(new, TOPICS).values())


@pytest.mark.parametrize("writes_before", range(5))
async def test_a_reinstall_in_the_middle_keeps_its_own_subscriptions(
    world: SubscribingWorld, writes_before: int
) -> None:
    """The lock is taken to be lost: both installs subscribe at once, and the younger one ends served."""
    await world.feature().ensure(await world.install(), TOPICS)
    old = await world.install()
    younger: list[Install] = []
    left = writes_before

    async def reinstall(operation: Operation[object]) -> None:
        nonlocal left
        left -= isinstance(operation, CreateWebhook)
        if left < 0 and not younger and not isinstance(operation, DeleteWebhooks):
            younger.append(await world.install())
            await SubscribeWebhooks(
                gateway=world.webhooks,
                installations=world.installations,
                locks=MemoryLocks(),
                trail=world.trail,
                target=TARGET,
                gaps=MemoryGaps(world.database),
                clock=world.clock,
            ).ensure(younger[0], TOPICS)

    world.webhooks.before = reinstall
    try:
        await world.feature().ensure(old, TOPICS)
    except InstallOver:
        assert younger
    newest = younger[0] if younger else old
    assert set(TARGET.urls(newest, TOPICS).values()) <= world.targets()


class ImpatientLocks(MemoryLocks):
    """Waiting is over at once."""

    def hold(self, name: str, *, wait: float) -> AbstractAsyncContextManager[bool]:
        return super().hold(name, wait=0.0)


async def test_only_one_process_subscribes_a_store(world: SubscribingWorld) -> None:
    install = await world.install()
    world.locks = ImpatientLocks()
    async with world.locks.hold(f"subscriptions:{STORE}", wait=0):
        with pytest.raises(TryLater):
            await world.feature().ensure(install, TOPICS)
    assert world.webhooks.performed == []


async def test_removing_takes_both_ids(world: SubscribingWorld) -> None:
    install = await world.install()
    await world.feature().ensure(install, TOPICS)
    await world.feature().remove(install)
    assert world.webhooks.standing == []


async def test_nothing_is_written_for_an_ended_install(world: SubscribingWorld) -> None:
    install = await world.install()
    await world.installations.end(install.install_id, audit=AuditEntry("install.uninstalled"))
    with pytest.raises(InstallOver):
        await world.feature().ensure(install, TOPICS)
    assert world.webhooks.standing == []
