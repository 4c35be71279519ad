"""Who is frozen is killed soon; who is busy, starved, starting or watched by a debugger is left alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.heartbeat import BEAT, HEARTBEAT_KEY, given_pipe
from entrypoints.up.watchdog import (
    BUSY_SECONDS,
    FROZEN_SECONDS,
    LATE_SECONDS,
    LOOK_EVERY,
    OTHERS_FROZEN_SECONDS,
    Doing,
    Watchdog,
    doing,
)
from tests.eventually import eventually


def silence(watchdog: Watchdog, doing_what: Doing, *, seconds: float, start: float = 0.0) -> float | None:
    """When it is found frozen while it does not beat; None if it is not."""
    now = start
    while now - start < seconds:
        now += LOOK_EVERY
        if watchdog.look(now, has_beaten=False, doing=doing_what):
            return now - start
    return None


def beating(limit: float = FROZEN_SECONDS) -> Watchdog:
    watchdog = Watchdog(limit)
    assert not watchdog.look(0.0, has_beaten=True, doing=Doing.NOTHING)
    return watchdog


def test_one_that_does_nothing_is_found_in_time_to_be_replaced_within_five_seconds() -> None:
    found = silence(beating(), Doing.NOTHING, seconds=60)
    assert found is not None
    assert FROZEN_SECONDS <= found <= FROZEN_SECONDS + LOOK_EVERY <= 2.5


def test_one_that_is_busy_or_gets_no_processor_is_given_time() -> None:
    found = silence(beating(), Doing.SOMETHING, seconds=60)
    assert found is not None
    assert BUSY_SECONDS <= found <= BUSY_SECONDS + LOOK_EVERY
    found = silence(beating(OTHERS_FROZEN_SECONDS), Doing.NOTHING, seconds=60)
    assert found is not None
    assert found >= OTHERS_FROZEN_SECONDS


def test_one_that_is_starting_or_held_by_a_debugger_is_left_alone() -> None:
    assert silence(Watchdog(FROZEN_SECONDS), Doing.NOTHING, seconds=600) is None
    assert silence(beating(), Doing.TRACED, seconds=600) is None


@given(st.lists(st.tuples(st.floats(0.01, 60), st.booleans(), st.sampled_from(list(Doing))), max_size=200))
@settings(deadline=None)
def test_nobody_is_killed_who_beat_of_late_or_while_we_were_late(looks: list[tuple[float, bool, Doing]]) -> None:
    watchdog, now, innocent_until = beating(), 0.0, FROZEN_SECONDS
    for pause, has_beaten, what in looks:
        now += pause
        if has_beaten or pause > LATE_SECONDS:
            innocent_until = now + FROZEN_SECONDS
        if watchdog.look(now, has_beaten=has_beaten, doing=what):
            assert now >= innocent_until


def test_the_kernel_says_who_is_stopped_and_who_runs() -> None:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        assert eventually(lambda: doing(process.pid) is Doing.SOMETHING, seconds=20)
        process.send_signal(signal.SIGSTOP)
        assert eventually(lambda: doing(process.pid) is Doing.NOTHING, seconds=20)
    finally:
        process.kill()
        process.wait()
    assert doing(process.pid) is Doing.SOMETHING


def test_names_with_brackets_and_unknown_places_are_read(tmp_path: Path) -> None:
    for task, state in (("1", "S"), ("2", "t")):
        folder = tmp_path / "7" / "task" / task
        folder.mkdir(parents=True)
        (folder / "stat").write_bytes(b"7 (a) R (b) %s 1 2 3" % state.encode())
    assert doing(7, tmp_path) is Doing.TRACED
    assert doing(8, tmp_path) is Doing.SOMETHING


def test_the_pipe_is_taken_out_of_the_environment() -> None:
    reader, writer = os.pipe()
    environment = {HEARTBEAT_KEY: str(writer)}
    assert given_pipe(environment) == writer
    assert environment == {}
    os.write(writer, BEAT)
    assert os.read(reader, 10) == BEAT
    os.close(reader)
    os.close(writer)
    assert given_pipe({}) is None
    assert given_pipe({HEARTBEAT_KEY: "x"}) is None
    assert given_pipe({HEARTBEAT_KEY: str(10**6)}) is None
