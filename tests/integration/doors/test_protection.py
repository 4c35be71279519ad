"""Every answer of every route tells browsers what not to do with it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pytest

from entrypoints.http.app import ALL_ROUTES
from entrypoints.http.path_ids import PATH_IDS
from entrypoints.http.routing import Route
from tests.integration.routes.conftest import Client
from tests.integration.routes.world import ADMIN_KEY, World

KEY = {"Authorization": f"Bearer {ADMIN_KEY}"}
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "wasl",
}
STREAM = "/console/live"


def filled(route: Route) -> str:
    """The route's path with something that could be meant by every name in it."""
    return re.sub(r"{(\w+)}", lambda name: PATH_IDS[name[1]].example if name[1] in PATH_IDS else "x", route.path)


def problems(headers: Mapping[str, str]) -> Iterable[str]:
    """What is missing or says too much."""
    for name, value in ALWAYS.items():
        if headers.get(name) != value:
            yield f"{name}: {headers.get(name)}"
    policy = headers.get("Content-Security-Policy", "")
    if not policy.startswith("default-src 'none'") or "unsafe" in policy or "*" in policy or "data:" in policy:
        yield f"policy: {policy}"
    if "frame-ancestors 'none'" not in policy or headers.get("X-Frame-Options") != "DENY":
        yield f"may be framed: {policy}"
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        yield "permissions"
    if not headers.get("Cache-Control") or not headers.get("X-Request-Id"):
        yield "cache or request id"


def framed(route: Route) -> bool:
    """Zid's dashboards may show the embedded app; `embedded` tests its own headers."""
    return route.path.startswith("/embedded")


@pytest.mark.parametrize("keyed", [True, False])
async def test_every_route_with_and_without_a_key(client: Client, keyed: bool) -> None:
    wrong = {}
    for route in ALL_ROUTES:
        path = filled(route)
        async with client.request(
            route.method, path, headers=KEY if keyed else {}, allow_redirects=False, data=b""
        ) as answer:
            found = list(problems(answer.headers))
            no_store = answer.headers["Cache-Control"] == "no-store"
        if found and not framed(route):
            wrong[route.method, path] = found
        if not no_store and not path.startswith("/static/"):
            wrong[route.method, path] = [f"kept: {answer.headers['Cache-Control']}"]
    assert not wrong


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/static/x/nothing.js", 404),
        ("GET", "/static/x/wasl.css", 200),
        ("PUT", "/v1/ledger", 405),
        ("DELETE", "/", 405),
        ("OPTIONS", "/v1/ledger", 405),
        ("TRACE", "/", 405),
        ("GET", "/v1/ledger", 401),
        ("GET", "/console", 303),
        ("GET", "/v1/ledger?%00=%ff", 401),
    ],
)
async def test_answers_that_no_handler_gave(client: Client, method: str, path: str, status: int) -> None:
    async with client.request(method, path, allow_redirects=False) as answer:
        assert (answer.status, list(problems(answer.headers))) == (status, [])


async def test_what_is_expected_of_us_and_not_kept_is_told_with_them(client: Client) -> None:
    async with client.request("GET", "/docs", headers={"Expect": "miracles"}) as answer:
        assert (answer.status, list(problems(answer.headers))) == (417, [])


@pytest.mark.parametrize(
    "path", ["/console/login", "/docs", "/auth/callback?code=x&state=y", "/problems/not-found", "/nowhere"]
)
async def test_pages_have_no_script_or_style_within(client: Client, path: str) -> None:
    answer = await client.get(path, headers={"Accept": "text/html"})
    html = await answer.text()
    assert answer.content_type == "text/html"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", html, re.IGNORECASE)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_https_is_to_be_remembered_where_there_is_any(aiohttp_client: object) -> None:
    secure = await aiohttp_client(World("https://wasl.example").app())
    plain = await aiohttp_client(World().app())
    for path in ("/docs", "/nowhere", "/health/live"):
        assert (await secure.get(path)).headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "Strict-Transport-Security" not in (await plain.get(path)).headers


async def test_no_other_site_is_given_an_answer(client: Client) -> None:
    """There is no CORS: a page of somebody else's reads nothing here, whatever it asks."""
    origin = {"Origin": "https://evil.example"}
    preflight = {**origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for answer in (
        await client.get("/v1/ledger", headers={**KEY, **origin}),
        await client.options("/v1/ledger", headers=preflight),
        await client.get("/console/login", headers=origin),
    ):
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
