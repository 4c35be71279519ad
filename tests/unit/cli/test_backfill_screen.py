"""How a backfill's progress reads, on a terminal and through a pipe."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from core.domain.backfill import BackfillState, BackfillStatus
from core.ids import EntityKind, InstallId, StoreId
from entrypoints.cli.backfill_screen import Lines, screen_on, span, words_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def status(
    state: BackfillState,
    read: int = 0,
    total: int | None = None,
    reason: str | None = None,
    kind: EntityKind = EntityKind.ORDER,
) -> BackfillStatus:
    progressed_at = NOON + timedelta(minutes=2) if read else None
    return BackfillStatus(
        *(StoreId(1), InstallId(1), kind, state, read, total, 1, reason),
        *(NOON, NOON, progressed_at, None, None),
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (status(BackfillState.QUEUED), "queued"),
        (status(BackfillState.QUEUED, 500, 2000), "500/2000 (25.0 %), 250 a minute, 6 min left"),
        (status(BackfillState.RUNNING, 500, 2000), "500/2000 (25.0 %), 250 a minute, 6 min left"),
        (status(BackfillState.RUNNING, 500), "500, 250 a minute"),
        (status(BackfillState.RUNNING), "0"),
        (status(BackfillState.WAITING, 500, 2000, "Zid is away"), "waiting at 500: Zid is away"),
        (status(BackfillState.FAILED, 0, None, "Zid answered 422"), "failed at 0: Zid answered 422"),
        (status(BackfillState.DONE, 2000, 2000), "done, 2000 read"),
    ],
)
def test_a_status_in_words(found: BackfillStatus, words: str) -> None:
    assert words_of(found) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (61, "2 min"), (3600, "60 min"), (3601, "2 h")]
)
def test_a_span_is_rounded_up_in_its_largest_unit(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_a_pipe_gets_a_line_per_change_and_not_per_look() -> None:
    stream = StringIO()
    with screen_on(stream) as screen:
        for read in (0, 100, 200):
            screen.show([status(BackfillState.RUNNING, read, 250)])
        screen.show([status(BackfillState.DONE, 250, 250)])
        screen.say("nobody reads it yet")
    assert stream.getvalue().splitlines() == ["order: 0/250 (0.0 %)", "order: done, 250 read", "nobody reads it yet"]


def test_now_and_then_what_is_being_read_gets_a_line_too() -> None:
    stream = StringIO()
    lines = Lines(stream, every=0)
    customers = status(BackfillState.DONE, 5, 5, kind=EntityKind.CUSTOMER)
    for read in (100, 200):
        lines.show([customers, status(BackfillState.RUNNING, read, 250)])
    assert [line.split(",")[0] for line in stream.getvalue().splitlines()] == [
        "customer: done",
        "order: 100/250 (40.0 %)",
        "order: 200/250 (80.0 %)",
    ]


def test_a_terminal_gets_bars_that_go_when_all_is_read() -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with screen_on(stream) as screen:
        screen.show([status(BackfillState.RUNNING, 100, 250), status(BackfillState.QUEUED, kind=EntityKind.CART)])
        screen.show([status(BackfillState.DONE, 250, 250), status(BackfillState.RUNNING, kind=EntityKind.CART)])
        screen.say("nobody reads it yet")
    shown = stream.getvalue()
    assert "order" in shown
    assert "cart" in shown
    assert "nobody reads it yet" in shown
    assert shown.endswith(("\x1b[2K", "\x1b[?25h", "\r"))
