"""The erasures' file: durable, private, whole lines whatever happened to the writer."""

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.files.erasure_file import ErasureFile
from core.domain.erasures import ErasureKind, ErasureLine
from core.domain.people import Person
from core.errors import Unavailable
from core.ids import StoreId

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STORE = ErasureLine(NOON, ErasureKind.STORE, StoreId(1001))
LAYLA = ErasureLine(
    NOON + timedelta(hours=1),
    ErasureKind.CUSTOMER,
    StoreId(1001),
    Person.asked_for(customer_id="77", email="layla@example.sa", phone="0500000077"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept apart" / "erasures.jsonl"


async def test_what_was_appended_is_read_again(path: Path) -> None:
    log = ErasureFile(path)
    await log.append(STORE)
    await log.append(LAYLA)
    assert list(await ErasureFile(path).since(NOON)) == [STORE, LAYLA]
    assert list(await ErasureFile(path).since(NOON + timedelta(seconds=1))) == [LAYLA]


async def test_only_its_owner_may_read_it(path: Path) -> None:
    await ErasureFile(path).append(LAYLA)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_without_a_file_nothing_was_erased(path: Path) -> None:
    assert list(await ErasureFile(path).since(NOON)) == []


async def test_a_torn_line_is_left_out_and_the_next_one_stands_alone(path: Path) -> None:
    log = ErasureFile(path)
    await log.append(STORE)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:25])
    assert list(await log.since(NOON)) == [STORE]
    await log.append(LAYLA)
    assert list(await log.since(NOON)) == [STORE, LAYLA]


async def test_many_writers_tear_no_line(path: Path) -> None:
    await asyncio.gather(*(ErasureFile(path).append(LAYLA) for _ in range(30)))
    assert len(await ErasureFile(path).since(NOON)) == 30


async def test_a_file_that_cannot_be_written_stops_the_erasure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="erasure file"):
        await ErasureFile(tmp_path / "file" / "erasures.jsonl").append(STORE)
