"""The console's catalog: what the mirror holds of a store, searched, one by one, and a customer's rights."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient
from orjson import dumps

from core.domain.entities.catalogue import READERS
from core.domain.mirror import MirrorRow
from core.ids import Entity, EntityKind, StoreId
from tests.integration.routes.deliveries import order
from tests.integration.routes.test_console import sign_in
from tests.integration.routes.test_console_stores import act, key_of, read
from tests.integration.routes.world import STORE, World

CATALOG = f"/console/catalog/{STORE}"
CUSTOMER = {"id": 7, "name": "Nora <b>", "email": "nora@example.com", "mobile": "966551234567"}
PRODUCT = {
    "id": "p-1",
    "sku": "OUD-1",
    "name": {"ar": "عود", "en": "Oud"},
    "price": 120,
    "currency": "SAR",
    "quantity": 3,
    "is_published": True,
}


def put(world: World, kind: EntityKind, document: dict[str, object], store_id: StoreId = STORE) -> None:
    """Into the mirror, as a webhook's handling leaves it."""
    entity = Entity(kind, str(document["id"]))
    recognised = READERS[kind](document)
    version = datetime(2026, 1, 1, tzinfo=UTC)
    row = MirrorRow(entity, version, recognised.facts, recognised.columns, dumps(document))
    world.database.mirror[store_id, entity] = row


def ids(text: str) -> list[str]:
    return re.findall(r'<tr data-id="([^"]+)"', text)


async def test_a_store_is_chosen_first(world: World, client: TestClient) -> None:
    await sign_in(client)
    assert "No store is installed yet" in await read(client, "/console/catalog")
    await world.installed(title="Palm")
    await world.installed(StoreId(77), "Rose")
    text = await read(client, "/console/catalog", text="rose")
    assert 'href="/console/catalog/77/orders"' in text
    assert "Palm" not in text
    assert "No store matches" in await read(client, "/console/catalog", text="nobody")


