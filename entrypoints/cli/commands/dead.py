"""`wasl dead`."""

from __future__ import annotations

from typing import Annotated

import typer

from config.container import Adapters
from core.domain.audit import AuditEntry
from core.domain.event_states import EventState
from core.ids import EventId, StoreId
from core.ports.ledger_reading import EventFilter
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.event_listing import list_events
from entrypoints.cli.event_rows import EVENT_COLUMNS, event_record
from entrypoints.cli.filters import ACTOR, DryRun, Limit, SinceOption, StoreOption, TopicOption, read_event_id, wanted
from entrypoints.cli.group import commands
from entrypoints.cli.opened import publish, with_adapters
from entrypoints.cli.output import Row, show_json, show_record, show_rows
from entrypoints.failures import CommandFailed

app = commands("Dead events: given up, waiting for a person's decision.")
EventNumbers = Annotated[list[str] | None, typer.Argument(metavar="[ID]...")]
All = Annotated[bool, typer.Option("--all", help="Every dead event; needed where nothing else is chosen.")]


@app.command("list", epilog="Example: wasl dead list --store 1001 --since 7d --json")
def list_(
    store: StoreOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    limit: Limit = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Dead events with their reasons, newest first."""
    chosen = wanted(store, topic, since, EventState.DEAD)
    rows = with_adapters(data_dir, lambda adapters: list_events(adapters.reader(), chosen, limit))
    show_rows(rows, EVENT_COLUMNS, as_json=as_json, empty="no event is dead")


@app.command(epilog="Example: wasl dead show 0199c0de-0000-7000-8000-000000000001")
def show(
    event_id: Annotated[str, typer.Argument(metavar="ID")],
    body: Annotated[bool, typer.Option("--body", help="Zid's JSON too; it holds personal data.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """One dead event with its handlers' runs and reasons."""
    wanted_id = read_event_id(event_id)

    async def work(adapters: Adapters) -> Row:
        detail = await adapters.reader().event(wanted_id)
        if detail is None or detail.summary.state is not EventState.DEAD:
            raise CommandFailed(f"there is no dead event {event_id}")
        return event_record(detail, with_body=body)

    show_record(with_adapters(data_dir, work), as_json=as_json)


@app.command(epilog="Example: wasl dead redrive --topic order.create --dry-run")
def redrive(
    ids: EventNumbers = None,
    store: StoreOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    everything: All = False,
    dry_run: DryRun = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Queue dead events again with fresh attempts: those named, or all that match."""
    chosen = wanted(store, topic, since, EventState.DEAD)
    event_ids = _chosen_ids(ids, chosen, everything=everything)

    async def work(adapters: Adapters) -> Row:
        matched = await _count(adapters, chosen, event_ids)
        if dry_run:
            return {"matched": matched, "queued": 0}
        entry = _entry("events.redriven", store, topic, since, event_ids)
        queued = await adapters.desk().redrive(chosen, event_ids, audit=entry)
        await publish(adapters, queued)
        return {"matched": matched, "queued": len(queued)}

    _tell(with_adapters(data_dir, work), dry_run=dry_run, as_json=as_json)


@app.command(epilog="Example: wasl dead discard --store 1001 --reason 'test data' --dry-run")
def discard(
    reason: Annotated[str, typer.Option(help="Why; kept with the events.")],
    ids: EventNumbers = None,
    store: StoreOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    everything: All = False,
    dry_run: DryRun = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Cancel dead events for good: those named, or all that match."""
    chosen = wanted(store, topic, since, EventState.DEAD)
    event_ids = _chosen_ids(ids, chosen, everything=everything)

    async def work(adapters: Adapters) -> Row:
        matched = await _count(adapters, chosen, event_ids)
        if dry_run:
            return {"matched": matched, "discarded": 0}
        entry = _entry("events.discarded", store, topic, since, event_ids)
        discarded = await adapters.desk().discard(chosen, event_ids, reason=reason, audit=entry)
        return {"matched": matched, "discarded": discarded}

    _tell(with_adapters(data_dir, work), dry_run=dry_run, as_json=as_json)


def _chosen_ids(ids: list[str] | None, chosen: EventFilter, *, everything: bool) -> list[EventId]:
    """The named ids. Exactly one way of choosing, so that no event is taken by an omission."""
    filtered = chosen != EventFilter(state=EventState.DEAD)
    if [bool(ids), filtered, everything].count(True) != 1:
        raise typer.BadParameter("choose by ids, or by --store, --topic and --since, or take --all")
    return [read_event_id(text) for text in dict.fromkeys(ids or ())]


async def _count(adapters: Adapters, chosen: EventFilter, ids: list[EventId]) -> int:
    """How many dead events the choice means now."""
    if not ids:
        return await adapters.desk().count(chosen)
    details = [await adapters.reader().event(event_id) for event_id in ids]
    return sum(1 for detail in details if detail and detail.summary.state is EventState.DEAD)


def _entry(action: str, store: int | None, topic: str | None, since: str | None, ids: list[EventId]) -> AuditEntry:
    details: dict[str, str | int | bool | None] = {"topic": topic, "since": since, "named": len(ids)}
    return AuditEntry(action, StoreId(store) if store is not None else None, actor=ACTOR, details=details)


def _tell(counts: Row, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        show_json({**counts, "dry_run": dry_run})
    elif dry_run:
        typer.echo(f"{counts['matched']} dead events match; nothing was changed")
    elif "discarded" in counts:
        typer.echo(f"{counts['discarded']} of {counts['matched']} dead events discarded")
    else:
        typer.echo(f"{counts['matched']} dead events match; {counts['queued']} pieces of work queued again")
        if counts["queued"] == 0 and counts["matched"]:
            typer.echo("none can be handled: nobody can read them, or their install is over", err=True)
