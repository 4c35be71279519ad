"""The dead letters of the memory database, as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import EventRow, RunRow
from core.domain.dead_letters import Fingerprint, cause_of
from core.domain.event_states import EventState
from core.ports.ledger_reading import EventFilter


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead run, or the dead event itself where `row` is the event."""

    event: EventRow
    row: EventRow | RunRow

    @property
    def run_id(self) -> int:
        """0 is the event itself."""
        return self.row.run_id if isinstance(self.row, RunRow) else 0

    @property
    def handler(self) -> str:
        return self.row.handler if isinstance(self.row, RunRow) else ""

    @property
    def fingerprint(self) -> Fingerprint:
        return Fingerprint(self.row.fingerprint or "")


def letters_of(database: MemoryDatabase, event: EventRow) -> Iterator[Letter]:
    """None of an event that is not dead."""
    if event.state is not EventState.DEAD:
        return
    dead = [run for run in database.runs_of(event.event_id) if run.state is EventState.DEAD]
    if not dead:
        yield Letter(event, event)
    for run in dead:
        yield Letter(event, run)


def letter_matches(letter: Letter, wanted: EventFilter) -> bool:
    """By fingerprint and handler alone."""
    if wanted.handler not in {None, letter.handler}:
        return False
    mark = letter.fingerprint
    return wanted.fingerprint in {None, mark, cause_of(mark)}
