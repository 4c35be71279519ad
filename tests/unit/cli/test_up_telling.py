"""What a person reads while `wasl up` runs."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from entrypoints.up.account import Counted, changes, counter, ordinal
from entrypoints.up.log_tail import LogTail, Repeats, kind_of, readable
from entrypoints.up.screen import Screen, Tone
from entrypoints.up.service_api import ServiceApi
from entrypoints.up.watching import Watcher


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    asked = 0

    def write(self, text: str) -> int:
        self.asked += 1
        raise BrokenPipeError


def store(store_id: int = 1001, state: str = "active", install_id: str = "5", epoch: int = 1) -> Mapping:
    return {"store_id": store_id, "title": "متجر", "state": state, "install_id": install_id, "epoch": epoch}


def test_a_store_is_told_of_once_for_each_thing_that_happens() -> None:
    assert changes({}, [store()]) == ["✓ installed: متجر (store 1001)"]
    assert changes({1001: store()}, [store()]) == []
    assert changes({1001: store()}, [store(state="uninstalled")]) == ["✗ uninstalled: متجر (store 1001)"]
    again = store(install_id="6", epoch=2)
    assert changes({1001: store(state="uninstalled")}, [again]) == ["✓ installed: متجر (store 1001), for the 2nd time"]
    assert "needs its merchant" in changes({1001: store()}, [store(state="needs_reauthorization")])[0]
    assert "works again" in changes({1001: store(state="needs_reauthorization")}, [store()])[0]
    assert changes({}, [store(state="uninstalled")]) == []


def test_ordinals() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th")
    ]


def test_the_counter_leaves_out_what_is_rare_and_zero() -> None:
    assert counter(Counted(5, 5, 0, 0, 0), 2.4) == "events: 5 in · 5 done · 0 waiting · 0 dead · 2/s"
    assert counter(Counted(9, 1, 4, 2, 1, 1)) == "events: 9 in · 1 done · 4 in work · 2 waiting · 1 dead · 1 cancelled"


def test_a_pipe_gets_plain_lines() -> None:
    stream = io.StringIO()
    screen = Screen(stream, {})
    screen.live("moving")
    screen.line("one", Tone.GOOD)
    screen.end_live()
    assert stream.getvalue() == "one\n"


def test_a_terminal_keeps_the_live_line_last() -> None:
    stream = Terminal()
    screen = Screen(stream, {"NO_COLOR": "1"})
    screen.live("moving")
    screen.line("one", Tone.GOOD)
    assert stream.getvalue().endswith("\r\x1b[2Kone\nmoving")
    screen.end_live()
    assert stream.getvalue().endswith("moving\n")


def test_colours_are_for_terminals_that_want_them() -> None:
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        stream = Terminal()
        Screen(stream, environment).line("one", Tone.WARN)
        assert ("\x1b[33m" in stream.getvalue()) is coloured


def test_a_reader_that_went_away_is_no_error() -> None:
    reader = Gone()
    Screen(reader, {}).line("one")
    assert reader.asked > 0


def test_warnings_become_one_readable_line() -> None:
    warning = {"event": "event_put_off", "level": "warning", "timestamp": "x", "process": "consumer", "store_id": 7}
    assert readable(json.dumps(warning)) == "warning: event_put_off store_id=7"
    error = {"event": "broke", "level": "error", "exception": [{"exc_type": "KeyError", "exc_value": "x"}]}
    assert readable(json.dumps(error)) == "error: broke (KeyError: x)"
    assert readable(json.dumps({"event": "fine", "level": "info"})) is None


def test_of_raw_output_only_what_says_something_is_shown() -> None:
    raw = ["Traceback (most recent call last):", '  File "x.py", line 1', "", "ValueError: no"]
    assert [readable(line) for line in raw] == [None, None, None, "ValueError: no"]


def test_a_log_is_read_from_now_on_in_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    tail = LogTail(path)
    with path.open("a") as log:
        log.write("one\ntw")
        log.flush()
        assert tail.new_lines() == ["one"]
        log.write("o\n")
    assert tail.new_lines() == ["two"]
    path.write_text("new\n")
    assert tail.new_lines() == ["new"]
    path.unlink()
    assert tail.new_lines() == []


def test_a_flood_is_shown_now_and_then_with_its_size() -> None:
    now = [0.0]
    repeats = Repeats(lambda: now[0])
    assert [repeats.admit("a") for _ in range(3)] == [0, None, None]
    assert repeats.admit("b") == 0
    now[0] = 10.0
    assert repeats.admit("a") == 2
    assert kind_of("warning: step_waits step=sweep") == kind_of("warning: step_waits step=refresh")


class Service(ServiceApi):
    """Answers from lists, the last one again and again."""

    def __init__(self, stores: Sequence[Sequence[Mapping] | None], received: Sequence[int]) -> None:
        self._stores = list(stores)
        self._received = list(received)

    async def stores(self) -> Sequence[Mapping] | None:
        return self._stores.pop(0) if len(self._stores) > 1 else self._stores[0]

    async def ledger(self) -> Mapping | None:
        received = self._received.pop(0) if len(self._received) > 1 else self._received[0]
        nothing = dict.fromkeys(("queued", "running", "waiting", "dead", "cancelled", "erased"), 0)
        return {"received": received, "done": received, **nothing}


async def test_the_watcher_tells_what_changed_and_is_silent_otherwise() -> None:
    stream = io.StringIO()
    watcher = Watcher(Service([[], None, [store()]], [0, 0, 0, 3]), Screen(stream, {}))
    for _ in range(3):
        await watcher.look()
    assert stream.getvalue() == "✓ installed: متجر (store 1001)\n"
    for _ in range(5):
        await watcher.look()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("events: 3 in · 3 done")


async def test_stores_of_an_earlier_run_are_not_told_as_new() -> None:
    stream = io.StringIO()
    await Watcher(Service([[store(), store(1002)]], [0]), Screen(stream, {})).look()
    assert stream.getvalue() == "2 stores known from before\n"
