"""A batch of events is as large as what fits into its time."""

import pytest

from entrypoints.batch_size import BATCH_SECONDS, LEAST, MOST, BatchSize


def after(size: BatchSize, per_second: float, batches: int) -> int:
    """What it has come to on a machine that handles so many events a second."""
    for _ in range(batches):
        size.note(size.events, size.events / per_second)
    return size.events


def test_it_begins_large_and_stays_so_where_the_machine_is_fast() -> None:
    assert BatchSize().events == MOST
    assert after(BatchSize(), 50_000.0, 10) == MOST


@pytest.mark.parametrize("per_second", [300.0, 700.0, 1500.0])
def test_a_batch_lasts_as_long_as_it_may(per_second: float) -> None:
    events = after(BatchSize(), per_second, 12)
    assert events == pytest.approx(per_second * BATCH_SECONDS, abs=2)


def test_it_never_gets_smaller_than_what_a_batch_costs_as_such() -> None:
    assert after(BatchSize(), 1.0, 20) == LEAST


def test_it_grows_again_after_a_busy_time() -> None:
    size = BatchSize()
    after(size, 10.0, 20)
    assert after(size, 5000.0, 12) == MOST


def test_a_batch_that_handled_nothing_changes_nothing() -> None:
    size = BatchSize()
    size.note(0, 10.0)
    size.note(5, 0.0)
    assert size.events == MOST
