"""Tables that fit: ids stay whole, what has no room is named, and no name from outside steers the terminal."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console

from entrypoints.cli.event_rows import EVENT_COLUMNS
from entrypoints.cli.tables import Column, cell_of, column_of, fit, folded, show_fields, show_table
from entrypoints.cli.values import plain_text, text_of

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ID = "0199c0de-0000-7000-8000-000000000001"
EVENT = {
    "id": ID,
    "store_id": 100001,
    "topic": "order.payment_status.update",
    "state": "dead",
    "received_at": NOON,
    "entity": "order 123456",
    "attempts": 8,
    "reason": "KeyError: 'address' while the courier was booked",
}


def drawn(width: int, rows: list[dict[str, object]], columns: tuple[str, ...]) -> str:
    stream = StringIO()
    show_table(rows, columns, Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert all(len(line.rstrip()) <= width for line in drawn(width, [EVENT], EVENT_COLUMNS).splitlines())


def test_eighty_columns_hold_the_whole_id_and_name_what_they_do_not_hold() -> None:
    text = drawn(80, [EVENT], EVENT_COLUMNS)
    assert f"{ID}  100001" in text
    assert "dead" in text
    assert "no room for: " in text
    assert "reason" in text.split("no room for: ")[1]


def test_a_wide_terminal_holds_everything_on_one_line_a_row() -> None:
    text = drawn(240, [EVENT], EVENT_COLUMNS)
    assert "no room for" not in text
    assert len(text.splitlines()) == 2


def test_what_folds_is_folded_before_anything_is_left_out() -> None:
    columns = [Column("id", (), False, 10, 10), Column("reason", (), False, 20, 90), Column("n", (), True, 5, 5)]
    assert [(one.name, one.width) for one in fit(columns, 60)] == [("id", 10), ("reason", 41), ("n", 5)]


def test_a_title_from_right_to_left_is_set_apart_line_by_line() -> None:
    title = "متجر طويل الاسم جدا للعطور والبخور والعود الفاخر"
    row = {"store_id": 1, "title": title, "state": "needs_reauthorization", "at": NOON}
    text = drawn(70, [row], ("store_id", "title", "state", "at"))
    lines = [line for line in text.splitlines() if "\u2068" in line]
    assert len(lines) >= 2
    assert all(line.count("\u2068") == line.count("\u2069") == 1 for line in lines)


def test_a_record_folds_beside_its_name() -> None:
    stream = StringIO()
    show_fields({"store_id": 7, "webhooks": ["order.create"] * 9}, Console(file=stream, width=60))
    lines = stream.getvalue().splitlines()
    assert lines[0].split() == ["store", "7"]
    assert all(line.startswith(" " * 10) for line in lines[2:])
    assert max(map(len, lines)) <= 60


def test_long_words_break_after_a_mark() -> None:
    assert folded("examples.courier_app.handlers.book", 12) == ["examples.", "courier_app.", "handlers.", "book"]
    assert folded("due=0, oldest_due_at=-, in_doubt=0", 30) == ["due=0, oldest_due_at=-,", "in_doubt=0"]
    assert folded("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


def test_a_moment_of_today_is_a_time() -> None:
    assert cell_of(NOON, NOON + timedelta(hours=2)) == "12:00:00Z"
    assert cell_of(NOON, NOON + timedelta(days=1)) == "2026-01-31 12:00Z"


def test_numbers_stand_to_the_right_and_ids_never_fold() -> None:
    assert column_of("count", [1, 20]).is_number
    assert not column_of("id", ["x" * 60]).folds
    assert column_of("reason", ["x " * 60]).folds


@pytest.mark.parametrize("text", ["\x1b[2J\x1b[31mowned", "\u202eevil", "a\x07b", "\x9b31m"])
def test_what_would_steer_a_terminal_is_shown_as_a_mark(text: str) -> None:
    told = plain_text(text)
    assert "\ufffd" in told
    assert not set(told) & {"\x1b", "\u202e", "\x07", "\x9b"}
    assert text_of([text]) == told


def test_letters_of_every_script_stay() -> None:
    assert plain_text("متجر النخيل é 店") == "متجر النخيل é 店"
