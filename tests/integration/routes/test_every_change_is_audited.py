"""Whatever changes something leaves its line in the audit: whose key, which request, which store, and nothing more."""

import ast
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

import core.ports
from core.domain.audit import AuditEntry
from core.domain.event_states import EventState
from core.domain.operations.marketing import DeleteCoupon
from core.domain.operations.operation import Operation
from entrypoints.http.api import asking
from entrypoints.http.app import ALL_ROUTES
from tests.integration.routes.deliveries import address, credentials, order
from tests.integration.routes.world import KEY, STORE, World

Prepare = Callable[[World, TestClient], Awaitable[str]]


async def nothing(world: World, client: TestClient) -> str:
    return ""


async def an_api_key(world: World, client: TestClient) -> str:
    made = await client.post("/v1/api-keys", json={"name": "courier", "scopes": ["read"]}, headers=KEY)
    return str((await made.json())["id"])


async def a_segment(world: World, client: TestClient) -> str:
    body = {"name": "big", "rule": "orders > 3"}
    made = await client.post(f"/v1/stores/{STORE}/segments", json=body, headers=KEY)
    return str((await made.json())["id"])


async def a_pause(world: World, client: TestClient) -> str:
    await client.post(f"/v1/stores/{STORE}/pause", headers=KEY)
    return ""


async def dead_events(world: World, client: TestClient) -> str:
    install = await world.installations.current(STORE)
    assert install
    for number in range(7):
        await client.post(address(install), json=order(number), headers=credentials(install))
        event = list(world.database.events.values())[-1]
        event.move(EventState.RUNNING, EventState.DEAD, now=world.clock.now(), reason="KeyError")
    return str(event.event_id)


async def a_job(world: World, client: TestClient) -> str:
    await dead_events(world, client)
    body = {"all": True, "canary": True}
    made = await client.post("/v1/dead-letters/redrive", json=body, headers=KEY)
    return str((await made.json())["job"]["id"])


async def new_tokens(world: World, client: TestClient) -> str:
    fresh = {"access_token": "m", "authorization": "a", "refresh_token": "r", "expires_in": 60}
    world.exchange.refreshes.then(fresh)
    return ""


@dataclass(frozen=True)
class Change:
    """One request that changes something, and the line it leaves; `before` makes what it needs and its id."""

    action: str
    body: Mapping[str, object] | None = None
    before: Prepare = nothing
    of_store: bool = True


