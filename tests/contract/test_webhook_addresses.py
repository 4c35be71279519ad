"""Which addresses Zid was given, as it listed them last."""

from core.domain.operations.webhooks import Subscription
from core.domain.rings import RingName, secret_id
from core.domain.secret import Secret
from core.domain.stores import Install
from core.domain.webhook_address import Addressee, install_token
from core.features.key_status import SUBSCRIPTIONS, UNSEEN, KeyReport, KeyStatus
from core.ids import StoreId
from core.ports.webhook_addresses import AddressUse
from tests.contract.scenes import audit, install
from tests.contract.worlds import LedgerWorld

OLD, NEW = Secret("the old secret of the webhooks"), Secret("the new secret of the webhooks")


def listed(number: int, token: str) -> Subscription:
    url = f"https://app.example/webhooks/zid/{token}/order.create"
    return Subscription(str(number), "order.create", url, "app", True, None)


def token_of(secret: Secret, live: Install) -> str:
    return install_token(secret, Addressee(live.store_id, live.install_id))


async def three(world: LedgerWorld) -> list[Install]:
    installs = [await install(world, StoreId(number)) for number in (1, 2, 3)]
    return sorted(installs, key=lambda one: one.install_id)


async def test_the_tokens_of_live_installs_and_how_often_each_is_used(world: LedgerWorld) -> None:
    mixed, ended, silent = await three(world)
    await world.installations.note_subscriptions(mixed.install_id, [listed(1, "a"), listed(2, "b"), listed(3, "b")])
    await world.installations.note_subscriptions(ended.install_id, [listed(4, "c")])
    await world.installations.end(ended.install_id, audit=audit())
    assert list(await world.addresses.page()) == [
        AddressUse(mixed.store_id, mixed.install_id, "a", 1),
        AddressUse(mixed.store_id, mixed.install_id, "b", 2),
        AddressUse(silent.store_id, silent.install_id, None, 0),
    ]


async def test_pages_are_of_installs(world: LedgerWorld) -> None:
    first, second, third = await three(world)
    await world.installations.note_subscriptions(first.install_id, [listed(1, "a"), listed(2, "b")])
    page = await world.addresses.page(limit=1)
    assert [use.token for use in page] == ["a", "b"]
    rest = await world.addresses.page(after=page[-1].install_id, limit=5)
    assert [use.install_id for use in rest] == [second.install_id, third.install_id]


async def read_status(world: LedgerWorld) -> KeyReport:
    async def nothing() -> dict[str, int]:
        return {}

    own = {RingName.WEBHOOKS: (secret_id(NEW), secret_id(OLD))}
    return await KeyStatus(
        own=own,
        webhook_secrets=(NEW, OLD),
        rings=world.process_rings,
        census=world.census,
        addresses=world.addresses,
        spooled=nothing,
        audited=nothing,
    ).read()


async def test_an_old_secret_may_go_when_no_address_is_made_of_it(world: LedgerWorld) -> None:
    live = await install(world)
    expected = {SUBSCRIPTIONS: 0, UNSEEN: 1}
    for tokens, used, may_go in (
        ([], expected, False),
        ([token_of(OLD, live), token_of(NEW, live)], {SUBSCRIPTIONS: 1, UNSEEN: 0}, False),
        ([token_of(NEW, live), "made elsewhere"], {SUBSCRIPTIONS: 0, UNSEEN: 0}, True),
    ):
        found = [listed(number, token) for number, token in enumerate(tokens)]
        await world.installations.note_subscriptions(live.install_id, found)
        old = next(one for one in (await read_status(world)).members if one.member == secret_id(OLD))
        assert (old.uses, old.may_go) == (used, may_go), old.why
