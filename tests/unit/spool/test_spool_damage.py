"""Whatever happens to a spool file, what stood before the damage comes out, and nothing that never went in."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from adapters.files.frames import HEADER_BYTES, framed, frames, read_header
from adapters.files.spool_file import DAMAGED, SpoolFile, waiting_in
from core.ports.sealing import WrappedKey
from tests.servers import memory_disk

KEY = WrappedKey("first", b"a wrapped data key")
payloads = st.lists(st.binary(min_size=0, max_size=40), min_size=1, max_size=12)


@contextmanager
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="wasl-spool-", dir=memory_disk()))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def written(path: Path, records: list[bytes], forgotten: int = 0) -> Path:
    """The file of a process that is gone, with so many deliveries replayed."""
    file = SpoolFile.create(path, KEY)
    file.append(records)
    if forgotten:
        last = file.oldest(limit=forgotten, max_bytes=10**9)[-1]
        file.forget_up_to(last.number, last.end)
    file.close()
    return file.path


def adopted(path: Path) -> list[bytes]:
    file = SpoolFile.adopt(path)
    if file is None:
        return []
    found = [one.sealed for one in file.oldest(limit=1000, max_bytes=10**9)]
    assert file.waiting == len(found) == waiting_in(path)
    file.close()
    return found


def ends(content: bytes) -> list[int]:
    """Where each frame ends, the key's first."""
    read = lambda length, at: content[at : at + length]  # noqa: E731
    return [frame.end for frame in frames(read, HEADER_BYTES, len(content))]


@given(payloads, st.data())
def test_a_file_cut_anywhere_gives_all_that_is_whole(records: list[bytes], data: st.DataObject) -> None:
    with folder() as path:
        file = written(path, records)
        whole = ends(file.read_bytes())
        length = data.draw(st.integers(0, whole[-1]))
        os.truncate(file, length)
        expected = records[: sum(end <= length for end in whole[1:])]
        assert adopted(file) == expected


@given(payloads, st.binary(min_size=1, max_size=80))
def test_a_torn_write_costs_nothing_that_was_on_the_disk(records: list[bytes], torn: bytes) -> None:
    """The tail may be anything: part of a frame, zeros of a file that was only made longer."""
    with folder() as path:
        file = written(path, records)
        whole = file.read_bytes()
        for tail in (torn, bytes(len(torn)), framed(torn)[:-1]):
            file.write_bytes(whole + tail)
            assert adopted(file) == records
            assert file.read_bytes() == whole


@given(payloads, st.data())
def test_changed_bytes_cost_what_stands_behind_them_at_most(records: list[bytes], data: st.DataObject) -> None:
    with folder() as path:
        file = written(path, records)
        content = bytearray(file.read_bytes())
        whole = ends(bytes(content))
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        file.write_bytes(content)
        found = adopted(file)
        before = len(records) if place < HEADER_BYTES else sum(end <= place for end in whole[1:])
        if place < HEADER_BYTES or place >= whole[0]:
            assert found == records[:before]
        else:
            assert found == []
            assert [kept.suffix for kept in path.iterdir()] == [DAMAGED]


@given(payloads, st.data())
def test_a_damaged_header_brings_replayed_ones_back_and_loses_none(records: list[bytes], data: st.DataObject) -> None:
    with folder() as path:
        forgotten = data.draw(st.integers(1, len(records)))
        file = written(path, records, forgotten)
        assert adopted(file) == records[forgotten:]
        content = bytearray(file.read_bytes())
        content[data.draw(st.integers(0, HEADER_BYTES - 1))] ^= 0xFF
        file.write_bytes(content)
        assert adopted(file) == records


def test_a_file_is_held_by_one_and_a_removed_one_by_nobody(tmp_path: Path) -> None:
    first = SpoolFile.create(tmp_path, KEY)
    first.append([b"one"])
    assert SpoolFile.adopt(first.path) is None
    first.close()
    second = SpoolFile.adopt(first.path)
    assert second is not None
    assert second.key == KEY
    second.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_file_whose_owner_died_while_making_it_is_removed(tmp_path: Path) -> None:
    for length in (0, 5, HEADER_BYTES):
        path = tmp_path / f"{length}.spool"
        path.write_bytes(bytes(length))
        assert SpoolFile.adopt(path) is None
    assert list(tmp_path.iterdir()) == []


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = SpoolFile.create(tmp_path, KEY)
    assert file.path.stat().st_mode & 0o777 == 0o600
    header = read_header(file.path.read_bytes())
    assert header is not None
    assert header.waiting == 0
    file.remove()
