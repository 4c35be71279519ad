"""An EventFilter as SQL: only what is set becomes a condition, so that the indexes serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.ids import EventId
from core.ports.ledger_reading import EventFilter

_CONDITIONS: Final = (
    ("store_id", "e.store_id = {}"),
    ("topic", "e.topic = {}"),
    ("state", "e.state = {}"),
    ("origin", "e.origin = {}"),
    ("since", "e.received_at >= {}"),
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
        if ids:
            conditions.add("e.event_id = ANY ({})", ids)
        return conditions

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