async def test_things_are_found_by_what_they_are_named(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    for number in (5, 15):
        put(world, EntityKind.ORDER, order(number))
    put(world, EntityKind.PRODUCT, PRODUCT)
    put(world, EntityKind.CUSTOMER, CUSTOMER)
    put(world, EntityKind.CUSTOMER, {**CUSTOMER, "id": 8, "name": "Huda", "mobile": "966500000000", "email": "h@x.sa"})
    put(world, EntityKind.CUSTOMER, {**CUSTOMER, "id": 9}, StoreId(2))
    for path, text, found in (
        ("orders", "", ["5", "15"]),
        ("orders", "5", ["5", "15"]),
        ("orders", "code15", ["15"]),
        ("orders", "nobody", []),
        ("products", "عود", ["p-1"]),
        ("products", "oud-1", ["p-1"]),
        ("products", "p-1", ["p-1"]),
        ("customers", "nora", ["7"]),
        ("customers", "0551234567", ["7"]),
        ("customers", "H@X", ["8"]),
        ("customers", "8", ["8"]),
    ):
        page = await read(client, f"{CATALOG}/{path}", text=text)
        assert sorted(ids(page)) == sorted(found), (path, text)
    assert "Search the customers for the same" in await read(client, f"{CATALOG}/orders", text="nobody")
    assert "Nora &lt;b&gt;" in await read(client, f"{CATALOG}/customers")
    await read(client, f"{CATALOG}/carts", 404)
    await read(client, f"{CATALOG}/orders", 400, cursor="x")


async def test_a_long_list_goes_on(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    for number in range(120):
        put(world, EntityKind.ORDER, order(number))
    seen, path = [], f"{CATALOG}/orders?text=code"
    while path:
        text = await (await client.get(path)).text()
        seen += ids(text)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        path = following[1].replace("&amp;", "&") if following else ""
    assert sorted(seen, key=int) == [str(number) for number in range(120)]


async def test_one_thing_is_shown_with_its_events_and_zids_own_json(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    lines = [{"id": "p-1", "name": "عود", "sku": "OUD-1", "quantity": 2, "price": "120.00", "total": "240.00"}]
    put(world, EntityKind.ORDER, {**order(5), "customer": CUSTOMER, "products": lines, "note": "</script>"})
    put(world, EntityKind.PRODUCT, PRODUCT)
    put(world, EntityKind.CUSTOMER, CUSTOMER)
    text = await read(client, f"{CATALOG}/orders/5")
    for said in (
        "code5",
        "OUD-1",
        f"{CATALOG}/customers/7",
        f"{CATALOG}/products/p-1",
        "entity_id=5",
        "&lt;/script&gt;",
    ):
        assert said in text, said
    assert "Oud" in await read(client, f"{CATALOG}/products/p-1")
    assert "عود" in await read(client, f"{CATALOG}/products/p-1", language="ar")
    text = await read(client, f"{CATALOG}/customers/7")
    assert "nora@example.com" in text
    assert "Nora <b>" not in text
    for missing in ("orders/99", "products/p-9", "customers/99"):
        await read(client, f"{CATALOG}/{missing}", 404)
    await read(client, f"{CATALOG}/orders/%2e%2e", 404)


async def test_what_cannot_be_read_is_shown_as_zid_wrote_it(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    entity = Entity(EntityKind.ORDER, "5")
    row = MirrorRow(entity, None, columns={"created_at": None}, body=b'{"strange": "shape"}')
    world.database.mirror[STORE, entity] = row
    text = await read(client, f"{CATALOG}/orders/5")
    assert "cannot be read field by field" in text
    assert "strange" in text


async def test_everything_about_a_customer_is_exported_and_audited(world: World, client: TestClient) -> None:
    await sign_in(client)
    install = await world.installed()
    put(world, EntityKind.CUSTOMER, CUSTOMER)
    answer = await act(client, f"{CATALOG}/customers/7/export")
    assert answer.status == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="store-1001-customer-7.json"'
    assert json.loads(await answer.text())["customer"][0]["email"] == "nora@example.com"
    [line] = [entry for entry in world.database.audit if entry.action == "customer.exported"]
    assert (line.install_id, line.details) == (install.install_id, {"customer_id": "7"})


async def test_a_customer_is_forgotten_by_typing_their_id(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.installed()
    put(world, EntityKind.CUSTOMER, CUSTOMER)
    until = (world.clock.now() + timedelta(days=30)).date().isoformat()
    assert until in await read(client, f"{CATALOG}/customers/7/erase")
    for typed in ("", "8", "nora"):
        assert (await act(client, f"{CATALOG}/customers/7/erase", typed=typed)).status == 422
    answer = await act(client, f"{CATALOG}/customers/7/erase", typed="7")
    assert answer.status == 303
    await world.services().erasing.erase.run_open()
    text = await read(client, answer.headers["Location"])
    assert "Certificate" in text
    assert "nora" not in text.lower()
    await read(client, f"{CATALOG}/customers/7", 404)


async def test_peoples_rights_are_for_admins_and_forms_of_ours(world: World, client: TestClient) -> None:
    await world.installed()
    put(world, EntityKind.CUSTOMER, CUSTOMER)
    await sign_in(client, await key_of(client, "operate"))
    assert "Export everything" not in await read(client, f"{CATALOG}/customers/7")
    for path in ("export", "erase"):
        assert (await act(client, f"{CATALOG}/customers/7/{path}", typed="7")).status == 403
    await read(client, f"{CATALOG}/customers/7/erase", 403)
    client.session.cookie_jar.clear()
    assert (await client.get(f"{CATALOG}/customers/7", allow_redirects=False)).status == 303
    await sign_in(client)
    for path in ("export", "erase"):
        answer = await client.post(f"{CATALOG}/customers/7/{path}", data={"csrf": "x", "typed": "7"})
        assert answer.status == 400
    assert not {"customer.exported", "customer.erasure_asked"} & {entry.action for entry in world.database.audit}


async def test_a_look_at_a_customer_leaves_no_personal_data_in_the_log(
    world: World, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await sign_in(client)
    await world.installed()
    put(world, EntityKind.CUSTOMER, CUSTOMER)
    await read(client, f"{CATALOG}/customers", text="nora@example.com")
    await read(client, f"{CATALOG}/customers/7")
    logged = capsys.readouterr()
    assert "/console/catalog/{store_id}/customers" in logged.out + logged.err
    assert "nora" not in (logged.out + logged.err).lower()
