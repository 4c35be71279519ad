"""An EventFilter as SQL: only what is set becomes a condition, so that the indexes serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.postgres.moves import DEAD
from core.ids import EventId
from core.ports.ledger_reading import EventFilter

_CONDITIONS: Final = (
    ("store_id", "e.store_id = {}"),
    ("topic", "e.topic = {}"),
    ("state", "e.state = {}"),
    ("origin", "e.origin = {}"),
    ("since", "e.received_at >= {}"),
    ("until", "e.received_at < {}"),
    ("entity_id", "e.entity_id = {}"),
)


class Conditions:
    """Conditions with their arguments, numbered in the order they were added."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self.arguments: list[object] = []

    @classmethod
    def of(cls, wanted: EventFilter, ids: Sequence[EventId] = ()) -> Conditions:
        """Every field that is set must match; so must the ids, if there are any."""
        conditions = cls()
        for name, template in _CONDITIONS:
            if (value := getattr(wanted, name)) is not None:
                conditions.add(template, value)
        if wanted.fingerprint is not None or wanted.handler is not None:
            conditions._require_letter(wanted)
        if ids:
            conditions.add("e.event_id = ANY ({})", ids)
        return conditions

    def _require_letter(self, wanted: EventFilter) -> None:
        """A dead letter with this fingerprint and of this handler."""
        of_run = ["f.event_id = e.event_id", f"f.state IN {DEAD}"]
        of_event = [f"e.state IN {DEAD}", "e.dead_runs = 0"]
        if wanted.fingerprint is not None:
            number = self.number(wanted.fingerprint)
            of_run.append(f"{same_mark('f.fingerprint', wanted.fingerprint)} = {number}")
            of_event.append(f"{same_mark('e.fingerprint', wanted.fingerprint)} = {number}")
        if wanted.handler is not None:
            number = self.number(wanted.handler)
            of_run.append(f"f.handler = {number}")
            of_event.append(f"{number} = ''")
        found = f"SELECT FROM runs f WHERE {' AND '.join(of_run)} OFFSET 0"
        self.require(f"(EXISTS ({found}) OR ({' AND '.join(of_event)}))")

    def add(self, template: str, value: object) -> None:
        """`template` has one `{}` for the value's number."""
        self._conditions.append(template.format(self.number(value)))

    def require(self, condition: str) -> None:
        """A condition whose values are numbered already."""
        self._conditions.append(condition)

    def number(self, value: object) -> str:
        """The value as one more argument: how the SQL calls it."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    @property
    def sql(self) -> str:
        return " AND ".join(self._conditions) or "true"


def same_mark(column: str, mark: str) -> str:
    """What of the column a fingerprint is compared with: one that names no version means all of them."""
    return column if "@" in mark else f"split_part({column}, '@', 1)"
