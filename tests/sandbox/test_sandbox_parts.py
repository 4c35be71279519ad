"""The parts of the sandbox that are plain values and rules."""

from __future__ import annotations

import pytest

from sandbox.clock import SandboxClock
from sandbox.delivery.retries import Outcome, Retry, next_attempt
from sandbox.generation.formats import amount_string, decimals, formatted_price, issue_date
from sandbox.rate import Buckets
from sandbox.server import create_app
from sandbox.settings import SandboxSettings, SettingsError


class Wall:
    """A real clock that tests move."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_the_clock_scales_advances_and_never_runs_backwards():
    wall = Wall()
    clock = SandboxClock(1_000.0, real=wall)
    wall.at = 5
    assert clock.now() == 1_005
    clock.rescale(60)
    assert clock.now() == 1_005
    wall.at = 6
    assert clock.now() == 1_065
    clock.advance(10)
    assert clock.now() == 1_075
    assert clock.real_seconds(120) == 2
    assert clock.real_seconds(-1) == 0


def test_the_bucket_leaks_evenly_and_is_per_app_and_store():
    buckets = Buckets()
    assert [buckets.take(("a", 1), 0.0, 60) for _ in range(60)] == [0.0] * 60
    assert buckets.take(("a", 1), 0.0, 60) == pytest.approx(1.0)
    assert buckets.take(("a", 2), 0.0, 60) == 0.0
    assert buckets.take(("b", 1), 0.0, 60) == 0.0
    assert buckets.take(("a", 1), 1.0, 60) == 0.0
    assert buckets.take(("a", 1), 1.0, 60) > 0
    assert buckets.take(("a", 1), 1.0, 0) == 0.0


@pytest.mark.parametrize(
    ("status", "spent", "on_429", "step"),
    [
        (500, 0, "attempt", Retry(60)),
        (0, 1, "attempt", Retry(300)),
        (404, 2, "attempt", Retry(900)),
        (500, 3, "attempt", None),
        (429, 3, "attempt", None),
        (429, 3, "free", Retry(900, spends=False)),
        (429, 0, "never", None),
        (500, 0, "never", Retry(60)),
    ],
)
def test_what_follows_an_attempt(status, spent, on_429, step):
    assert next_attempt(Outcome(status, 1.0), spent, [1, 5, 15], on_429) == step


def test_money_and_dates_are_written_as_zid_writes_them():
    assert decimals(211.44999892193) == "211.44999892193000"
    assert decimals(100.0) == "100.00000000000000"
    assert amount_string(11523) == "11,523.00 SAR"
    assert formatted_price(12.444) == " SAR 12.44"
    assert issue_date(1_769_788_562, 12) == "31-01-2026 | 03:56 ص"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "example.com"])
def test_nothing_but_loopback_unless_told(host):
    with pytest.raises(SettingsError) as refused:
        create_app(SandboxSettings(host=host))
    assert refused.value.field == "host"
    assert create_app(SandboxSettings(host=host, allow_remote=True)).router.routes()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.5.5.5"])
def test_loopback_is_fine(host):
    assert create_app(SandboxSettings(host=host)).router.routes()
