"""Which dead letters a command means: by ids, by a filter, or all; and what was made of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from core.domain.audit import AuditEntry
from core.domain.event_states import EventState
from core.features.dead_letters import Decided
from core.ids import EventId
from core.ports.ledger_reading import EventFilter
from core.ports.redrives import Order
from entrypoints.cli.completion import handlers
from entrypoints.cli.filters import ACTOR, read_event_id
from entrypoints.cli.opened import publish

if TYPE_CHECKING:
    from config.container import Adapters

EventNumbers = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Events by their ids.")]
All = Annotated[bool, typer.Option("--all", help="Every dead event; needed where nothing else is chosen.")]
FingerprintOption = Annotated[
    str | None,
    typer.Option(
        "--fingerprint",
        metavar="FINGERPRINT",
        help="Only this group of `wasl dead list`; without @VERSION it means all versions.",
    ),
]
HandlerOption = Annotated[
    str | None,
    typer.Option("--handler", metavar="HANDLER", help="Only letters of this handler.", autocompletion=handlers),
]
_UNITS = {"s": 1, "m": 60, "h": 3600}


def chosen_ids(ids: list[str] | None, wanted: EventFilter, *, everything: bool) -> list[EventId]:
    """The named ids. Exactly one way of choosing, so that no event is taken by an omission."""
    filtered = wanted != EventFilter(state=EventState.DEAD)
    if [bool(ids), filtered, everything].count(True) != 1:
        raise typer.BadParameter("choose by ids, or by --store, --topic, --fingerprint and the like, or take --all")
    return [read_event_id(text) for text in dict.fromkeys(ids or ())]


def with_letters(wanted: EventFilter, fingerprint: str | None, handler: str | None) -> EventFilter:
    return replace(wanted, fingerprint=fingerprint, handler=handler)


def read_span(text: str, hint: str) -> timedelta:
    """`90s`, `10m`, `2h`, or `0`."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in _UNITS else (text, "s")
    if not number.isascii() or not number.isdecimal() or len(number) > 5:
        raise typer.BadParameter(f"{text!r}: write 90s, 10m or 2h", param_hint=hint)
    return timedelta(seconds=int(number) * _UNITS[unit])


async def decide(adapters: Adapters, order: Order, action: str, *, dry_run: bool) -> Decided:
    """Carries the order out, or opens a job for it; work that is free now is published."""
    audit = AuditEntry(action, order.wanted.store_id, actor=ACTOR)
    decided = await adapters.decide_dead_letters().decide(order, audit=audit, dry_run=dry_run)
    await publish(adapters, decided.work)
    return decided
