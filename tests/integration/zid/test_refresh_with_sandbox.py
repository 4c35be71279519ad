"""Expired tokens met by many callers in several processes, slow and lost answers: on Postgres against the sandbox."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from core.domain.operations.account import GetProfile
from core.domain.stores import InstallState
from core.domain.tokens import RefreshOutcome
from core.errors import ClientRejected, NeedsReauthorization, ServerFault, Unavailable
from core.ids import StoreId
from core.ports.installations import Intent
from tests.integration.zid.sandbox_world import Merchant, Process, process
from tests.servers import Database

TOKEN = "POST /oauth/token"
YEAR = timedelta(days=365)


async def installed(merchant: Merchant, service: Process) -> StoreId:
    store_id = StoreId(await merchant.new_store())
    await merchant.install(store_id, service)
    return store_id


async def expired(merchant: Merchant, service: Process, **knobs: object) -> StoreId:
    """A store whose tokens Zid takes for expired, while its refresh token still lives."""
    await merchant.knobs(refresh__ttl=10 * YEAR.total_seconds(), **knobs)
    store_id = await installed(merchant, service)
    await merchant.advance(YEAR + timedelta(days=1))
    return store_id


async def generation(service: Process, store_id: StoreId) -> int:
    tokens = await service.vault.open(store_id)
    assert tokens is not None
    return tokens.generation


async def state(service: Process, store_id: StoreId) -> InstallState:
    install = await service.installations.current(store_id)
    assert install is not None
    return install.state


async def test_200_callers_in_4_processes_meet_an_expired_token_and_zid_sees_one_exchange(
    merchant: Merchant, service: Process, database: Database
) -> None:
    """The answer takes longer than a lease lives: only a lease that is kept up holds the others back."""
    store_id = await expired(merchant, service)
    await merchant.fault(TOKEN, "latency", seconds=2.5)
    async with AsyncExitStack() as stack:
        short = timedelta(seconds=1)
        url = merchant.sandbox.url
        processes = [await stack.enter_async_context(process(database.dsn, url, short)) for _ in range(4)]
        calls = [one.gateway.perform(store_id, GetProfile()) for one in processes for _ in range(50)]
        identities = await asyncio.gather(*calls)
    assert {identity.store_id for identity in identities} == {store_id}
    assert merchant.exchanges() == 1
    assert merchant.exchanges("reuse") == 0
    assert await generation(service, store_id) == 2


@pytest.mark.parametrize(
    "knobs",
    [
        {"refresh__rotate": "same"},
        {"refresh__new_authorization": "new"},
        {"refresh__revoke_access": False},
        {"oauth__authorization_field": "Authorization"},
    ],
    ids=str,
)
async def test_renewals_work_again_and_again_under_every_variant(
    merchant: Merchant, service: Process, knobs: dict[str, object]
) -> None:
    store_id = await expired(merchant, service, **knobs)
    for expected in (2, 3, 4):
        assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id
        assert await generation(service, store_id) == expected
        await merchant.advance(YEAR + timedelta(days=1))


@pytest.mark.parametrize("form", ["unchanged", "absent"])
async def test_an_authorization_that_does_not_come_is_kept(merchant: Merchant, service: Process, form: str) -> None:
    await merchant.knobs(refresh__new_authorization=form)
    store_id = await installed(merchant, service)
    before = await service.vault.open(store_id)
    assert before is not None
    after = (await service.refresh.refresh_now(store_id, actor="key:ops")).tokens
    assert after.generation == 2
    assert after.tokens.authorization == before.tokens.authorization
    assert after.tokens.manager_token != before.tokens.manager_token
    assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id


@pytest.mark.parametrize("reuse", ["401", "400", "zid", "allow", "kill_family"])
@pytest.mark.parametrize("revoke_access", [True, False])
async def test_after_a_lost_answer_the_store_works_or_says_that_it_does_not(
    merchant: Merchant, service: Process, reuse: str, revoke_access: bool
) -> None:
    await merchant.knobs(refresh__reuse=reuse, refresh__revoke_access=revoke_access)
    store_id = await installed(merchant, service)
    seen = await service.vault.open(store_id)
    assert seen is not None
    await merchant.fault(TOKEN, "cut_after_commit")
    if not revoke_access:
        renewal = await service.refresh.attempt(seen)
        assert (renewal.outcome, renewal.tokens) == (RefreshOutcome.UNKNOWN, seen)
        assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id
        assert merchant.exchanges("reuse") == 0, "while the old tokens work nothing more is spent"
    elif reuse == "allow":
        assert (await service.refresh.renew(seen)).generation == 2
        assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id
    else:
        with pytest.raises(NeedsReauthorization):
            await service.refresh.renew(seen)
        assert await state(service, store_id) is InstallState.NEEDS_REAUTHORIZATION
        with pytest.raises(NeedsReauthorization):
            await service.gateway.perform(store_id, GetProfile())
        assert merchant.exchanges("reuse") == 1, "one last resort, no more"
        await merchant.install(store_id, service)
        assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id


async def test_a_cut_before_zid_took_it_costs_one_last_resort_at_most(merchant: Merchant, service: Process) -> None:
    store_id = await expired(merchant, service)
    await merchant.fault(TOKEN, "cut")
    assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id
    assert merchant.exchanges() == 1
    assert await generation(service, store_id) == 2


async def test_a_process_that_dies_between_zids_answer_and_our_commit(
    merchant: Merchant, service: Process, database: Database
) -> None:
    store_id = await installed(merchant, service)
    seen = await service.vault.open(store_id)
    assert seen is not None
    async with process(database.dsn, merchant.sandbox.url, timedelta(seconds=1)) as dying:
        assert await dying.book.begin(seen.install_id, seen.generation, dying.worker) is Intent.TAKEN
        await dying.exchange.refresh(seen.tokens.refresh_token.reveal())
    with pytest.raises(NeedsReauthorization):
        await service.gateway.perform(store_id, GetProfile())
    assert await state(service, store_id) is InstallState.NEEDS_REAUTHORIZATION
    assert (merchant.exchanges(), merchant.exchanges("reuse")) == (1, 1)


async def test_faults_of_the_oauth_server_touch_no_store(merchant: Merchant, service: Process) -> None:
    store_id = await expired(merchant, service)
    await merchant.fault(TOKEN, "status", status=503, times=3)
    with pytest.raises(ServerFault):
        await service.gateway.perform(store_id, GetProfile())
    assert await state(service, store_id) is InstallState.ACTIVE
    assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id
    assert await generation(service, store_id) == 2


async def test_our_own_wrong_secret_touches_no_store(merchant: Merchant, service: Process) -> None:
    store_id = await expired(merchant, service)
    body = '{"status":"error","message":{"type":"error","description":"Client authentication failed"}}'
    await merchant.fault(TOKEN, "status", status=400, body=body, content_type="application/json")
    with pytest.raises(ClientRejected):
        await service.gateway.perform(store_id, GetProfile())
    assert await state(service, store_id) is InstallState.ACTIVE
    assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id


async def test_a_store_that_was_uninstalled_is_found_out_by_its_first_call(
    merchant: Merchant, service: Process
) -> None:
    store_id = await installed(merchant, service)
    await merchant.uninstall(store_id)
    with pytest.raises(NeedsReauthorization):
        await service.gateway.perform(store_id, GetProfile())
    assert await state(service, store_id) is InstallState.NEEDS_REAUTHORIZATION


async def test_the_scheduler_renews_what_is_due_before_anybody_notices(
    merchant: Merchant, service: Process, database: Database
) -> None:
    await merchant.knobs(oauth__expires_in=1)
    stores = [await installed(merchant, service) for _ in range(3)]
    await merchant.knobs(oauth__expires_in=31_536_000)
    await service.clock.sleep(1.0)
    async with process(database.dsn, merchant.sandbox.url) as other:
        found = [*await service.renew_due.run(2), *await other.renew_due.run(10)]
    assert sorted(entry.store_id for entry in found) == sorted(stores)
    assert {entry.outcome for entry in found} == {RefreshOutcome.RENEWED}
    assert merchant.exchanges() == 3
    assert await service.renew_due.run(10) == []


async def test_an_api_that_answers_nothing_is_told_from_tokens_that_do_not_work(
    merchant: Merchant, service: Process
) -> None:
    store_id = await installed(merchant, service)
    await merchant.fault("GET /v1/managers/account/profile", "cut", times=3)
    with pytest.raises(Unavailable):
        await service.gateway.perform(store_id, GetProfile())
    assert merchant.exchanges() == 0
    assert (await service.gateway.perform(store_id, GetProfile())).store_id == store_id
