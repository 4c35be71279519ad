"""A terminal gets tables, and colours only where it wants them; a bar that goes when the work is done."""

from io import StringIO

import pytest

from entrypoints.cli.output import show_record, show_rows
from entrypoints.cli.progress import Progress, can_move

ROWS = [{"id": "a", "state": "dead"}, {"id": "b", "state": "done"}]
COLOUR = "\x1b[3"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Terminal:
    """In the test itself: pytest puts its own stdout back after the fixtures."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "80", **environment}.items():
        monkeypatch.setenv(name, value)
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    return stream


def test_a_terminal_gets_colours_by_what_a_word_means(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    show_rows(ROWS, ["id", "state"], as_json=False, empty="none")
    assert "\x1b[31mdead" in terminal.getvalue()
    assert "\x1b[32mdone" in terminal.getvalue()


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_a_terminal_that_wants_none_gets_none(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch, **environment)
    show_rows(ROWS, ["id", "state"], as_json=False, empty="none")
    show_record({"id": "a", "state": "dead"}, as_json=False)
    assert COLOUR not in terminal.getvalue()
    assert "dead" in terminal.getvalue()


def test_json_is_never_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    show_rows(ROWS, ["id", "state"], as_json=True, empty="none")
    assert "\x1b" not in terminal.getvalue()


def test_a_pipe_gets_lines_instead_of_a_bar() -> None:
    stream = StringIO()
    with Progress("order.create", 200, stream, every=0.0) as progress:
        for done in (10, 200):
            progress.show(done)
        progress.say("nobody works on it yet")
    assert stream.getvalue() == "order.create: 10/200\norder.create: 200/200\nnobody works on it yet\n"


def test_each_step_of_unknown_length_gets_a_line() -> None:
    stream = StringIO()
    with Progress("erasing", None, stream) as progress:
        progress.show(5, "events")
        progress.show(9, "events")
        progress.show(2, "carts")
    assert stream.getvalue() == "events: 5\ncarts: 2\n"


def test_a_bar_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with Progress("redrive 7", 10, stream) as progress:
        progress.show(4)
        progress.say("still at it")
    assert "redrive 7" in stream.getvalue()
    assert "still at it" in stream.getvalue()
    assert stream.getvalue().endswith(("\x1b[2K", "\x1b[?25h", "\r"))


@pytest.mark.parametrize(("term", "moves"), [("xterm", True), ("dumb", False)])
def test_a_dumb_terminal_is_written_to_line_by_line(term: str, moves: bool) -> None:
    assert can_move(Terminal(), {"TERM": term}) is moves
    assert not can_move(StringIO(), {"TERM": term})
