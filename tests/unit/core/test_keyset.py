"""Positions in lists, and the cursors they travel as."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.keyset import BadCursor, Page, Position, by_time


@given(st.text(st.characters(exclude_characters="\0")), st.text(st.characters(exclude_characters="\0")))
def test_a_cursor_comes_back_as_the_position_it_was(sort: str, id_: str) -> None:
    cursor = Position(sort, id_).to_cursor()
    assert Position.from_cursor(cursor) == Position(sort, id_)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=& ?#")


@given(st.text() | st.text("ABCabc_-09", max_size=40))
def test_any_text_is_a_position_or_is_refused(cursor: str) -> None:
    try:
        found = Position.from_cursor(cursor)
    except BadCursor:
        return
    assert Position.from_cursor(found.to_cursor()) == found


@given(st.datetimes(timezones=st.just(UTC)) | st.none())
def test_times_come_back(at: datetime | None) -> None:
    assert Position.from_cursor(by_time(at, "1").to_cursor()).time == at


def test_another_zone_is_the_same_time() -> None:
    at = datetime(2026, 3, 1, 15, tzinfo=timezone(timedelta(hours=3)))
    assert by_time(at, "1").time == datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(st.floats(0, 1, width=32))
def test_ranks_come_back(rank: float) -> None:
    if rank == 0 or rank > 1e-30:
        assert Position(repr(rank), "1").rank == rank


@pytest.mark.parametrize("sort", ["", "nan", "inf", "1e9", "-1.0", "yesterday", "0x1", "١"])
def test_what_is_no_rank_is_refused(sort: str) -> None:
    with pytest.raises(BadCursor):
        _ = Position(sort, "1").rank


@pytest.mark.parametrize(
    "position", [Position("x", "1"), Position("", "-1"), Position("", "1" * 19), Position("", "٣")]
)
def test_what_is_no_number_is_refused(position: Position) -> None:
    with pytest.raises(BadCursor):
        _ = position.number


def test_the_row_too_many_tells_of_a_next_page() -> None:
    def at(number: int) -> Position:
        return Position("", str(number))

    assert Page.cut([1, 2, 3], 2, at) == Page([1, 2], Position("", "2"))
    assert Page.cut([1, 2], 2, at) == Page([1, 2])
    assert Page.cut([], 2, at) == Page([])
