"""The last hour is kept up by counting its end."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from core.domain.traffic import HOUR, Arrivals, Minute, Settled, counted_from, last_hour, look_above
from core.ids import Seq

NOW = datetime(2026, 11, 23, 12, 30, 40, tzinfo=UTC)
THIS = NOW.replace(second=0)


def back(minutes: int) -> datetime:
    return THIS - timedelta(minutes=minutes)


def came(numbers: Mapping[int, int], first: int = 100) -> dict[datetime, Arrivals]:
    return {back(ago): Arrivals(number, Seq(first)) for ago, number in numbers.items()}


def test_without_anything_known_it_is_an_hour_of_what_was_counted() -> None:
    found = last_hour((), came({0: 5, 2: 7}), Settled({back(1): 3}), NOW)
    assert len(found) == HOUR
    assert [one.at for one in found] == [back(ago) for ago in range(HOUR - 1, -1, -1)]
    assert {one.at: (one.received, one.done) for one in found if one.received or one.done} == {
        back(0): (5, 0),
        back(1): (0, 3),
        back(2): (7, 0),
    }


def test_minutes_that_are_over_stay_and_the_last_ones_are_counted_anew() -> None:
    known = last_hour((), came({0: 5, 2: 7, 30: 9}), Settled({back(10): 4}), NOW)
    found = last_hour(known, came({0: 6}), Settled(), NOW)
    counts = {one.at: one.received for one in found}
    assert (counts[back(0)], counts[back(2)], counts[back(30)]) == (6, 0, 9)
    assert next(one.done for one in found if one.at == back(10)) == 4


def test_an_hour_later_nothing_of_it_is_left() -> None:
    known = last_hour((), came({0: 5}), Settled(), NOW)
    found = last_hour(known, {}, Settled(), NOW + timedelta(hours=1))
    assert sum(one.received for one in found) == 0


def test_arrivals_are_looked_for_above_the_last_minute_that_is_over() -> None:
    begin = counted_from(NOW)
    over, counted = Minute(begin - timedelta(minutes=1), 3, 0, Seq(40)), Minute(begin, 2, 0, Seq(50))
    assert look_above((over, counted), NOW) == 49
    assert look_above((over, Minute(begin)), NOW) == 40
    assert look_above((), NOW) == 0
