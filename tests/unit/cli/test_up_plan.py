"""What `wasl up` decides from options and environment alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import SettingInvalid
from entrypoints.up.plan import Addresses, UpOptions, decided, http_url, make_plan, process_environment

HERE = UpOptions(Path("/data"))
SECRETS = {
    "TOKEN_KEYS": "key",
    "ADMIN_API_KEY": "wasl_x",
    "SANDBOX_CLIENT_ID": "77",
    "SANDBOX_CLIENT_SECRET": "s",
    "SANDBOX_APP_ID": "9",
}
PLACES = Addresses(8000, 8090, "postgresql://app", "postgresql://owner", "unix:///redis")
REAL_APP = {"ZID_CLIENT_ID": "1", "ZID_CLIENT_SECRET": "2", "ZID_APP_ID": "3"}


def test_nothing_given_means_embedded_servers_and_the_sandbox() -> None:
    plan = make_plan(HERE, {})
    assert (plan.host, plan.port, plan.sandbox_port) == ("127.0.0.1", 8000, 8090)
    assert (plan.embedded_postgres, plan.embedded_redis) == (True, True)


def test_options_go_before_the_environment() -> None:
    options = UpOptions(Path("/data"), port=1234, sandbox_port=0)
    plan = make_plan(options, {"HTTP_PORT": "8100", "SANDBOX_PORT": "8200", "HTTP_HOST": "0.0.0.0"})
    assert (plan.host, plan.port, plan.sandbox_port) == ("0.0.0.0", 1234, 0)


def test_given_servers_are_used() -> None:
    plan = make_plan(HERE, {"DATABASE_URL": "postgresql://x", "REDIS_URL": "redis://y"})
    assert (plan.embedded_postgres, plan.embedded_redis) == (False, False)


@pytest.mark.parametrize(
    ("options", "given"),
    [
        (UpOptions(Path("/data"), redis=False), {}),
        (UpOptions(Path("/data"), redis=False), {"REDIS_URL": "redis://y", "QUEUE": "redis"}),
        (HERE, {"QUEUE": "postgres"}),
    ],
)
def test_without_redis_postgres_does_it_all(options: UpOptions, given: dict[str, str]) -> None:
    plan = make_plan(options, given)
    assert (plan.redis, plan.embedded_redis) == (False, False)
    environment = process_environment(plan, SECRETS, replace(PLACES, redis_url=""))
    assert (environment["QUEUE"], environment["REDIS_URL"]) == ("postgres", "")


def test_the_queue_may_be_in_postgres_and_the_rest_in_a_given_redis() -> None:
    plan = make_plan(HERE, {"QUEUE": "postgres", "REDIS_URL": "redis://y"})
    assert (plan.redis, plan.embedded_redis) == (True, False)
    assert process_environment(plan, SECRETS, PLACES)["QUEUE"] == "postgres"


def test_an_embedded_app_is_shown_by_the_sandboxs_dashboard_and_known_to_the_other_commands() -> None:
    ours = decided(make_plan(HERE, {"ZID_EMBEDDED": "true", "ZID_DASHBOARD_URL": "https://elsewhere"}), SECRETS, PLACES)
    assert (ours["ZID_EMBEDDED"], ours["ZID_DASHBOARD_URL"]) == ("true", "http://127.0.0.1:8090")
    assert "ZID_EMBEDDED" not in decided(make_plan(HERE, {}), SECRETS, PLACES)
    assert "ZID_DASHBOARD_URL" not in decided(make_plan(HERE, REAL_APP), SECRETS, replace(PLACES, sandbox_port=None))


def test_a_real_app_means_the_real_zid() -> None:
    plan = make_plan(HERE, REAL_APP)
    assert plan.sandbox_port is None
    environment = process_environment(plan, SECRETS, Addresses(8000, None, "d", "m", "r"))
    assert environment["ZID_CLIENT_ID"] == "1"
    assert "ZID_API_URL" not in environment


@pytest.mark.parametrize("missing", ["ZID_CLIENT_SECRET", "ZID_APP_ID"])
def test_half_an_app_is_refused(missing: str) -> None:
    given = {key: value for key, value in REAL_APP.items() if key != missing}
    with pytest.raises(SettingInvalid, match=missing):
        make_plan(HERE, given)


@pytest.mark.parametrize("port", ["-1", "65536", "http", "8000 "])
def test_a_wrong_port_names_its_key(port: str) -> None:
    with pytest.raises(SettingInvalid, match="HTTP_PORT"):
        make_plan(HERE, {"HTTP_PORT": port})


def test_the_sandbox_app_never_meets_the_real_zid() -> None:
    """Its credentials reach the processes only together with the sandbox's address."""
    with_sandbox = process_environment(make_plan(HERE, {}), SECRETS, PLACES)
    assert with_sandbox["ZID_CLIENT_ID"] == "77"
    assert with_sandbox["ZID_API_URL"] == with_sandbox["ZID_OAUTH_URL"] == "http://127.0.0.1:8090"
    without = process_environment(make_plan(HERE, REAL_APP), SECRETS, Addresses(8000, None, "d", "m", "r"))
    assert "77" not in without.values()


def test_precedence_is_decision_then_given_then_made() -> None:
    given = {"TOKEN_KEYS": "mine", "HTTP_PORT": "1", "LOG_LEVEL": "DEBUG"}
    environment = process_environment(make_plan(HERE, given), SECRETS, PLACES)
    assert environment["TOKEN_KEYS"] == "mine"
    assert environment["ADMIN_API_KEY"] == "wasl_x"
    assert environment["HTTP_PORT"] == "8000"
    assert environment["LOG_LEVEL"] == "DEBUG"


def test_a_given_public_url_is_kept() -> None:
    plan = make_plan(HERE, {"PUBLIC_URL": "https://tunnel.example"})
    assert decided(plan, SECRETS, PLACES)["PUBLIC_URL"] == "https://tunnel.example"


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:1"), ("::", "http://[::1]:1"), ("10.0.0.5", "http://10.0.0.5:1")],
)
def test_an_address_for_everybody_is_reached_through_loopback(host: str, url: str) -> None:
    assert http_url(host, 1) == url
