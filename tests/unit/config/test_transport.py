"""Production reaches servers on other machines by TLS that proves who answers, or somebody has said otherwise."""

from __future__ import annotations

import pytest

from config.transport import check_postgres, check_redis
from core.errors import SettingInvalid

CA = "/etc/wasl/ca.pem"


@pytest.mark.parametrize(
    ("url", "ca_cert"),
    [
        ("postgresql://u:p@db.example/wasl?sslmode=verify-full", None),
        ("postgresql://u:p@db.example/wasl?sslmode=require", CA),
        ("postgresql://u:p@db.example/wasl", CA),
        ("postgresql://u:p@db.example/wasl?sslrootcert=system", None),
        ("postgresql://u@/wasl?host=%2Frun%2Fpostgresql", None),
        ("postgresql://u@127.0.0.1:5432/wasl", None),
        ("postgresql://u@localhost/wasl?sslmode=disable", None),
        ("postgresql://u@[::1]:5432/wasl", None),
        ("postgresql://u@postgres:5432/wasl", None),
    ],
)
def test_postgres_is_proved_local_or_excused(url: str, ca_cert: str | None) -> None:
    check_postgres("DATABASE_URL", url, ca_cert, excused=("postgres",))


@pytest.mark.parametrize(
    ("url", "ca_cert", "host"),
    [
        ("postgresql://u:p@db.example/wasl", None, "db.example"),
        ("postgresql://u:p@db.example/wasl?sslmode=require", None, "db.example"),
        ("postgresql://u:p@db.example/wasl?sslmode=verify-ca", None, "db.example"),
        ("postgresql://u:p@db.example/wasl?sslmode=prefer", CA, "db.example"),
        ("postgresql://u:p@db.example/wasl?sslmode=disable&sslrootcert=system", None, "db.example"),
        ("postgresql://u:p@127.0.0.1,10.0.0.7:5433/wasl", None, "10.0.0.7"),
        ("postgresql://u:p@[fd00::7]:5432/wasl", None, "fd00::7"),
        ("postgresql://u@/wasl?host=localhost,far.example", None, "far.example"),
    ],
)
def test_postgres_in_the_open_is_refused(url: str, ca_cert: str | None, host: str) -> None:
    with pytest.raises(SettingInvalid, match="PLAIN_SERVERS") as caught:
        check_postgres("MIGRATE_DATABASE_URL", url, ca_cert, excused=("postgres",))
    assert caught.value.key == "MIGRATE_DATABASE_URL"
    assert f"reaches {host} " in str(caught.value)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "rediss://:p@valkey.example:6379/0",
        "rediss+cluster://:p@a.example,b.example",
        "rediss+sentinel://a.example:26379/main",
        "unix:///run/valkey.sock",
        "redis://localhost:6379/0",
        "redis://valkey:6379/0",
    ],
)
def test_redis_is_proved_local_or_excused(url: str) -> None:
    check_redis(url, excused=("valkey",))


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("redis://:p@valkey.example:6379/0", "valkey.example"),
        ("rediss://:p@valkey.example:6379/0?ssl_cert_reqs=none", "valkey.example"),
        ("rediss://:p@valkey.example:6379/0?ssl_check_hostname=False", "valkey.example"),
        ("redis+cluster://:p@b.example:6379,a.example,127.0.0.1", "a.example, b.example"),
        ("redis+sentinel://a.example:26379,valkey/main", "a.example"),
    ],
)
def test_redis_in_the_open_is_refused(url: str, hosts: str) -> None:
    with pytest.raises(SettingInvalid, match="PLAIN_SERVERS") as caught:
        check_redis(url, excused=("valkey",))
    assert caught.value.key == "REDIS_URL"
    assert f"reaches {hosts} " in str(caught.value)
