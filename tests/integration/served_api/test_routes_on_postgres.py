"""The routes over real Postgres: whatever arrives, the database holds it, lists it and finds it again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from adapters.postgres.audit import PostgresAuditLog
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.desk import PostgresDesk
from adapters.postgres.event_search import PostgresEventSearch
from adapters.postgres.idempotency_keys import PostgresIdempotencyKeys
from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.installations import PostgresInstallations
from adapters.postgres.ledger_reading import PostgresLedgerReader
from adapters.postgres.redrives import PostgresRedrives
from adapters.postgres.refresh_book import PostgresRefreshBook
from adapters.postgres.store_directory import PostgresStoreDirectory
from adapters.postgres.store_life import PostgresStoreLife
from adapters.postgres.token_status import PostgresTokenStatuses
from adapters.postgres.token_vault import PostgresTokenVault
from adapters.postgres.workers import PostgresWorkers
from adapters.system import SystemIds
from core.ids import StoreId
from entrypoints.http.services import StoreSights
from tests.integration.routes.conftest import ClientFactory, make_client
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.world import KEY, STORE, World
from tests.servers import Database


class PostgresWorld(World):
    """The same application, its state in a database of the test's own."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.pool = pool
        self.ids = SystemIds()
        self.installations = PostgresInstallations(pool, self.sealer)
        self.vault = PostgresTokenVault(pool, self.sealer)
        self.token_statuses = PostgresTokenStatuses(pool)
        self.book = PostgresRefreshBook(pool)
        self.inbox = self.postgres_inbox = PostgresInbox(pool, patience=1.0)
        self.reader = PostgresLedgerReader(pool)
        self.search = PostgresEventSearch(pool)
        self.sights = StoreSights(PostgresStoreDirectory(pool), PostgresStoreLife(pool))
        self.desk = PostgresDesk(pool)
        self.letters = PostgresDeadLetters(pool, "1.2.3")
        self.redrives = PostgresRedrives(pool, "1.2.3")
        self.trail = PostgresAuditLog(pool)
        self.idempotency = PostgresIdempotencyKeys(pool)

    async def start(self) -> None:
        self.worker = await PostgresWorkers(self.pool, timedelta(minutes=5)).join("http")


@pytest.fixture
async def world(database: Database) -> AsyncIterator[PostgresWorld]:
    pool = await open_pool(database.dsn, max_size=4)
    world = PostgresWorld(pool)
    yield world
    await world.postgres_inbox.aclose()
    await pool.close()


@pytest.fixture
async def client(world: PostgresWorld, aiohttp_client: ClientFactory) -> TestClient:
    return await make_client(aiohttp_client, world)


async def get(client: TestClient, path: str, **params: str) -> dict:
    answer = await client.get(path, params=params, headers=KEY)
    assert answer.status == 200, await answer.text()
    return await answer.json()


HOSTILE_TOPICS = ["a\0b", "\ud7ff", "😀", "%ff", "'; DROP TABLE events; --", "x" * 5000, "order.create\n", "\\u0000"]
HOSTILE_BODIES = [
    b"",
    b"\0",
    b"\xff\xfe",
    b'{"id": "\\u0000"}',
    b'{"id": "\\ud800"}',
    b'{"id": 1e400}',
    b'{"id": 99999999999999999999999999}',
    b'{"id": 1, "updated_at": "9999-12-31 23:59:59"}',
    b'{"id": 1, "updated_at": "0001-01-01T00:00:00+14:00"}',
    b'{"id": "' + b"9" * 3000 + b'"}',
    b"[" * 4000,
    b'{"id": 1, "id": 2}',
]


