"""Whoever starts where a process was killed knows that it is gone, and takes no other for dead."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.memory.database import MemoryDatabase
from adapters.memory.workers import MemoryWorkers
from adapters.process_marks import is_gone, own_mark
from entrypoints.lease import Lease
from tests.killed_process import its_mark

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can tell")

KEYS = ("host", "boot", "pid_space", "time_space", "pid", "started")


def changed(mark: str, **parts: str) -> str:
    return "/".join((dict(zip(KEYS, mark.split("/"), strict=True)) | parts).values())


def test_a_process_that_ended_is_gone() -> None:
    assert is_gone(its_mark())


def test_a_process_that_lives_is_not() -> None:
    assert not is_gone(own_mark())


def test_the_next_process_with_the_number_is_another_one() -> None:
    assert is_gone(changed(own_mark(), started="1"))


def test_of_a_process_that_shows_no_start_nobody_can_tell(tmp_path: Path) -> None:
    for name in ("sys", "self"):
        (tmp_path / name).symlink_to(f"/proc/{name}" if name == "sys" else str(os.getpid()))
    shown = tmp_path / str(os.getpid())
    shown.mkdir()
    (shown / "ns").symlink_to("/proc/self/ns")
    assert own_mark(tmp_path) == ""
    assert not is_gone(changed(own_mark(), started="1"), tmp_path)
    (shown / "stat").symlink_to("/proc/self/stat")
    assert is_gone(changed(own_mark(), started="1"), tmp_path)


@pytest.mark.parametrize("part", ["host", "boot", "pid_space", "time_space"])
def test_nobody_tells_of_another_machine_start_or_container(part: str) -> None:
    assert not is_gone(changed(its_mark(), **{part: "another"}))


@pytest.mark.parametrize("mark", ["", "host:17:0123abcd", "/", "//", "a/b/c/d/e/f"])
def test_marks_of_other_making_tell_nothing(mark: str) -> None:
    assert not is_gone(mark)


def test_where_the_system_tells_nothing_there_is_no_mark(tmp_path: Path) -> None:
    assert own_mark(tmp_path) == ""
    assert not is_gone(its_mark(), tmp_path)


async def test_who_joins_ends_the_leases_of_the_dead_alone() -> None:
    workers = MemoryWorkers(MemoryDatabase())
    killed = await workers.join("consumer", its_mark())
    others = [await workers.join("http", mark) for mark in (own_mark(), changed(its_mark(), host="another"), "")]
    lease = Lease(workers, "consumer")
    with capture_logs() as told:
        await lease.join()
    assert [entry["workers"] for entry in told if entry["event"] == "leases_of_the_dead_ended"] == [[killed]]
    assert not await workers.renew(killed)
    assert list(await workers.processes()) == [*others, lease.worker]
