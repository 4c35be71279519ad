"""How keys are asked for on the command line."""

from datetime import UTC, datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from core.domain.api_access import ApiScope
from entrypoints.cli.app import app
from entrypoints.cli.commands.api_keys import _draft, _overlap


def test_scopes_may_be_repeated_or_listed() -> None:
    for given in (["read", "admin"], ["admin,read"], ["admin", "read, read"]):
        assert _draft("courier", given, None, None).scopes == (ApiScope.READ, ApiScope.ADMIN)


def test_an_end_is_a_span_from_now_or_a_time() -> None:
    in_a_day = _draft("courier", ["read"], "1d", None).expires_at
    assert in_a_day is not None
    assert timedelta(hours=23) < in_a_day - datetime.now(UTC) <= timedelta(days=1)
    assert _draft("courier", ["read"], "2999-01-01", 60).expires_at == datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "24", "-1h", "31d", "forever", "1w"])
def test_an_overlap_is_a_short_span(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        _overlap(text)
    assert _overlap("24h") == timedelta(hours=24)
    assert _overlap("0s") == timedelta(0)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["create", "--scope", "read"], "name"),
        (["create", "courier", "--scope", "root"], "'root': one of read, operate, admin"),
        (["create", "courier", "--scope", ","], "scopes"),
        (["create", " ", "--scope", "read"], "name"),
        (["create", "courier", "--scope", "read", "--expires", "2000-01-01"], "expires_at"),
        (["create", "courier", "--scope", "read", "--expires", "soon"], "--expires"),
        (["create", "courier", "--scope", "read", "--rate", "0"], "rate_per_minute"),
        (["rotate", "7", "--overlap", "31d"], "--overlap"),
        (["revoke", "0"], "KEY_ID"),
    ],
)
def test_what_cannot_be_is_refused_by_name_with_exit_code_2(words: list[str], told: str) -> None:
    ran = CliRunner().invoke(app, ["api-keys", *words])
    assert ran.exit_code == 2
    assert told in ran.output
