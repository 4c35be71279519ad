"""Processes that are kept running."""

import asyncio
import os
import time
from pathlib import Path

from entrypoints.up.children import LONGEST_PAUSE, Child, pause_after, stop_children
from entrypoints.up.parts import LOG_LIMIT_BYTES, Part, describe_exit, rotate, wasl_command

DEADLINE = 30.0


def part(log: Path, *arguments: str) -> Part:
    return Part("part", arguments, dict(os.environ), log)


def test_pauses_grow_and_stay_bounded() -> None:
    pauses = [pause_after(failures) for failures in range(1, 40)]
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_an_exit_is_described_for_people() -> None:
    assert describe_exit(3) == "exit code 3"
    assert describe_exit(-9) == "killed by SIGKILL"
    assert describe_exit(-31) == "killed by signal 31"


def test_children_never_take_packages_from_the_working_directory() -> None:
    assert "-P" in wasl_command(["http"])


async def test_what_ends_is_started_again_and_named(tmp_path: Path) -> None:
    told: list[str] = []
    child = Child(part(tmp_path / "log", "keys", "generate"), told.append)
    child.start()
    child.trust()
    await within(lambda: len(told) >= 2)
    await stop_children([child], grace=10, hurry=asyncio.Event())
    assert told[0] == "part ended (exit code 0): starting it again in 0.1 s"
    assert len((tmp_path / "log").read_text().splitlines()) >= 2


async def test_a_wrong_set_up_is_not_tried_again_before_it_ever_worked(tmp_path: Path) -> None:
    told: list[str] = []
    child = Child(part(tmp_path / "log", "no-such-command"), told.append)
    child.start()
    await within(lambda: child.refused is not None)
    await child.ended()
    assert child.refused == "No such command 'no-such-command' (see wasl --help)"
    assert told == []


async def test_what_was_never_started_stops_at_once(tmp_path: Path) -> None:
    child = Child(part(tmp_path / "log"), lambda _: None)
    await stop_children([child], grace=10, hurry=asyncio.Event())
    assert child.pid is None


def test_large_logs_are_put_aside_at_a_start(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "log"
    rotate(log)
    log.write_bytes(b"x" * LOG_LIMIT_BYTES)
    rotate(log)
    assert log.exists()
    log.write_bytes(b"x" * (LOG_LIMIT_BYTES + 1))
    rotate(log)
    assert not log.exists()
    assert log.with_name("log.1").stat().st_size == LOG_LIMIT_BYTES + 1


async def within(condition) -> None:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < DEADLINE
        await asyncio.sleep(0.01)
