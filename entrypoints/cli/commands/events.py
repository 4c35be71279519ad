"""`wasl events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from core.domain.audit import AuditEntry
from core.domain.event_states import EventState, Origin
from core.domain.events import WorkItem
from core.ids import StoreId
from core.ports.ledger_reading import EventDetail
from core.ports.rejections import RejectionFilter
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.event_listing import list_events
from entrypoints.cli.event_rows import EVENT_COLUMNS
from entrypoints.cli.event_telling import show_event
from entrypoints.cli.filters import (
    ACTOR,
    Limit,
    SinceOption,
    StoreOption,
    TopicOption,
    read_event_id,
    read_since,
    wanted,
)
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import publish, with_adapters
from entrypoints.cli.output import Row, show_record, show_rows
from entrypoints.cli.rejection_rows import REJECTION_COLUMNS, rejection_row
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from config.container import Adapters

app = commands("Events: what came in and what became of it.")
EventNumber = Annotated[str, typer.Argument(metavar="ID", help="The event's, as `wasl events list` shows it.")]


@app.command(
    "list",
    epilog=manual(
        "wasl events list --store 1001 --topic order.create --since 1h",
        "wasl events list --state waiting --json",
        see=["wasl events show", "wasl dead list"],
    ),
)
def list_(
    store: StoreOption = None,
    topic: TopicOption = None,
    state: Annotated[EventState | None, typer.Option(help="Only events in this state.")] = None,
    origin: Annotated[Origin | None, typer.Option(help="Only events that came from there.")] = None,
    entity: Annotated[str | None, typer.Option(metavar="ID", help="Only events about the entity with this id.")] = None,
    since: SinceOption = None,
    limit: Limit = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Events, newest first."""
    chosen = wanted(store, topic, since, state, origin, entity)
    rows = with_adapters(data_dir, lambda adapters: list_events(adapters.reader(), chosen, limit))
    show_rows(rows, EVENT_COLUMNS, as_json=as_json, empty="no event matches")


@app.command(epilog=manual("wasl events rejected --reason wrong_credentials --since 1d", see=["docs/faults.md"]))
def rejected(
    store: StoreOption = None,
    reason: Annotated[
        str | None, typer.Option(metavar="REASON", help="Only those turned away for this, such as not_ours.")
    ] = None,
    since: SinceOption = None,
    limit: Limit = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Webhook requests that were not taken in, latest first: forged, or answered 429."""
    chosen = RejectionFilter(StoreId(store) if store is not None else None, reason, read_since(since))

    async def work(adapters: Adapters) -> list[Row]:
        return [rejection_row(one) for one in await adapters.rejections().latest(chosen, limit=limit)]

    rows = with_adapters(data_dir, work)
    show_rows(rows, REJECTION_COLUMNS, as_json=as_json, empty="no request was turned away")


@app.command(
    epilog=manual(
        "wasl events show 0199c0de-0000-7000-8000-000000000001",
        "wasl events show 0199c0de-0000-7000-8000-000000000001 --body --json",
        see=["wasl events replay"],
    )
)
def show(
    event_id: EventNumber,
    body: Annotated[bool, typer.Option("--body", help="Zid's JSON too; it holds personal data.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """One event with its handlers' runs and every attempt at them."""
    wanted_id = read_event_id(event_id)

    async def work(adapters: Adapters) -> EventDetail | None:
        return await adapters.reader().event(wanted_id)

    detail = with_adapters(data_dir, work)
    if detail is None:
        raise CommandFailed(f"there is no event {event_id}")
    show_event(detail, with_body=body, as_json=as_json)


@app.command(epilog=manual("wasl events replay 0199c0de-0000-7000-8000-000000000001", see=["wasl dead redrive"]))
def replay(event_id: EventNumber, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Handle an event once more, as a new one with origin replay."""
    wanted_id = read_event_id(event_id)

    async def work(adapters: Adapters) -> WorkItem | None:
        new_id = adapters.ids().event_id()
        entry = AuditEntry("event.replayed", actor=ACTOR, details={"event_id": event_id, "new_event_id": str(new_id)})
        item = await adapters.desk().replay(wanted_id, new_id, audit=entry)
        await publish(adapters, [item] if item else [])
        return item

    item = with_adapters(data_dir, work)
    if item is None:
        raise CommandFailed(f"event {event_id} cannot be replayed: there is no such event, or its body is gone")
    show_record({"id": event_id, "replayed_as": item.id, "store_id": item.store_id}, as_json=as_json)
