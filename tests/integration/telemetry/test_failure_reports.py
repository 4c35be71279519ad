"""What Sentry is told of a failure: class, place, ids. What it is never told: anything that somebody wrote."""

import sys
from collections.abc import Iterator

import pytest

from adapters.sentry.reports import FailureReports
from config.observing import observed
from config.settings import load_settings
from core.domain.secret import Secret
from core.errors import SettingInvalid
from tests.integration.telemetry.receivers import Receiver, receiving

CANARY = "canary-9f2d-of-a-customer"


@pytest.fixture
def sentry() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def reports(receiver: Receiver) -> FailureReports:
    return FailureReports(Secret(receiver.dsn), process="consumer", release="wasl@1", environment="production")


def fail(body: str) -> BaseException:
    """An exception that holds the canary in its message, its cause's message, its notes and every frame's locals."""
    try:
        _look_up(body)
    except ValueError as error:
        error.add_note(body)
        return error
    raise AssertionError("it fails")


def _look_up(token: str) -> None:
    try:
        {}[token]
    except LookupError as cause:
        raise ValueError(token) from cause


def test_class_place_and_ids_arrive(sentry: Receiver) -> None:
    told = reports(sentry)
    told.tell(fail(CANARY), {"event": "run_broke", "store_id": 7, "event_id": "e-1", "trace_id": "t"})
    told.close()
    [report] = sentry.reports()
    cause, error = report["exception"]["values"]
    assert (cause["type"], error["type"]) == ("KeyError", "ValueError")
    frame = error["stacktrace"]["frames"][-1]
    assert (frame["function"], frame["filename"]) == ("_look_up", "test_failure_reports.py")
    assert frame["lineno"] > 0
    wanted = {"process": "consumer", "event": "run_broke", "store_id": "7", "event_id": "e-1", "trace_id": "t"}
    assert report["tags"].items() >= wanted.items()
    assert (report["release"], report["environment"], report["level"]) == ("wasl@1", "production", "error")


def test_nothing_that_anybody_wrote_does(sentry: Receiver) -> None:
    told = reports(sentry)
    fields = {"event": "x", "reason": CANARY, "body": CANARY, "headers": {"a": CANARY}, "query": CANARY, "name": CANARY}
    told.tell(fail(CANARY), fields)
    told.close()
    assert len(sentry.reports()) == 1
    everything = sentry.everything()
    assert CANARY.encode() not in everything
    for word in (b'"vars"', b"context_line", b'"request"', b"breadcrumbs", b'"user"', b"/test_failure_reports.py"):
        assert word not in everything, word


def test_the_same_failure_at_the_same_place_is_told_once_a_minute(sentry: Receiver) -> None:
    told = reports(sentry)
    for _ in range(20):
        told.tell(fail(CANARY), {"event": "step_failed"})
    told.tell(fail(CANARY), {"event": "run_broke"})
    told.close()
    assert sorted(report["tags"]["event"] for report in sentry.reports()) == ["run_broke", "step_failed"]


def test_nobody_at_home_keeps_nobody_waiting() -> None:
    """Port 1 refuses; `close` gives up after its seconds."""
    told = FailureReports(Secret("http://public@127.0.0.1:1/7"), process="http", release="1", environment="x")
    told.tell(fail(CANARY), {"event": "x"})
    told.close()


def test_what_is_no_dsn_is_named_without_being_shown() -> None:
    with pytest.raises(SettingInvalid, match="SENTRY_DSN") as caught:
        FailureReports(Secret(CANARY), process="http", release="1", environment="x")
    assert CANARY not in str(caught.value)


def test_without_its_extra_the_start_stops_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adapters.sentry.reports", None)
    settings = load_settings({"SENTRY_DSN": "https://public@sentry.example.com/7"})
    with pytest.raises(SettingInvalid, match=r"SENTRY_DSN.*pip install 'wasl\[sentry\]'"), observed(settings, "http"):
        pass
