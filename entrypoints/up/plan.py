"""What `wasl up` is going to run, decided from options, environment and secrets alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import SettingInvalid

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000
DEFAULT_SANDBOX_PORT: Final = 8090
POSTGRES: Final = "postgres"
_ZID_KEYS: Final = ("ZID_CLIENT_ID", "ZID_CLIENT_SECRET", "ZID_APP_ID")


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The command line. None means: as the environment says, else the default."""

    data_dir: Path
    port: int | None = None
    sandbox_port: int | None = None
    sandbox: bool = True
    redis: bool = True
    demo: bool | None = None
    logs: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known before the first socket is opened."""

    data_dir: Path
    host: str
    port: int
    sandbox_port: int | None
    """None: the real Zid."""
    embedded_postgres: bool
    redis: bool
    """Without it Postgres does what Redis does elsewhere."""
    embedded_redis: bool
    given: Mapping[str, str]
    """The environment and .env."""
    demo: bool | None
    logs: bool


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything listens, once it is known."""

    port: int
    sandbox_port: int | None
    database_url: str
    migrate_database_url: str
    redis_url: str


def make_plan(options: UpOptions, given: Mapping[str, str]) -> Plan:
    """The plan; SettingInvalid where the environment contradicts itself."""
    _refuse_production(given)
    _refuse_half_an_app(given)
    real_zid = bool(given.get("ZID_CLIENT_ID"))
    with_sandbox = options.sandbox and not real_zid
    if not with_sandbox and not real_zid:
        raise SettingInvalid("ZID_CLIENT_ID", "is needed with --no-sandbox: set the three ZID_… keys of your app")
    redis = options.redis and (given.get("QUEUE") != POSTGRES or bool(given.get("REDIS_URL")))
    return Plan(
        data_dir=options.data_dir,
        host=given.get("HTTP_HOST") or DEFAULT_HOST,
        port=_port(options.port, given, "HTTP_PORT", DEFAULT_PORT),
        sandbox_port=_port(options.sandbox_port, given, "SANDBOX_PORT", DEFAULT_SANDBOX_PORT) if with_sandbox else None,
        embedded_postgres=not given.get("DATABASE_URL"),
        redis=redis,
        embedded_redis=redis and not given.get("REDIS_URL"),
        given=given,
        demo=options.demo,
        logs=options.logs,
    )


def process_environment(plan: Plan, secrets: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    """The complete environment of the processes."""
    return {**_defaults(secrets), **plan.given, **decided(plan, secrets, addresses)}


def decided(plan: Plan, secrets: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    """What `wasl up` decided itself; it goes before the given environment."""
    url = plan.given.get("PUBLIC_URL") or http_url(plan.host, addresses.port)
    ours = {
        "HTTP_HOST": plan.host,
        "HTTP_PORT": str(addresses.port),
        "PUBLIC_URL": url,
        "DATABASE_URL": addresses.database_url,
        "MIGRATE_DATABASE_URL": addresses.migrate_database_url,
        "REDIS_URL": addresses.redis_url,
        "METRICS_PORT": plan.given.get("METRICS_PORT") or "0",
        "WASL_DATA_DIR": str(plan.data_dir),
    }
    if not plan.redis:
        ours["QUEUE"] = POSTGRES
    if plan.given.get("ZID_EMBEDDED"):
        ours["ZID_EMBEDDED"] = plan.given["ZID_EMBEDDED"]
    if addresses.sandbox_port is None:
        return ours
    return {**ours, **_sandbox_app(secrets), **_sandbox_places(addresses.sandbox_port)}


def http_url(host: str, port: int) -> str:
    """Where a browser on this machine finds it; an address for all interfaces is reached through loopback."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104 (compared, not bound)
    return f"http://{reachable}:{port}"


def _defaults(secrets: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in secrets.items() if not key.startswith("SANDBOX_")}


def _sandbox_app(secrets: Mapping[str, str]) -> dict[str, str]:
    return {key: secrets[key.replace("ZID_", "SANDBOX_")] for key in _ZID_KEYS}


def _sandbox_places(port: int) -> dict[str, str]:
    url = http_url(DEFAULT_HOST, port)
    return {"SANDBOX_PORT": str(port), "ZID_API_URL": url, "ZID_OAUTH_URL": url, "ZID_DASHBOARD_URL": url}


def _refuse_production(given: Mapping[str, str]) -> None:
    if given.get("ENVIRONMENT") == "production":
        raise SettingInvalid(
            "ENVIRONMENT",
            "`wasl up` is for trying out; in production run `wasl http`, `wasl consumer`, `wasl scheduler`",
        )


def _refuse_half_an_app(given: Mapping[str, str]) -> None:
    if not given.get("ZID_CLIENT_ID"):
        return
    for key in _ZID_KEYS:
        if not given.get(key):
            raise SettingInvalid(key, "is needed beside ZID_CLIENT_ID; without all three the sandbox is used")


def _port(option: int | None, given: Mapping[str, str], key: str, default: int) -> int:
    if option is not None:
        return option
    text = given.get(key) or str(default)
    if not text.isdecimal() or int(text) > 65535:
        raise SettingInvalid(key, f"{text!r} is no port number")
    return int(text)
