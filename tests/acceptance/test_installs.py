"""One store, several installs and keys: what belongs to one never touches another."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tests.acceptance.story import Browser, Service, is_success
from tests.acceptance.wasl_up import running
from tests.eventually import eventually

UNINSTALL = "app.market.application.uninstall"
HOUR = 60 * 60


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running("--no-demo") as up:
        yield Service(up)


def test_an_uninstall_told_twice_ends_one_install_only(service: Service) -> None:
    store_id = service.new_store()
    service.sandbox.ask("POST", f"/stores/{store_id}/uninstall", {})
    assert eventually(lambda: service.store(store_id)["state"] == "uninstalled", seconds=60)
    service.install(store_id)
    second = service.store(store_id)
    assert second["epoch"] == 2
    service.sandbox.trigger(store_id, UNINSTALL)
    assert eventually(lambda: service.audited(store_id, "uninstall.hint_ignored") == 1, seconds=60)
    assert_works(service, store_id, second)

    service.sandbox.ask("POST", f"/stores/{store_id}/uninstall", {})
    assert eventually(lambda: service.store(store_id)["state"] == "uninstalled", seconds=60), "a true one is believed"


def test_what_a_store_pays_is_asked_of_zid_and_shown(service: Service) -> None:
    """What an event claims is not what is believed."""
    store_id = service.new_store()
    told = "app.market.subscription.suspended"
    service.sandbox.trigger(store_id, told, data={"status": "suspended"})

    def shown() -> Any:
        return service.store(store_id)["app_subscription"]

    assert eventually(lambda: shown() and shown()["verified"] and shown()["told_by"] == told, seconds=60), shown()
    assert shown()["status"] == "active"


def test_a_link_of_the_apps_ends_installed_and_its_tokens_are_proven(service: Service) -> None:
    """A program asks for the link, a merchant's browser opens it, the command line proves the tokens."""
    store_id = service.sandbox.new_store()
    made = service.call("POST", "/auth/authorize").json
    merchant = Browser()
    merchant.open(service.sandbox.activate_url(store_id))
    first = service.store(store_id)
    assert is_success(merchant.open(made["authorization_url"]))
    second = service.store(store_id)
    assert (first["epoch"], second["epoch"]) == (1, 2)

    by_command = service.up.wasl("stores", "link", "--json")
    assert json.loads(by_command.stdout)["authorization_url"].startswith(f"{service.up.url}/auth/zid?ticket=")
    elsewhere = service.up.wasl("stores", "link", "--return-url", "https://evil.example/")
    assert (elsewhere.returncode, "AUTH_RETURN_URLS" in elsewhere.stderr) == (1, True), elsewhere

    told = service.up.wasl("stores", "check", str(store_id), "--json")
    assert told.returncode == 0, told
    assert json.loads(told.stdout)["works"] is True
    status = service.call("GET", f"/auth/status/{store_id}").json
    assert (status["validation"]["passed"], status["validation"]["findings"]) == (True, [])
    assert status["scopes"]
    service.sandbox.turn(webhook__latency_seconds=HOUR)
    service.sandbox.ask("POST", f"/stores/{store_id}/uninstall", {})
    told = service.up.wasl("stores", "check", str(store_id), "--json")
    service.sandbox.turn(webhook__latency_seconds=0)
    assert told.returncode == 1, told
    assert json.loads(told.stdout)["failed_headers"][0] == "Authorization"


def test_a_client_that_zid_refuses_is_said_at_auth_health_and_costs_no_store_anything(service: Service) -> None:
    store_id = service.quiet_store(products=0)
    envelope = '{"status":"error","message":{"type":"error","description":"Client authentication failed"}}'
    fault = {"kind": "status", "status": 400, "body": envelope, "content_type": "application/json"}
    service.sandbox.ask("POST", "/faults", {"route": "POST /oauth/token", **fault})
    assert service.call("POST", f"/auth/refresh/{store_id}").json["type"] == "/problems/configuration"
    health = service.call("GET", "/auth/health")
    assert (health.status, health.json["checks"]["zid_client"]["problem"]) == (503, "ClientRejected")
    assert service.call("GET", "/health/ready").status == 200, "webhooks are taken in as ever"
    assert service.store(store_id)["state"] == "active"
    assert service.call("POST", f"/auth/refresh/{store_id}").json["outcome"] == "renewed"