IN_STORE = "/v1/stores/{store_id}"
CHANGES = {
    ("POST", "/auth/authorize"): Change("install.link_made", of_store=False),
    ("POST", "/auth/refresh/{merchant_id}"): Change("token.refresh_asked", before=new_tokens),
    ("POST", "/auth/test-authorize/{merchant_id}"): Change("token.tested"),
    ("POST", "/auth/revoke/{merchant_id}"): Change("install.revoked"),
    ("PATCH", f"{IN_STORE}/customers/{{customer_id}}"): Change("customer.record_changed", {"notes": "calls at night"}),
    ("PATCH", f"{IN_STORE}/customers/{{customer_id}}/preferences"): Change(
        "customer.record_changed", {"preferences": {"language": "ar"}}
    ),
    ("POST", f"{IN_STORE}/segments"): Change("segment.created", {"name": "big", "rule": "orders > 3"}),
    ("PUT", f"{IN_STORE}/segments/{{segment_id}}"): Change(
        "segment.changed", {"name": "big", "rule": "orders > 4"}, a_segment
    ),
    ("DELETE", f"{IN_STORE}/segments/{{segment_id}}"): Change("segment.removed", before=a_segment),
    ("POST", f"{IN_STORE}/webhooks"): Change("webhooks.subscribing_asked"),
    ("POST", f"{IN_STORE}/backfill"): Change("backfill.requested", {}),
    ("POST", f"{IN_STORE}/reconciliation"): Change("reconciliation.requested"),
    ("POST", f"{IN_STORE}/pause"): Change("store.paused"),
    ("POST", f"{IN_STORE}/resume"): Change("store.resumed", before=a_pause),
    ("POST", f"{IN_STORE}/erase"): Change("store.erasure_asked"),
    ("POST", f"{IN_STORE}/customers/{{customer_id}}/erase"): Change("customer.erasure_asked"),
    ("POST", "/v1/events/{event_id}/replay"): Change("event.replayed", before=dead_events, of_store=False),
    ("POST", "/v1/dead-letters/redrive"): Change("events.redriven", {"all": True}, dead_events, of_store=False),
    ("POST", "/v1/dead-letters/discard"): Change("events.discarded", {"all": True}, dead_events, of_store=False),
    ("POST", "/v1/dead-letters/jobs/{job_id}/undo"): Change("dead_letter_job.undone", {}, a_job, of_store=False),
    ("POST", "/v1/api-keys"): Change("api_key.created", {"name": "x", "scopes": ["read"]}, of_store=False),
    ("POST", "/v1/api-keys/{key_id}/rotate"): Change("api_key.rotated", {}, an_api_key, of_store=False),
    ("DELETE", "/v1/api-keys/{key_id}"): Change("api_key.revoked", before=an_api_key, of_store=False),
}
NO_KEY = {
    "/webhooks/zid/{install_token}/{topic}": "what Zid tells is in the ledger",
    "/webhooks/zid-app/{secret}": "what Zid tells is on record; what it changes is audited",
    "/console/login": "audited as console.signed_in, console.locked_out",
    "/console/logout": "audited as console.signed_out",
    "/embedded/api/session": "a merchant's session of minutes ends",
    "/console/dead/jobs/{job_id}/undo": "audited as dead_letter_job.undone",
    "/console/dead/groups/{fingerprint}/redrive": "audited as events.redriven",
    "/console/dead/groups/{fingerprint}/discard": "audited as events.discarded",
    "/console/events/{event_id}/replay": "audited as event.replayed",
    "/console/events/{event_id}/redrive": "audited as events.redriven",
    "/console/events/{event_id}/discard": "audited as events.discarded",
    "/console/events/{event_id}/export": "audited as dead_letter.exported",
    "/console/settings/keys": "audited as api_key.created",
    "/console/settings/keys/{key_id}/rotate": "audited as api_key.rotated",
    "/console/settings/keys/{key_id}/revoke": "audited as api_key.revoked",
    "/console/stores/link": "audited as install.link_made",
    "/console/stores/{store_id}/refresh": "audited as token.refresh_asked",
    "/console/stores/{store_id}/check-tokens": "audited as token.tested",
    "/console/stores/{store_id}/backfill": "audited as backfill.requested",
    "/console/stores/{store_id}/reconcile": "audited as reconciliation.requested",
    "/console/stores/{store_id}/pause": "audited as store.paused",
    "/console/stores/{store_id}/resume": "audited as store.resumed",
    "/console/stores/{store_id}/webhooks": "audited as webhooks.subscribing_asked",
    "/console/stores/{store_id}/revoke": "audited as install.revoked",
    "/console/stores/{store_id}/erase": "audited as store.erasure_asked",
    "/console/catalog/{store_id}/customers/{customer_id}/export": "audited as customer.exported",
    "/console/catalog/{store_id}/customers/{customer_id}/erase": "audited as customer.erasure_asked",
}
"""Routes that change something and take no API key."""
ELSEWHERE = {"/v1/stores/{store_id}/embedded"}
"""Tested where there is an embedded app."""


def test_every_route_that_changes_something_is_in_one_of_the_tables() -> None:
    """Those that ask Zid go through `ask`, which audits by the operation."""
    writing = {(route.method, route.path) for route in ALL_ROUTES if route.writes}
    asks = {(route.method, route.path) for route in ALL_ROUTES if route.writes and route.zid} - set(CHANGES)
    without_key = {(method, path) for method, path in writing if path in NO_KEY}
    elsewhere = {(method, path) for method, path in writing if path in ELSEWHERE}
    assert writing == set(CHANGES) | asks | without_key | elsewhere


