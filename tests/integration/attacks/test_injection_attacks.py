"""What merchants, Zid and callers send is text: on every page that shows it, and in every filter of the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from core.ids import StoreId
from entrypoints.http.app import ALL_ROUTES
from entrypoints.http.path_ids import PATH_IDS
from entrypoints.http.routing import Route
from tests.integration.routes.conftest import ClientFactory, make_client
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.test_console import sign_in
from tests.integration.routes.world import World
from tests.integration.served_api.served_api import HEADERS, ServedApi, served_api
from tests.servers import Databases

# --- pages ---------------------------------------------------------------------------------

MARK = "pwned"
MARKUP = [
    f"<script>{MARK}()</script>",
    f'"><img src=x onerror={MARK}()>',
    f"' onmouseover='{MARK}()",
    f"</title><svg/onload={MARK}()>",
    f"{{{{ {MARK} }}}}{{% raw %}}",
    f"javascript:{MARK}()",
    f"\u2028\n\ndata: <b>{MARK}</b>\n\nevent: ledger\n",
]
RAW = re.compile(
    rf"<(script|img|svg|b)\b[^>]*>?[^<]*{MARK}|<[^>]*\son\w+\s*=[^>]*{MARK}|(href|src|action)\s*=\s*['\"]?javascript:",
    re.IGNORECASE,
)
"""The mark as something that a browser would do, not show."""


async def hostile(world: World, client: TestClient) -> None:
    """A store, deliveries and dead letters that say it in every place there is for it."""
    for number, markup in enumerate(MARKUP):
        install = await world.installed(StoreId(2000 + number), title=markup)
        path, _, _ = address(install).rpartition("/")
        bodies: list[Any] = [
            {**order(number), "code": markup, "order_status": {"code": markup, "name": markup}},
            {"id": markup, "name": {"ar": markup, "en": markup}, "store_id": markup, "updated_at": markup},
            [markup],
            markup,
        ]
        for topic in ("order.create", "product.update", "no.such.topic", "<script>pwned()<"):
            for body in bodies:
                url = URL(f"{path}/{quote(topic, safe='')}", encoded=True)
                answer = await client.post(url, json=body, headers=credentials(install))
                assert answer.status == 200


@pytest.fixture
async def signed_in(aiohttp_client: ClientFactory) -> TestClient:
    world = World()
    client = await make_client(aiohttp_client, world)
    await hostile(world, client)
    await sign_in(client)
    return client


async def test_what_others_wrote_is_shown_as_text_on_every_page(signed_in: TestClient) -> None:
    pages = [route.path for route in ALL_ROUTES if route.page and route.method == "GET" and "{" not in route.path]
    shown = ""
    for path in pages:
        for language in ("en", "ar"):
            html = await (await signed_in.get(path, params={"lang": language}, allow_redirects=False)).text()
            assert not RAW.search(html), (path, RAW.search(html))
            shown += html
    assert f"&lt;script&gt;{MARK}()" in shown, "it is shown, so it was looked at"
    assert {"/console", "/console/dead", "/docs"} <= set(pages)


async def test_it_is_text_in_what_keeps_the_console_up_to_date_too(signed_in: TestClient) -> None:
    """Server-sent events: neither markup nor an event of one's own."""
    stream = await signed_in.get("/console/live", params={"lang": "en"})
    told = b""
    while told.count(b"event: ") < 3:
        told += await stream.content.readany()
    stream.close()
    text = told.decode()
    assert not RAW.search(text)
    assert re.findall("^event: (.*)$", text, re.MULTILINE).count("ledger") == 1


@pytest.mark.parametrize("markup", MARKUP)
@pytest.mark.parametrize("path", ["/auth/callback", "/auth/zid/callback", "/console/login", "/nowhere", "/embedded"])
async def test_what_comes_with_an_address_is_text_too(signed_in: TestClient, path: str, markup: str) -> None:
    names = ("error", "error_code", "error_description", "message", "state", "code", "lang", "token", "refresh")
    query = {**dict.fromkeys(names, markup), "lang": "en"}
    html = await (await signed_in.get(path, params=query, headers={"Accept": "text/html"})).text()
    assert not RAW.search(html)


# --- the database --------------------------------------------------------------------------

NOTHING = "zzzz"
SQL = [
    "' OR '1'='1",
    "%\\' OR 1=1 --",
    "zzzz'; DROP TABLE stores; --",
    '1) UNION SELECT * FROM "api_keys" --',
]


@pytest.fixture(scope="module")
def api(_databases: Databases, _redis_server: str) -> Iterator[ServedApi]:
    with (
        _databases.cloned() as database,
        served_api(database, _redis_server, mirrored=False, products=2, orders=2, customers=2) as api,
    ):
        yield api


def addressed(route: Route, api: ServedApi, **wrong: str) -> str:
    """The route's path, of the store that there is."""
    known = {"store_id": str(api.store_id), "merchant_id": str(api.store_id), **wrong}

    def value(name: re.Match[str]) -> str:
        found = known.get(name[1]) or (PATH_IDS[name[1]].example if name[1] in PATH_IDS else "x")
        return found.replace("/", "%2F").replace("%'", "%25'").replace("?", "%3F").replace("#", "%23")

    return re.sub(r"{(\w+)}", value, route.path)


async def ask(session: aiohttp.ClientSession, url: str, **query: str) -> tuple[int, int]:
    """The status, and how many there are in a list."""
    async with session.get(url, params=query, headers=HEADERS, allow_redirects=False) as answer:
        text = await answer.text()
        listed = answer.status == 200 and text.startswith("{") and '"items"' in text
        return answer.status, len(msgspec.json.decode(text).get("items", [])) if listed else 0


async def test_no_filter_of_any_route_is_read_as_sql(api: ServedApi) -> None:
    """Each says of SQL what it says of any other text that fits nothing; and everything is there afterwards."""
    wrong, tried = [], 0
    async with aiohttp.ClientSession() as session:
        before = await ask(session, f"{api.url}/v1/stores")
        for route in ALL_ROUTES:
            if route.method != "GET" or not route.keyed or route.query is None:
                continue
            url = api.url + addressed(route, api)
            for field in msgspec.structs.fields(route.query):
                expected = await ask(session, url, **{field.encode_name: NOTHING})
                for text in SQL:
                    tried += 1
                    found = await ask(session, url, **{field.encode_name: text})
                    if found[0] not in {200, 400, 404, 422} or found[1] > expected[1]:
                        wrong.append((route.path, field.encode_name, text, found, expected))
        assert (await ask(session, f"{api.url}/v1/stores")) == before == (200, 1)
    assert not wrong
    assert tried > 200


async def test_no_id_of_any_path_is_read_as_sql(api: ServedApi) -> None:
    wrong = []
    async with aiohttp.ClientSession() as session:
        for route in ALL_ROUTES:
            for name in re.findall(r"{(\w+)}", route.path) if route.method == "GET" and route.keyed else ():
                for text in SQL:
                    url = api.url + addressed(route, api, **{name: text})
                    found = await ask(session, url)
                    if found[0] not in {400, 404}:
                        wrong.append((route.path, name, text, found))
        assert (await ask(session, f"{api.url}/v1/stores")) == (200, 1)
    assert not wrong
