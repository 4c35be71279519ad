"""What the file spool does besides what every spool promises: failing disks, missing keys, one fsync for many."""

import asyncio
import errno
import os
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from adapters.files.file_spool import FileSpool
from adapters.files.spool_file import SpoolFile
from adapters.sealing.fernet import FernetSealer
from core.domain.secret import Secret
from core.errors import Unavailable
from core.ports.sealing import WrappedKey
from tests.contract.spool_worlds import RING, SpoolWorld, everything, file_world


@pytest.fixture
def world(tmp_path: Path) -> SpoolWorld:
    return file_world(tmp_path / "spool")


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "spool").glob("*"))


async def test_nothing_readable_is_on_the_disk(world: SpoolWorld, tmp_path: Path) -> None:
    spool = world.start()
    given = world.delivery(b'{"id": 1, "mobile": "0501234567"}')
    await spool.keep(given)
    [file] = files(tmp_path)
    content = file.read_bytes()
    for word in (b"mobile", b"0501234567", b"order.create", given.event_id.bytes, b"1001"):
        assert word not in content
    await spool.aclose()


async def test_many_share_one_write(world: SpoolWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = world.start()
    await spool.keep(world.delivery())
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(descriptor), real(descriptor)))
    await asyncio.gather(*(spool.keep(world.delivery()) for _ in range(200)))
    assert 1 <= len(synced) <= 3
    await spool.aclose()


async def test_the_file_goes_when_its_last_delivery_is_replayed(world: SpoolWorld, tmp_path: Path) -> None:
    spool = world.start()
    for _ in range(3):
        await spool.keep(world.delivery())
    assert len(files(tmp_path)) == 1
    assert len(await everything(spool)) == 3
    assert files(tmp_path) == []
    await spool.aclose()


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
async def test_a_disk_that_fails_refuses_and_keeps_what_it_has(
    world: SpoolWorld, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    spool = world.start()
    before = world.delivery()
    await spool.keep(before)
    with monkeypatch.context() as broken:
        broken.setattr(SpoolFile, "append", failing_append(call))
        with pytest.raises(Unavailable, match="No space left"):
            await spool.keep(world.delivery())
    after = world.delivery()
    await spool.keep(after)
    assert await everything(spool) == [before, after]
    await spool.aclose()


def failing_append(call: str):
    """`append` on a disk that is full, at its first write or only at the fsync."""
    real_append, real = SpoolFile.append, getattr(os, call)

    def append(file: SpoolFile, sealed: list[bytes]) -> None:
        calls = []

        def fail_once(*arguments: object) -> object:
            calls.append(call)
            if len(calls) == 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments)

        setattr(os, call, fail_once)
        try:
            real_append(file, sealed)
        finally:
            setattr(os, call, real)

    return append


async def test_a_folder_that_cannot_be_made_refuses(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    spool = FileSpool(tmp_path / "taken" / "spool", lambda: FernetSealer(RING), max_bytes=10**6)
    world = file_world(tmp_path)
    with pytest.raises(Unavailable, match="spool"):
        await spool.keep(world.delivery())
    assert await spool.depth() == 0
    await spool.aclose()


async def test_a_file_sealed_by_a_key_that_is_gone_waits_for_it(world: SpoolWorld, tmp_path: Path) -> None:
    first = world.start()
    given = world.delivery()
    await first.keep(given)
    await first.aclose()
    another_ring = FernetSealer((Secret(Fernet.generate_key().decode()),))
    other = FileSpool(tmp_path / "spool", lambda: another_ring, max_bytes=10**6)
    assert await other.adopt() == 1
    assert list(await other.oldest(limit=10)) == []
    own = world.delivery()
    await other.keep(own)
    assert await everything(other) == [own]
    assert await other.depth() == 1
    await other.aclose()
    back = world.start()
    await back.adopt()
    assert await everything(back) == [given]
    await back.aclose()


async def test_a_delivery_that_does_not_open_is_passed_by(world: SpoolWorld, tmp_path: Path) -> None:
    spool = world.start()
    given = [world.delivery(), world.delivery()]
    for one in given:
        await spool.keep(one)
    await spool.aclose()
    [path] = files(tmp_path)
    file = SpoolFile.adopt(path)
    assert file is not None
    file.append([b"of another key", b"and another"])
    file.close()
    again = world.start()
    assert await again.adopt() == 4
    assert await everything(again, 2) == given
    assert files(tmp_path) == []
    await again.aclose()


async def test_a_living_processs_file_is_not_adopted(world: SpoolWorld) -> None:
    first, second = world.start(), world.start()
    await first.keep(world.delivery())
    assert await second.adopt() == 0
    assert list(await second.oldest(limit=10)) == []
    await first.aclose()
    assert await second.adopt() == 1
    await second.aclose()


async def test_what_is_handed_in_is_finished_before_it_closes(world: SpoolWorld) -> None:
    spool = world.start()
    given = [world.delivery() for _ in range(20)]
    keeping = [asyncio.create_task(spool.keep(one)) for one in given]
    await asyncio.sleep(0)
    await spool.aclose()
    await asyncio.gather(*keeping)
    again = world.start()
    await again.adopt()
    assert await everything(again) == given
    await again.aclose()


def test_a_key_of_any_bytes_is_read_back(tmp_path: Path) -> None:
    key = WrappedKey("id", bytes(range(256)))
    file = SpoolFile.create(tmp_path, key)
    file.close()
    adopted = SpoolFile.adopt(file.path)
    assert adopted is not None
    assert adopted.key == key
    adopted.close()
