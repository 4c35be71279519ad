"""The configuration is checked as a whole, and its documentation is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from config.handlers import load_handlers
from config.settings import Queue, Settings, load_settings
from core.errors import SettingInvalid

ROOT = Path(__file__).resolve().parents[3]
STRONG = "x" * 43

PRODUCTION = {
    "ENVIRONMENT": "production",
    "PUBLIC_URL": "https://app.example.com",
    "DATABASE_URL": "postgresql://wasl_app@db/wasl?sslmode=verify-full",
    "REDIS_URL": "rediss://valkey/0",
    "ZID_CLIENT_ID": "48",
    "ZID_CLIENT_SECRET": STRONG,
    "ZID_APP_ID": "7367",
    "TOKEN_KEYS": Fernet.generate_key().decode(),
    "WEBHOOK_SECRET": STRONG,
    "APP_EVENTS_SECRET": STRONG,
    "SESSION_KEY": STRONG,
    "ADMIN_API_KEY": f"wasl_{STRONG}",
}


def documented() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def test_the_example_file_names_every_key_and_no_other() -> None:
    assert set(documented()) == {name.upper() for name in Settings.model_fields}


def test_the_example_files_values_are_the_defaults() -> None:
    assert load_settings(documented()) == load_settings({})


def test_production_starts_when_everything_is_set() -> None:
    assert load_settings(PRODUCTION).production


@pytest.mark.parametrize("key", sorted(set(PRODUCTION) - {"ENVIRONMENT"}))
def test_production_refuses_to_start_without(key: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        load_settings({**PRODUCTION, key: ""})
    assert caught.value.key == key


def test_production_does_without_redis_only_where_that_is_said() -> None:
    assert load_settings({**PRODUCTION, "REDIS_URL": "", "QUEUE": "postgres"}).redis_url is None
    with pytest.raises(SettingInvalid, match="QUEUE=postgres"):
        load_settings({**PRODUCTION, "REDIS_URL": "", "QUEUE": "redis"})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Queue.POSTGRES),
        ({"REDIS_URL": "redis://valkey/0"}, Queue.REDIS),
        ({"REDIS_URL": "redis://valkey/0", "QUEUE": "postgres"}, Queue.POSTGRES),
        ({"QUEUE": "redis"}, Queue.REDIS),
    ],
)
def test_work_goes_over_redis_where_there_is_one_unless_said_otherwise(given: dict[str, str], expected: Queue) -> None:
    assert load_settings(given).work_queue is expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PUBLIC_URL", "http://app.example.com"),
        ("PUBLIC_URL", "https://app.example.com/"),
        ("WEBHOOK_SECRET", f"{STRONG},short"),
        ("ADMIN_API_KEY", "wasl_short"),
        ("TOKEN_KEYS", "not-a-fernet-key"),
        ("QUEUE", "memory"),
        ("HTTP_PORT", "eighty"),
        ("METRICS_ALLOW", "everywhere"),
        ("ENVIRONMENT", "staging"),
        ("LOG_LEVEL", "LOUD"),
        ("SHUTDOWN_GRACE", "0"),
    ],
)
def test_a_wrong_value_is_named(key: str, value: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        load_settings({**PRODUCTION, key: value})
    assert caught.value.key == key


def test_secrets_do_not_show_in_the_settings_repr() -> None:
    shown = repr(load_settings(PRODUCTION)) + str(load_settings(PRODUCTION))
    assert STRONG not in shown
    assert PRODUCTION["TOKEN_KEYS"] not in shown


def test_handlers_that_cannot_be_loaded_are_named() -> None:
    with pytest.raises(SettingInvalid, match="no_such_module"):
        load_handlers(["no_such_module"])
    with pytest.raises(SettingInvalid, match="no function marked with @on in json"):
        load_handlers(["json"])


def test_the_examples_handlers_load() -> None:
    handlers = load_handlers(["examples.courier_app.handlers"])
    assert set(handlers.topics) == {"order.status_changed", "inventory.changed"}


@pytest.mark.parametrize("entry", ["app.example", "https://app.example/x?y", "https://*.app.example"])
def test_a_return_url_that_is_no_address_stops_the_start(entry: str) -> None:
    with pytest.raises(SettingInvalid, match="AUTH_RETURN_URLS") as caught:
        load_settings({"AUTH_RETURN_URLS": f"https://fine.example, {entry}"})
    assert entry in str(caught.value)
