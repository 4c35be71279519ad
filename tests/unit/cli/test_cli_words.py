"""What commands read and print."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import typer

from config.settings import load_settings
from core.domain.event_states import Books, EventState, Ledger, Origin
from core.errors import ClientRejected, KeyMissing, Unavailable
from entrypoints.cli.books import book_record, book_rows
from entrypoints.cli.commands.sandbox import registration
from entrypoints.cli.commands.trigger import sandbox_url
from entrypoints.cli.filters import read_event_id, read_since
from entrypoints.cli.output import show_record, show_rows
from entrypoints.cli.values import text_of
from entrypoints.failures import CommandFailed, explain

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15m", NOON - timedelta(minutes=15)),
        ("7d", NOON - timedelta(days=7)),
        ("2026-01-31T12:00Z", NOON),
        ("2026-01-31T15:00+03:00", NOON),
        ("2026-01-31T12:00", NOON),
        (None, None),
    ],
)
def test_since_is_a_span_or_a_time(text: str | None, moment: datetime | None) -> None:
    assert read_since(text, NOON) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "-5m", "5 m", "9999999d", "31/01/2026"])
def test_another_since_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="15m"):
        read_since(text, NOON)


def test_an_event_id_is_a_uuid() -> None:
    with pytest.raises(typer.BadParameter, match="wasl events list"):
        read_event_id("12")


def test_values_read_like_text() -> None:
    east = timezone(timedelta(hours=3))
    assert text_of(datetime(2026, 1, 31, 15, tzinfo=east)) == "2026-01-31 12:00:00Z"
    assert [text_of(value) for value in (None, True, False, 0, [], ["a", 1], {"a": 1}, {})] == [
        *("-", "yes", "no", "0", "-", "a, 1", "a=1", "-")
    ]


def test_a_pipe_gets_aligned_text_and_json_gets_everything(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": 1, "name": "متجر", "hidden": NOON}, {"id": 1002, "name": None, "hidden": NOON}]
    show_rows(rows, ["id", "name"], as_json=False, empty="none")
    assert capsys.readouterr().out == "id    name\n1     متجر\n1002  -\n"
    show_rows(rows, ["id", "name"], as_json=True, empty="none")
    assert json.loads(capsys.readouterr().out)[0] == {"id": 1, "name": "متجر", "hidden": "2026-01-31T12:00:00Z"}
    show_rows([], ["id"], as_json=False, empty="none")
    show_rows([], ["id"], as_json=True, empty="none")
    show_record({"a": 1, "long": None}, as_json=False)
    assert capsys.readouterr().out == "none\n[]\na     1\nlong  -\n"


def test_books_show_zid_always_and_others_where_there_is_something() -> None:
    books = {
        Origin.ZID: Books(3, 1, {EventState.DONE: 2}),
        Origin.DERIVED: Books(0, 0, {}),
        Origin.REPLAY: Books(1, 0, {EventState.DONE: 1}),
    }
    rows = book_rows(Ledger(books))
    assert [(row["origin"], row["received"], row["difference"]) for row in rows] == [("zid", 3, 1), ("replay", 1, 0)]
    record = book_record(Ledger(books))
    assert (record["received"], record["done"], record["duplicates"], record["balanced"]) == (3, 2, 1, False)
    assert set(record["by_origin"]) == {"derived", "synthetic", "replay"}


def test_failures_name_cause_and_fix_in_one_line() -> None:
    assert explain(Unavailable("postgres", "refused\n  twice")) == (
        "postgres does not answer: refused twice: is it running, and does DATABASE_URL name it?"
    )
    assert "check ZID_CLIENT_ID and ZID_CLIENT_SECRET" in explain(ClientRejected("unknown client"))
    assert "put the old key back" in explain(KeyMissing("k1"))
    assert explain(CommandFailed("a\nb")) == "a b"


@pytest.mark.parametrize("url", ["https://api.zid.sa", "https://api.zid.sa/", "https://oauth.zid.sa"])
def test_a_trigger_never_goes_to_the_real_zid(url: str, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="sandbox only"):
        sandbox_url(tmp_path, load_settings({"ZID_API_URL": url}))


def test_a_trigger_goes_to_the_sandbox_that_the_settings_name(tmp_path: Path) -> None:
    url = "http://127.0.0.1:8090"
    assert sandbox_url(tmp_path, load_settings({"ZID_API_URL": url})) == url


def test_the_sandbox_knows_this_installation_as_an_app() -> None:
    given = {"ZID_CLIENT_ID": "7", "ZID_CLIENT_SECRET": "s", "ZID_APP_ID": "9", "PUBLIC_URL": "http://127.0.0.1:1"}
    app = registration(load_settings({**given, "APP_EVENTS_SECRET": "first,second"}))
    assert (app.client_id, app.app_id) == ("7", 9)
    assert app.redirection_url == "http://127.0.0.1:1/auth/zid"
    assert app.callback_url == "http://127.0.0.1:1/auth/zid/callback"
    assert app.app_event_urls == {"*": "http://127.0.0.1:1/webhooks/zid-app/first"}
    assert registration(load_settings({})) is None
    with pytest.raises(CommandFailed, match="ZID_APP_ID"):
        registration(load_settings({**given, "ZID_APP_ID": "nine"}))
