"""What every keeper of gap notes promises."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.files.gap_notes import FileGapNotes
from adapters.memory.gap_notes import MemoryGapNotes, MemoryNotesPlace
from core.domain.gaps import Gap
from core.errors import Unavailable
from core.ids import InstallId, StoreId
from core.ports.gap_notes import GapNotes

AT = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)


def gap(topic: str | None = "order.create") -> Gap:
    return Gap(StoreId(1), InstallId(2**62 + 1), topic, AT, AT + timedelta(minutes=5), "spool full: ممتلئ")


@pytest.fixture(params=["memory", "file"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], GapNotes]:
    place: MemoryNotesPlace = {}
    if request.param == "memory":
        return lambda: MemoryGapNotes(place)
    return lambda: FileGapNotes(tmp_path / "spool")


async def test_notes_of_a_process_that_ended_are_taken_over_as_written(start: Callable[[], GapNotes]) -> None:
    first, second = start(), start()
    await first.write([gap("cart.create")])
    await first.write([gap(), gap(None)])
    assert list(await second.take_over()) == []
    await first.aclose()
    await first.aclose()
    assert list(await second.take_over()) == [gap(), gap(None)]


async def test_what_was_taken_over_stays_until_it_is_written_anew(start: Callable[[], GapNotes]) -> None:
    first, second = start(), start()
    await first.write([gap()])
    await first.aclose()
    assert list(await second.take_over()) == [gap()]
    await second.aclose()
    third = start()
    assert list(await third.take_over()) == [gap()]
    assert list(await third.take_over()) == []
    await third.write([gap(), gap("product.update")])
    await third.aclose()
    fourth = start()
    assert sorted(one.topic or "" for one in await fourth.take_over()) == ["order.create", "product.update"]
    await fourth.write([])
    await fourth.aclose()
    assert list(await start().take_over()) == []


async def test_writing_nothing_leaves_nothing(start: Callable[[], GapNotes]) -> None:
    notes = start()
    await notes.write([])
    await notes.write([gap()])
    await notes.write([])
    await notes.aclose()
    assert list(await start().take_over()) == []


async def test_damaged_notes_are_told_and_passed_by(tmp_path: Path) -> None:
    (tmp_path / "1-gone.gaps").write_bytes(b'[{"store_id": 1')
    notes = FileGapNotes(tmp_path)
    assert list(await notes.take_over()) == []
    await notes.write([gap()])
    assert [path.suffix for path in tmp_path.iterdir()] == [".gaps"]
    await notes.aclose()


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(Unavailable, match="spool"):
        await FileGapNotes(tmp_path / "taken").write([gap()])
