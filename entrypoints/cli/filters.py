"""Options that choose events, and how they are read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import typer

from core.domain.event_states import EventState, Origin
from core.ids import EventId, StoreId
from core.ports.ledger_reading import EventFilter
from entrypoints.cli.completion import spans, topics

StoreOption = Annotated[
    int | None, typer.Option("--store", metavar="STORE_ID", min=1, help="Only this store's; its number at Zid.")
]
TopicOption = Annotated[
    str | None,
    typer.Option("--topic", metavar="TOPIC", help="Only this topic, such as order.create.", autocompletion=topics),
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="SPAN|TIME",
        help="Received since: 90s, 15m, 12h or 7d before now, or 2026-01-31T12:00Z (without a zone: UTC).",
        autocompletion=spans,
    ),
]
Limit = Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="At most so many.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count and tell, change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for the confirmation; for scripts.")]
ACTOR: Final = "cli"
_SPAN: Final = re.compile(r"(?P<number>\d{1,6})(?P<unit>[smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def read_span(text: str) -> timedelta | None:
    """15m, 12h, 7d; None for what is no span."""
    found = _SPAN.fullmatch(text)
    return timedelta(**{_UNITS[found["unit"]]: int(found["number"])}) if found else None


def read_since(text: str | None, now: datetime | None = None, *, hint: str = "--since") -> datetime | None:
    """A span before now, or a time; a time without a zone is UTC. `hint` is the option to complain about."""
    if text is None:
        return None
    if (span := read_span(text)) is not None:
        return (now or datetime.now(UTC)) - span
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}: write 15m, 12h, 7d or 2026-01-31T12:00Z", param_hint=hint) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def wanted(
    store: int | None = None,
    topic: str | None = None,
    since: str | None = None,
    state: EventState | None = None,
    origin: Origin | None = None,
    entity: str | None = None,
) -> EventFilter:
    """The filter that the options describe."""
    return EventFilter(
        store_id=StoreId(store) if store is not None else None,
        topic=topic,
        state=state,
        origin=origin,
        since=read_since(since),
        entity_id=entity,
    )


def read_event_id(text: str) -> EventId:
    try:
        return EventId(UUID(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no event id; `wasl events list` shows them", param_hint="ID") from None
