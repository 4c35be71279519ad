"""The form that chooses events: what was typed is kept, and what cannot be meant is said at its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from aiohttp import web

from core.domain.event_states import EventState, Origin
from core.ids import StoreId
from core.ports.ledger_reading import EventFilter
from entrypoints.http.console.framing import address
from entrypoints.http.pages.times import STORE_ZONE

EVENTS: Final = "/console/events"
FIELDS: Final = ("store_id", "topic", "state", "origin", "entity_id", "since", "until", "fingerprint")
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_MARK: Final = re.compile(r"[0-9a-f]{10}(@[A-Za-z0-9._+-]{1,40})?", re.ASCII)
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class EventsForm:
    """What was typed, what it means, and by field the text that says how to write it."""

    given: Mapping[str, str]
    wanted: EventFilter = field(default_factory=EventFilter)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not any(self.given.values())

    def address(self, path: str = EVENTS, **more: object) -> str:
        """The same choice at this path."""
        return address(path, **self.given, **more)


def read_form(request: web.Request) -> EventsForm:
    """Fields that are blank choose nothing."""
    given = {name: request.query.get(name, "").strip() for name in FIELDS}
    values: dict[str, object] = {}
    problems: dict[str, str] = {}
    for name, text in given.items():
        try:
            values[name] = _READ[name](text) if text else None
        except ValueError:
            problems[name] = f"events.fix.{name}"
    problems |= dict(_contradictions(values))
    return EventsForm(given, EventFilter() if problems else _filter(values), problems)


def _contradictions(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    since, until = values.get("since"), values.get("until")
    if isinstance(since, datetime) and isinstance(until, datetime) and since >= until:
        yield "until", "events.fix.order"


def _filter(values: Mapping[str, object]) -> EventFilter:
    """By name; each reader gives the type of its field."""
    return EventFilter(**values)  # type: ignore[arg-type] # a mapping of fields by name


def _store(text: str) -> StoreId:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return StoreId(int(text))


def _word(text: str) -> str:
    if len(text) > _LONGEST or "\0" in text:
        raise ValueError(text)
    return text


def _mark(text: str) -> str:
    if not _MARK.fullmatch(text):
        raise ValueError(text)
    return text


def _moment(text: str) -> datetime:
    """As a browser's field writes it, in the stores' zone; or with an offset of its own."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=STORE_ZONE)


_READ: Final[Mapping[str, Callable[[str], object]]] = {
    "store_id": _store,
    "topic": _word,
    "state": EventState,
    "origin": Origin,
    "entity_id": _word,
    "since": _moment,
    "until": _moment,
    "fingerprint": _mark,
}
