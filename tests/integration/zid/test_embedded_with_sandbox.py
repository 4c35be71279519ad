"""An embedded app on real Postgres against the sandbox: what it hands out opens the visit of the right store."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from adapters.postgres.embedded import PostgresEmbeddedSessions, PostgresEmbeddedTokens
from core.domain.embedded import Dashboard
from core.features.embedded_sessions import EmbeddedVisits
from core.features.install_store import Installed
from core.features.register_embedded import RegisterEmbedded
from core.features.uninstall_store import Decision
from core.ids import StoreId
from tests.integration.zid.sandbox_world import REGISTERED, Merchant, Process


@pytest.fixture
def register(service: Process) -> RegisterEmbedded:
    return RegisterEmbedded(
        gateway=service.gateway,
        tokens=PostgresEmbeddedTokens(service.pool),
        installations=service.installations,
        chance=service.chance,
        ids=service.ids,
        every=timedelta(days=30),
        dashboard=Dashboard(service.zid_url, "ar-sa", str(REGISTERED.app_id)),
    )


@pytest.fixture
def visits(service: Process, register: RegisterEmbedded) -> EmbeddedVisits:
    return EmbeddedVisits(
        tokens=register.tokens,
        sessions=PostgresEmbeddedSessions(service.pool),
        installations=service.installations,
        metrics=service.metrics,
        clock=service.clock,
        ids=service.ids,
        idle=timedelta(minutes=30),
        longest=timedelta(hours=8),
    )


@pytest.fixture
def embedded(service: Process, register: RegisterEmbedded) -> Process:
    """The service with ZID_EMBEDDED=true."""
    install = service.install
    service.install = replace(install, app=replace(install.app, embedded=True), embedded=register)
    return service


def token_at_zid(merchant: Merchant, store_id: int) -> str:
    return merchant.sandbox.sandbox.world.stores.get(str(store_id)).embedded[REGISTERED.client_id]


async def install(merchant: Merchant, service: Process, store_id: int) -> Installed:
    finished = await merchant.install(store_id, service)
    assert finished.embedded is not None
    assert finished.embedded.problem is None
    return finished


async def test_the_dashboard_frames_what_opens_the_stores_own_visit(
    merchant: Merchant, embedded: Process, visits: EmbeddedVisits
) -> None:
    stores = [await merchant.new_store() for _ in range(2)]
    pages = {store: (await install(merchant, embedded, store)).embedded.page for store in stores}
    for store_id, page in pages.items():
        assert urlsplit(page).path == f"/ar-sa/stores/{store_id}/apps/{REGISTERED.app_id}/embedded"
        visit = await visits.enter(token_at_zid(merchant, store_id))
        assert visit is not None
        assert visit.install.store_id == store_id


async def test_after_the_uninstall_and_the_reinstall_only_the_new_one_opens(
    merchant: Merchant, embedded: Process, visits: EmbeddedVisits
) -> None:
    store_id = await merchant.new_store()
    await install(merchant, embedded, store_id)
    first = token_at_zid(merchant, store_id)
    opened = await visits.enter(first)
    assert opened is not None
    await merchant.uninstall(store_id)
    assert await embedded.uninstall.on_hint(StoreId(store_id)) is Decision.ENDED
    assert await visits.enter(first) is None
    assert await visits.visitor(opened.bearer.reveal()) is None
    await install(merchant, embedded, store_id)
    assert await visits.enter(first) is None
    assert await visits.enter(token_at_zid(merchant, store_id)) is not None


async def test_a_zid_that_stumbles_at_the_install_is_told_again(
    merchant: Merchant, embedded: Process, register: RegisterEmbedded, visits: EmbeddedVisits
) -> None:
    store_id = await merchant.new_store()
    await merchant.fault("POST /v1/managers/embedded-apps-token", "status", status=503, times=10)
    finished = await merchant.install(store_id, embedded)
    assert finished.embedded is not None
    assert finished.embedded.page is None
    await merchant.control("DELETE", "/faults")
    async with embedded.pool.acquire() as connection:
        await connection.execute("UPDATE embedded_installs SET due_at = now()")
    assert [one.problem for one in await register.run_due(limit=10)] == [None]
    assert await visits.enter(token_at_zid(merchant, store_id)) is not None


async def test_a_lost_answer_locks_nobody_out(merchant: Merchant, embedded: Process, visits: EmbeddedVisits) -> None:
    store_id = await merchant.new_store()
    await merchant.fault("POST /v1/managers/embedded-apps-token", "cut_after_commit", times=1)
    finished = await merchant.install(store_id, embedded)
    assert finished.embedded is not None
    assert finished.embedded.problem
    assert await visits.enter(token_at_zid(merchant, store_id)) is not None


async def test_the_uuid_is_in_no_table(merchant: Merchant, embedded: Process) -> None:
    store_id = await merchant.new_store()
    await install(merchant, embedded, store_id)
    token = token_at_zid(merchant, store_id)
    async with embedded.pool.acquire() as connection:
        names = [row["tablename"] for row in await connection.fetch("SELECT tablename FROM pg_tables")]
        mine = [name for name in names if not name.startswith(("pg_", "sql_", "_yoyo", "yoyo"))]
        rows = [str(await connection.fetch(f'SELECT t::text FROM "{name}" t')) for name in mine]
    assert {"embedded_tokens", "embedded_installs", "audit"} <= set(mine)
    said = "".join(rows)
    assert token not in said
    assert token.replace("-", "") not in said
    assert token.encode().hex() not in said