def test_only_what_audits_first_may_ask_zid_for_somebody() -> None:
    """The gateway is called in one place of the HTTP surface."""
    folder = Path(inspect.getfile(asking)).parents[1]
    calls = [
        path.name
        for path in sorted(folder.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "perform"
    ]
    assert calls == ["asking.py"]


@pytest.mark.parametrize("route", CHANGES, ids=" ".join)
async def test_a_change_leaves_its_line(world: World, client: TestClient, route: tuple[str, str]) -> None:
    (method, pattern), change = route, CHANGES[route]
    await world.installed()
    made = await change.before(world, client)
    path = re.sub(r"\{(store_id|merchant_id)\}", str(STORE), pattern).replace("{customer_id}", "77")
    path = re.sub(r"\{\w+\}", made, path)
    headers = {**KEY, "X-Request-Id": "req-of-the-change"}
    written = len(world.database.audit)
    answer = await client.request(method, path, json=change.body, headers=headers)
    assert answer.status < 300, (path, await answer.text())
    lines = [entry for entry in world.database.audit[written:] if entry.action == change.action]
    assert lines, [entry.action for entry in world.database.audit[written:]]
    assert {entry.actor for entry in lines} == {"admin"}
    assert {entry.request_id for entry in lines} == {"req-of-the-change"}
    if change.of_store:
        assert {entry.store_id for entry in lines} == {STORE}
    _expect_ids_only(world.database.audit)


async def test_what_is_asked_of_zid_is_audited_before_it_is_asked(world: World, client: TestClient) -> None:
    install = await world.installed()
    seen: list[str] = []

    def asked(_: Operation[object]) -> object:
        seen.extend(entry.action for entry in world.database.audit)
        raise ConnectionError

    world.gateway.on(DeleteCoupon, asked)
    await client.delete(f"/v1/stores/{STORE}/coupons/55", headers=KEY)
    assert "zid.delete_coupon" in seen
    [line] = [entry for entry in world.database.audit if entry.action == "zid.delete_coupon"]
    assert (line.actor, line.install_id, line.details) == ("admin", install.install_id, {"coupon_id": "55"})


IDS_AND_WORDS = re.compile(r"[\w .,:;()/'{}\[\]=<>%+*&?|@#-]{0,256}", re.ASCII)
PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.\w+|\+?\d[\d ()-]{8,}\d(?!\d*[-0-9a-f])|[\u0600-\u06ff]")


def _expect_ids_only(entries: list[AuditEntry]) -> None:
    """No e-mail address, no telephone number, no name of a person or a store, no text without end."""
    for entry in entries:
        for name, value in entry.details.items():
            assert isinstance(value, str | int | bool | None), (entry.action, name)
            if isinstance(value, str) and not name.endswith("_id"):
                assert IDS_AND_WORDS.fullmatch(value), (entry.action, name, value)
                assert not PERSONAL.search(value), (entry.action, name, value)


CHANGING = ("add", "accept", "activate", "change", "change_state", "discard", "end", "finish", "keep", "open_job")
CHANGING += ("pause", "redrive", "remove", "replace", "replay", "request", "resume", "revoke", "rotate", "swap", "undo")
NOT_A_PERSONS = {
    ("AuditSeals", "add"): "the audit's own chain",
    ("IdempotencyKeys", "finish"): "an answer kept for its repeat",
    ("Inbox", "accept"): "deliveries are in the ledger",
    ("Spool", "keep"): "deliveries will be in the ledger",
    ("WorkIndex", "finish"): "rebuilt from the ledger",
    ("Workers", "end"): "leases of processes that are gone",
    ("RunScope", "revoke"): "a handler's unit of work is taken away",
    ("Sessions", "end"): "audited as console.signed_out",
    ("EmbeddedSessions", "end"): "a merchant's session of minutes",
}


def test_no_port_changes_anything_for_a_person_without_an_audit_entry() -> None:
    """Its change and its line are one transaction: the port asks for both."""
    found = {
        (kind.name, method.name): {argument.arg for argument in [*method.args.args, *method.args.kwonlyargs]}
        for path in sorted(Path(core.ports.__path__[0]).glob("*.py"))
        for kind in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(kind, ast.ClassDef)
        for method in kind.body
        if isinstance(method, ast.AsyncFunctionDef) and method.name in CHANGING
    }
    assert ("TokenVault", "replace") in found
    silent = {name for name, arguments in found.items() if "audit" not in arguments} - set(NOT_A_PERSONS)
    assert silent == set()