async def test_whatever_genuine_arrives_is_stored_counted_and_listed(client: TestClient, world: PostgresWorld) -> None:
    install = await world.installed()
    for topic in HOSTILE_TOPICS:
        path = address(install, quote(topic, safe="").replace(".", "%2E"))
        answer = await client.post(URL(path, encoded=True), json=order(), headers=credentials(install))
        assert answer.status == 200, topic[:20]
    for body in HOSTILE_BODIES:
        answer = await client.post(address(install), data=body, headers=credentials(install))
        assert answer.status == 200, body[:20]

    ledger = await get(client, "/v1/ledger")
    assert (ledger["received"], ledger["balanced"]) == (len(HOSTILE_TOPICS) + len(HOSTILE_BODIES), True)
    listed = (await get(client, "/v1/events", limit="200"))["items"]
    assert len(listed) == ledger["received"]
    for event in listed:
        shown = await get(client, f"/v1/events/{event['id']}")
        assert {**shown, **event} == shown
        filters = {"topic": event["topic"]} | ({"entity_id": event["entity_id"]} if event["entity_id"] else {})
        if all(0 < len(value) <= 200 for value in filters.values()):
            found = (await get(client, "/v1/events", **filters))["items"]
            assert event["id"] in [one["id"] for one in found]


async def test_a_store_is_shown_with_its_expiry_and_without_it_when_it_is_over(
    client: TestClient, world: PostgresWorld
) -> None:
    await world.installed()
    await world.installed(StoreId(STORE + 1), "Second")

    page = await get(client, "/v1/stores", limit="1")
    rest = await get(client, "/v1/stores", cursor=page["next_cursor"])
    store = await get(client, f"/v1/stores/{STORE}")

    assert [one["store_id"] for one in page["items"] + rest["items"]] == [STORE, STORE + 1]
    assert (store["state"], store["generation"], store["expires_at"]) == ("active", 1, "2027-01-01T00:00:00Z")
    assert store["refresh_due_at"].endswith("Z")
    assert store["mirror"].keys() >= {"order", "product", "customer"}
    assert {**store, **page["items"][0]} == store

    revoked = await client.post(f"/auth/revoke/{STORE}", headers=KEY)
    assert revoked.status == 200, await revoked.text()
    over = await get(client, f"/auth/status/{STORE}")
    assert (over["state"], over["expires_at"], over["generation"]) == ("uninstalled", None, None)
    assert over["ended_at"].endswith("Z")


async def test_dead_letters_are_redriven_replayed_and_discarded(client: TestClient, world: PostgresWorld) -> None:
    install = await world.installed()
    for number in range(3):
        await client.post(address(install), json=order(number), headers=credentials(install))
    async with world.pool.acquire() as connection:
        await connection.execute("UPDATE events SET state = 'dead', reason = 'tried often', settled_at = now()")
    first, second, third = (one["id"] for one in (await get(client, "/v1/dead-letters"))["items"])

    one = await client.post("/v1/dead-letters/redrive", json={"ids": [first]}, headers=KEY)
    replayed = await client.post(f"/v1/events/{second}/replay", headers=KEY)
    rest = await client.post("/v1/dead-letters/discard", json={"all": True}, headers=KEY)

    counts = {"letters": 1, "able": 1, "marked": 0, "job": None}
    assert await one.json() == {"matched": 1, "queued": 1, "dry_run": False, **counts}
    assert replayed.status == 202
    assert await rest.json() == {"matched": 2, "discarded": 2, "dry_run": False, "letters": 2, "marked": 0, "job": None}
    ledger = await get(client, "/v1/ledger")
    assert (ledger["queued"], ledger["cancelled"], ledger["dead"], ledger["balanced"]) == (1, 2, 0, True)
    assert ledger["by_origin"]["replay"]["queued"] == 1
    assert (await get(client, f"/v1/events/{third}"))["state"] == "cancelled"
    async with world.pool.acquire() as connection:
        actions = [row["action"] for row in await connection.fetch("SELECT action FROM audit ORDER BY audit_id")]
    assert actions[-3:] == ["events.redriven", "event.replayed", "events.discarded"]


async def test_a_database_that_went_away_is_429_for_zid_and_503_for_programs(
    client: TestClient, world: PostgresWorld
) -> None:
    install = await world.installed()
    world.pool.terminate()

    delivery = await client.post(address(install), json=order(), headers=credentials(install))
    asked = await client.get("/v1/ledger", headers=KEY)

    assert (delivery.status, asked.status) == (429, 503)
    assert (await asked.json(content_type="application/problem+json"))["dependency"] == "postgres"
