"""What needs a person first."""

from dataclasses import replace

from core.domain.alerts import AlertKind
from core.domain.breaker import BreakerState
from entrypoints.http.console.attention import Known, needs
from entrypoints.http.pages.texts import TEXTS
from entrypoints.sheets import StoresSheet

WELL = StoresSheet({"active": 5}, [("0", 0), ("365", 5)], {"healthy": 30}, {}, 0, 0, 0, 0)
ALL_WELL = Known(dead=0, is_balanced=True, is_watched=True, stores=WELL, alerts=dict.fromkeys(AlertKind, 0))
BAD = StoresSheet(
    {"needs_reauthorization": 2},
    [("0", 1), ("1", 2), ("7", 3)],
    {"broken": 1, "missing": 4, "healthy": 9},
    {},
    open_gaps=1,
    in_doubt=1,
    renewals_due=9,
    quarantined=1,
)


def test_nothing_is_said_when_all_is_well() -> None:
    assert needs(ALL_WELL) == []
    assert needs(replace(ALL_WELL, stores=None)) == []


def test_the_worst_comes_first_with_its_number() -> None:
    found = needs(replace(ALL_WELL, dead=7, stores=BAD, breakers={"orders": (BreakerState.OPEN, 3)}))
    tones = [one.tone for one in found]
    assert tones == sorted(tones, key=lambda tone: tone != "bad")
    assert {one.name: one.number for one in found} == {
        "dead": 7,
        "expired": 1,
        "quarantined": 1,
        "family": 1,
        "breakers": 3,
        "reauthorize": 2,
        "expiring": 5,
        "webhooks": 5,
        "in_doubt": 1,
        "gaps": 1,
    }


def test_numbers_that_nobody_counts_any_more_are_told() -> None:
    assert [one.name for one in needs(replace(ALL_WELL, is_watched=False, is_balanced=False))] == [
        "scheduler",
        "balance",
    ]


def test_everything_that_may_need_somebody_has_words_in_both_languages() -> None:
    alerts = dict.fromkeys(AlertKind, 1)
    known = Known(1, False, False, BAD, alerts, {"orders": (BreakerState.OPEN, 1)})
    found = needs(known)
    assert {AlertKind.EVENTS_STUCK.value, AlertKind.PROCESS_ABSENT.value} <= {
        one.name.removeprefix("alert.") for one in found
    }
    for one in found:
        assert f"attention.{one.name}" in TEXTS
        assert f"attention.{one.name}.do" in TEXTS
