"""The rules of backfills: how far one is, and what follows an error."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.backfill import (
    BACKFILLED,
    GIVE_UP_AFTER,
    BackfillState,
    BackfillStatus,
    StoreProgress,
    after_error,
    is_over,
    overall,
)
from core.domain.topics import BACKFILL_TOPICS, DERIVED_SOURCES, ZID_TOPICS, is_known, mirrored_topic
from core.errors import (
    ClientRejected,
    Invalid,
    MissingScope,
    NeedsReauthorization,
    RateLimited,
    RefreshInProgress,
    Unavailable,
    UnknownShape,
    WaslError,
)
from core.ids import EntityKind, InstallId, StoreId

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HEALS = (
    RateLimited("full", 3),
    Unavailable("zid"),
    RefreshInProgress("slow"),
    NeedsReauthorization(1, "spent"),
    ClientRejected("who?"),
)
REFUSALS = (Invalid(422, "no"), UnknownShape("no list"), MissingScope("abandoned_carts.read"))


def status(state: BackfillState = BackfillState.RUNNING, *, read: int = 0, total: int | None = None) -> BackfillStatus:
    return BackfillStatus(
        StoreId(1),
        InstallId(1),
        EntityKind.ORDER,
        state,
        read,
        total,
        pages=0,
        reason=None,
        requested_at=NOON,
        started_at=NOON,
        progressed_at=NOON + timedelta(minutes=2),
        finished_at=None,
        due_at=None,
    )


def test_a_backfill_under_way_tells_percent_pace_and_time_left() -> None:
    found = status(read=500, total=2000)
    assert (found.percent, found.per_minute, found.time_left) == (25.0, 250.0, timedelta(minutes=6))


def test_without_a_total_nobody_knows_percent_or_time_left() -> None:
    found = status(read=500)
    assert (found.percent, found.per_minute, found.time_left) == (None, 250.0, None)


def test_only_what_is_done_is_at_a_hundred() -> None:
    assert status(read=2010, total=2000).percent == 99.9
    assert status(BackfillState.DONE, read=0, total=0).percent == 100
    assert status(BackfillState.DONE).time_left == timedelta(0)


def test_it_is_over_when_none_is_open() -> None:
    assert is_over([status(BackfillState.DONE), status(BackfillState.FAILED), status(BackfillState.CANCELLED)])
    assert not is_over([status(BackfillState.DONE), status(BackfillState.WAITING)])


@pytest.mark.parametrize("error", HEALS, ids=lambda error: type(error).__name__)
@given(failures=st.integers(0, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_what_can_heal_is_waited_for_without_end(error: WaslError, failures: int, chance: float) -> None:
    decided = after_error(error, failures, chance)
    assert decided.state is BackfillState.WAITING
    assert decided.reason == str(error)
    assert timedelta(seconds=1) <= decided.wait <= timedelta(minutes=5)
    assert decided.failures <= max(failures, GIVE_UP_AFTER - 1)


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_zid_that_refuses_again_and_again_is_believed(error: WaslError) -> None:
    failures, tries = 0, 0
    while (decided := after_error(error, failures, 0.5)).state is BackfillState.WAITING:
        failures, tries = decided.failures, tries + 1
    assert tries == GIVE_UP_AFTER - 1
    assert decided.state is BackfillState.FAILED
    assert str(error) in (decided.reason or "")


def test_a_long_outage_leaves_tries_for_a_refusal() -> None:
    failures = 0
    for _ in range(100):
        failures = after_error(Unavailable("zid"), failures, 0.5).failures
    assert after_error(Invalid(400, "hiccup"), failures, 0.5).state is BackfillState.WAITING


def test_zids_wait_is_a_floor() -> None:
    assert after_error(RateLimited("full", 90), 0, 0.0).wait == timedelta(seconds=90)


def test_every_listed_kind_has_a_quiet_topic_that_no_handler_can_register() -> None:
    assert set(BACKFILL_TOPICS) == set(BACKFILLED)
    for topic in BACKFILL_TOPICS.values():
        assert topic.quiet
        assert mirrored_topic(topic.name) is topic
        assert not is_known(topic.name)
        assert topic.name not in ZID_TOPICS
        assert topic.name not in DERIVED_SOURCES


def test_a_store_is_as_far_as_its_kinds_are_on_average() -> None:
    done, half, unknown = status(BackfillState.DONE), status(read=50, total=100), status(BackfillState.QUEUED)
    progress = overall([done, half, unknown])
    assert progress is not None
    assert (progress.state, progress.percent, progress.time_left) == (BackfillState.RUNNING, 50.0, None)
    assert overall([done, done]) == StoreProgress(BackfillState.DONE, 100.0, timedelta(0))
    assert overall([]) is None


def test_a_store_of_which_a_kind_failed_says_so_once_the_others_are_through() -> None:
    failed, done = status(BackfillState.FAILED, read=1, total=4), status(BackfillState.DONE)
    progress = overall([done, failed])
    assert progress is not None
    assert progress.state is BackfillState.FAILED