def test_tokens_copied_from_another_store_do_not_open(service: Service) -> None:
    robbed, robber = service.new_store(), service.new_store()
    service.sql("CREATE TABLE own AS SELECT * FROM tokens WHERE store_id = %s", robber)
    service.sql("CREATE TABLE own_key AS SELECT * FROM data_keys WHERE store_id = %s", robber)
    for table, columns in (("tokens", "(sealed, expires_at)"), ("data_keys", "(key_id, wrapped)")):
        service.sql(
            f"UPDATE {table} SET {columns} = (SELECT {columns.strip('()')} FROM {table} WHERE store_id = %s) "
            "WHERE store_id = %s",
            robbed,
            robber,
        )
    before = service.sandbox.refreshes(robbed)
    told = service.up.wasl("stores", "refresh", str(robber))
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1), told
    assert told.stderr.startswith("wasl: "), told
    assert str(robber) in told.stderr, told
    assert service.call("POST", f"/auth/refresh/{robber}").json["type"] == "/problems/unreadable"
    assert service.sandbox.refreshes(robbed) == before, "nothing was asked in the other store's name"
    assert service.call("POST", f"/auth/refresh/{robbed}").json["outcome"] == "renewed"


def test_an_uninstall_told_after_the_reinstall_leaves_the_new_install_alone(service: Service) -> None:
    """From here on Zid's clock is an hour ahead of ours."""
    store_id = service.new_store()
    first = service.store(store_id)
    service.sandbox.turn(webhook__latency_seconds=HOUR)
    service.sandbox.ask("POST", f"/stores/{store_id}/uninstall", {})
    service.sandbox.turn(webhook__latency_seconds=0)
    assert service.store(store_id)["state"] == "active", "nobody has told it yet"

    service.install(store_id)
    second = service.store(store_id)
    assert (first["epoch"], second["epoch"]) == (1, 2)
    assert second["install_id"] != first["install_id"]

    service.sandbox.ask("POST", "/clock", {"advance_seconds": HOUR})
    assert eventually(lambda: service.audited(store_id, "uninstall.hint_ignored") == 1, seconds=60)
    assert_works(service, store_id, second)


def test_a_missing_key_is_named_and_harms_no_other_store(service: Service) -> None:
    """Started again with another key: what was sealed before needs the old one back, the rest does not care."""
    before = service.new_store()
    old_key, new_key = service.secrets["TOKEN_KEYS"], Fernet.generate_key().decode()
    assert service.up.stop() == 0
    service.up.start("--no-demo", TOKEN_KEYS=new_key)

    after = service.new_store()
    told = service.up.wasl("stores", "refresh", str(before), TOKEN_KEYS=new_key)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (1, "", 1), told
    assert told.stderr.startswith("wasl: TOKEN_KEYS holds no key with id ")
    assert "put the old key back" in told.stderr
    refused = service.call("POST", f"/auth/refresh/{before}")
    assert (refused.status, refused.json["type"]) == (500, "/problems/configuration")
    assert service.store(before)["state"] == "active", "its merchant has nothing to do with it"
    assert service.call("POST", f"/auth/refresh/{after}").json["outcome"] == "renewed"
    for store_id in (before, after):
        service.sandbox.trigger(store_id, "order.create", 3)
        assert service.has_settled(store_id, received=3), service.books(store_id)
        assert service.books(store_id)["done"] == 3

    renewed = service.up.wasl("stores", "refresh", str(before), TOKEN_KEYS=f"{new_key},{old_key}")
    assert renewed.returncode == 0, renewed


def assert_works(service: Service, store_id: int, install: dict[str, object]) -> None:
    """The install is the one given, its subscriptions stand at Zid, and what they deliver is handled."""
    shown = service.store(store_id)
    assert (shown["install_id"], shown["state"]) == (install["install_id"], "active")
    at_zid = service.sandbox.stats(store_id)["webhooks"]
    assert at_zid == {"healthy": len(shown["subscriptions"]), "degraded": 0, "broken": 0}
    before = service.books(store_id)["received"]
    service.sandbox.trigger(store_id, "order.create", 3)
    assert service.has_settled(store_id, received=before + 3), service.books(store_id)
    newest = service.events(store_id)[:3]
    assert {(event["install_id"], event["state"]) for event in newest} == {(install["install_id"], "done")}
    assert service.call("POST", f"/auth/refresh/{store_id}").json["outcome"] == "renewed"
