"""Dead letters by cause, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from adapters.memory.database import MemoryDatabase
from adapters.memory.ledger_reading import matching
from adapters.memory.letters import Letter, letter_matches, letters_of
from core.domain.dead_letters import DeadGrowth, Fingerprint, fingerprint
from core.domain.event_states import EventState
from core.ids import EventId
from core.ports.dead_letters import DeadCount, DeadGroup, DeadLetter, DeadLetters
from core.ports.ledger_reading import EventFilter

SOME_STORES = 10
HOUR = timedelta(hours=1)
EVERYTHING = EventFilter()


class MemoryDeadLetters(DeadLetters):
    """Letters are found by walking over all events."""

    def __init__(self, database: MemoryDatabase, version: str = "") -> None:
        self._database = database
        self._version = version

    async def stamp(self, *, limit: int) -> int:
        without = [letter for letter in self._all() if letter.row.fingerprint is None][:limit]
        for letter in without:
            letter.row.fingerprint = fingerprint(letter.handler, letter.row.reason, self._version)
        return len(without)

    def _all(self) -> list[Letter]:
        return [letter for event in self._database.events.values() for letter in letters_of(self._database, event)]

    def chosen(self, wanted: EventFilter, ids: Sequence[EventId] = ()) -> list[Letter]:
        """Stamped, in the order of their arrival."""
        for letter in self._all():
            letter.row.fingerprint = letter.row.fingerprint or fingerprint(
                letter.handler, letter.row.reason, self._version
            )
        events = matching(self._database, replace(wanted, state=EventState.DEAD))
        events = sorted((e for e in events if not ids or e.event_id in ids), key=lambda event: event.seq)
        letters = [letter for event in events for letter in letters_of(self._database, event)]
        return [letter for letter in letters if letter_matches(letter, wanted)]

    async def groups(self, wanted: EventFilter, *, limit: int = 100) -> Sequence[DeadGroup]:
        found: defaultdict[Fingerprint, list[Letter]] = defaultdict(list)
        for letter in self.chosen(wanted):
            found[letter.fingerprint].append(letter)
        groups = [self._group(letters) for letters in found.values()]
        return sorted(groups, key=lambda group: group.last_at, reverse=True)[:limit]

    def _group(self, letters: Sequence[Letter]) -> DeadGroup:
        shown = [told(letter) for letter in letters]
        died = [one.died_at for one in shown]
        stores = sorted({one.store_id for one in shown})
        return DeadGroup(
            fingerprint=shown[-1].fingerprint,
            handler=shown[-1].handler,
            topics=sorted({one.topic for one in shown}),
            count=len(shown),
            stores=len(stores),
            some_stores=stores[:SOME_STORES],
            first_at=min(died),
            last_at=max(died),
            last_hour=sum(at > self._database.now() - HOUR for at in died),
            sample=shown[-1],
        )

    async def count(self, wanted: EventFilter, ids: Sequence[EventId] = ()) -> DeadCount:
        letters = self.chosen(wanted, ids)
        return DeadCount(
            len(letters),
            len({letter.event.event_id for letter in letters}),
            sum(can_be_handled(self._database, letter) for letter in letters),
            sum((letter.event.event_id, letter.run_id) in self._database.marked_letters() for letter in letters),
        )

    async def growth(self) -> DeadGrowth:
        dead = [event for event in self._database.events.values() if event.state is EventState.DEAD]
        since = self._database.now() - HOUR
        return DeadGrowth(len(dead), sum(event.settled_at is not None and event.settled_at > since for event in dead))


def told(letter: Letter) -> DeadLetter:
    died_at = letter.row.settled_at or letter.event.received_at
    event = letter.event
    return DeadLetter(
        event.event_id, letter.handler, letter.fingerprint, letter.row.reason, event.store_id, event.topic, died_at
    )


def can_be_handled(database: MemoryDatabase, letter: Letter) -> bool:
    """Somebody can read it, and its install lives."""
    event = letter.event
    return event.entity is not None and event.body is not None and database.live_install(event.install_id) is not None
