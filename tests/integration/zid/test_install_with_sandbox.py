"""The whole install, its subscriptions and its end, on real Postgres against the sandbox."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.operations.account import GetProfile
from core.domain.operations.orders import GetOrder
from core.domain.operations.products import GetProduct
from core.domain.operations.webhooks import ListWebhooks
from core.domain.stores import InstallState
from core.domain.webhook_address import read_install_token
from core.errors import NeedsReauthorization, NotFound
from core.features.install_store import BadState, BadStateReason, CodeRejected, RefusedByMerchant
from core.features.uninstall_store import Decision
from core.ids import StoreId
from tests.integration.zid.sandbox_world import RING, TOPICS, Merchant, Process


async def test_a_merchants_click_ends_in_a_working_subscribed_store(merchant: Merchant, service: Process) -> None:
    store_id = await merchant.new_store(products=2, orders=2)
    finished = await merchant.install(store_id, service)
    install, report = finished.install, finished.subscriptions
    assert (install.store_id, install.epoch, install.state) == (store_id, 1, InstallState.ACTIVE)
    assert (report.created, report.failed, report.gap) == (tuple(sorted(TOPICS)), (), False)
    for url in merchant.webhooks(store_id):
        addressee = read_install_token(RING, url.split("/")[-2])
        assert addressee is not None
        assert (addressee.store_id, addressee.install_id) == (store_id, install.install_id)
    assert await service.gateway.perform(install.store_id, GetProfile()) == install.identity
    listed = await service.gateway.perform(install.store_id, ListWebhooks())
    assert {one.event for one in listed} == set(TOPICS)
    assert set(await service.installations.subscriptions(install.install_id)) == set(listed)
    actions = [record.entry.action for record in await service.trail.page()]
    assert actions == ["webhooks.subscribed", "install.activated"]


async def test_orders_and_products_are_read_with_the_headers_of_their_families(
    merchant: Merchant, service: Process
) -> None:
    store_id = StoreId(await merchant.new_store(products=1, orders=1))
    await merchant.install(store_id, service)
    (order,) = (await merchant.control("GET", f"/stores/{store_id}/entities/orders"))["items"]
    (product,) = (await merchant.control("GET", f"/stores/{store_id}/entities/products"))["items"]
    assert (await service.gateway.perform(store_id, GetOrder(str(order["id"])))).code == order["code"]
    assert (await service.gateway.perform(store_id, GetProduct(product["id"]))).sku == product["sku"]
    with pytest.raises(NotFound):
        await service.gateway.perform(store_id, GetOrder("1"))


async def test_a_code_is_worth_one_install(merchant: Merchant, service: Process) -> None:
    callback = await merchant.consent(await merchant.new_store(), service)
    await service.install.finish(callback)
    assert await service.install.finish(callback) == BadState(BadStateReason.EXPIRED_OR_USED)
    fresh = await service.install.start()
    stolen = replace(callback, state=fresh.state, binding=fresh.binding)
    assert isinstance(await service.install.finish(stolen), CodeRejected)


@pytest.mark.parametrize("params", ["full", "error_only"])
async def test_a_merchant_who_refuses_is_understood(merchant: Merchant, service: Process, params: str) -> None:
    await merchant.knobs(oauth__consent="deny", oauth__deny_params=params)
    store_id = await merchant.new_store()
    callback = await merchant.consent(store_id, service)
    assert (callback.code, callback.error) == (None, "access_denied")
    assert isinstance(await service.install.finish(callback), RefusedByMerchant)
    assert await service.installations.current(StoreId(store_id)) is None


@pytest.mark.parametrize(
    "knobs",
    [
        {"oauth__authorization_field": "Authorization"},
        {"oauth__expires_in": 94_608_000},
        {"profile__variant": "short_store"},
        {"webhook__create_status": "201"},
        {"webhook__create_shape": "data"},
        {"webhook__status_shape": "object"},
        {"webhook__status_shape": "absent"},
        {"webhook__echo_credentials": True},
        {"webhook__require_credentials": True},
        {"webhook__duplicate": "409"},
        {"webhook__duplicate": "422"},
        {"uninstall__webhooks": "keep"},
        {"uninstall__webhooks": "keep", "webhook__duplicate": "409"},
    ],
    ids=str,
)
async def test_installing_twice_works_under_every_variant_of_zid(
    merchant: Merchant, service: Process, knobs: dict[str, object]
) -> None:
    await merchant.knobs(**knobs)
    store_id = await merchant.new_store()
    for epoch in (1, 2, 3):
        finished = await merchant.install(store_id, service)
        assert (finished.install.epoch, finished.subscriptions.failed) == (epoch, ())
        wanted = service.webhooks.target.urls(finished.install, TOPICS)
        assert merchant.webhooks(store_id) == set(wanted.values())
        if epoch == 2:
            await merchant.uninstall(store_id)


@pytest.mark.parametrize("answer", ["401", "403", "redirect"])
@pytest.mark.parametrize("dialect", ["zid", "root", "unauthenticated", "redirect"])
async def test_an_uninstall_is_proven_in_every_dialect(
    merchant: Merchant, service: Process, answer: str, dialect: str
) -> None:
    await merchant.knobs(uninstall__profile_status=answer, errors__managers_401=dialect)
    store_id = StoreId(await merchant.new_store())
    await merchant.install(store_id, service)
    assert await service.uninstall.on_hint(store_id) is Decision.STILL_INSTALLED
    await merchant.uninstall(store_id)
    assert await service.uninstall.on_hint(store_id) is Decision.ENDED
    install = await service.installations.current(store_id)
    assert install is not None
    assert install.state is InstallState.UNINSTALLED
    with pytest.raises(NeedsReauthorization):
        await service.gateway.perform(store_id, GetProfile())


async def test_a_late_uninstall_of_epoch_1_leaves_epoch_2_and_its_webhooks(
    merchant: Merchant, service: Process
) -> None:
    store_id = StoreId(await merchant.new_store())
    await merchant.install(store_id, service)
    await merchant.uninstall(store_id)
    second = await merchant.install(store_id, service)
    assert await service.uninstall.on_hint(store_id) is Decision.STILL_INSTALLED
    assert await service.gateway.perform(store_id, GetProfile()) == second.install.identity
    assert merchant.webhooks(store_id) == set(service.webhooks.target.urls(second.install, TOPICS).values())


async def test_a_hint_about_expired_tokens_is_decided_by_one_renewal(merchant: Merchant, service: Process) -> None:
    await merchant.knobs(oauth__expires_in=1)
    store_id = StoreId(await merchant.new_store())
    await merchant.install(store_id, service)
    await merchant.advance(timedelta(minutes=5))
    await merchant.knobs(oauth__expires_in=31_536_000)
    tokens = await service.vault.open(store_id)
    assert tokens is not None
    assert tokens.tokens.expires_at is not None
    await service.clock.sleep((tokens.tokens.expires_at - service.clock.now()).total_seconds() + 0.05)
    assert await service.uninstall.on_hint(store_id) is Decision.STILL_INSTALLED
    assert merchant.exchanges() == 1


async def test_revoking_removes_the_webhooks_and_the_tokens(merchant: Merchant, service: Process) -> None:
    store_id = StoreId(await merchant.new_store())
    await merchant.install(store_id, service)
    revoked = await service.uninstall.revoke(store_id, actor="key:ops")
    assert revoked is not None
    assert revoked.problem is None
    assert merchant.webhooks(store_id) == set()
    assert await service.vault.open(store_id) is None


async def test_an_uninstall_told_before_the_tokens_die_is_believed_when_they_do(
    merchant: Merchant, service: Process
) -> None:
    """The delivery may outrun the end of the tokens (U36): the looks that follow find it out."""
    await merchant.knobs(uninstall__kill_tokens=3600)
    store_id = StoreId(await merchant.new_store())
    await merchant.install(store_id, service)
    await merchant.uninstall(store_id)
    assert await service.uninstall.on_hint(store_id) is Decision.STILL_INSTALLED
    await merchant.advance(timedelta(minutes=59))
    assert await service.uninstall.on_hint(store_id, first=False) is Decision.STILL_INSTALLED
    await merchant.advance(timedelta(minutes=2))
    assert await service.uninstall.on_hint(store_id, first=False) is Decision.ENDED
    assert await service.vault.open(store_id) is None
