"""`wasl dead`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from core.domain.audit import AuditEntry
from core.domain.event_states import EventState
from core.domain.redrive import STOP_ABOVE_PERCENT, DeskAction, ItemState, Job, JobId
from core.features.dead_letters import Decided
from core.ids import EventId
from core.ports.ledger_reading import EventDetail, EventFilter
from core.ports.redrives import Order
from entrypoints.cli.commands.dead_export import export
from entrypoints.cli.dead_choice import (
    All,
    EventNumbers,
    FingerprintOption,
    HandlerOption,
    chosen_ids,
    decide,
    read_span,
    with_letters,
)
from entrypoints.cli.dead_rows import GROUP_COLUMNS, JOB_COLUMNS, group_row, job_row
from entrypoints.cli.dead_telling import show_job, tell_discard, tell_redrive
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.event_listing import list_events
from entrypoints.cli.event_rows import EVENT_COLUMNS
from entrypoints.cli.event_telling import show_event
from entrypoints.cli.filters import ACTOR, DryRun, Limit, SinceOption, StoreOption, TopicOption, wanted
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_adapters
from entrypoints.cli.output import Row, show_json, show_record, show_rows
from entrypoints.cli.redrive_watch import follow
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from config.container import Adapters

app = commands("Dead events: given up, waiting for a person's decision.")
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not follow a job; `wasl dead jobs` tells how it stands.")]
JobNumber = Annotated[int, typer.Argument(metavar="JOB", min=1, help="As `wasl dead jobs` shows it.")]
EVENTS_OF_A_GROUP = 10


@app.command(
    "list",
    epilog=manual(
        "wasl dead list",
        "wasl dead list --store 1001 --since 7d --json",
        "wasl dead list --flat --topic order.create",
        see=["wasl dead show", "wasl dead redrive", "docs/dead-letters.md"],
    ),
)
def list_(
    store: StoreOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    fingerprint: FingerprintOption = None,
    handler: HandlerOption = None,
    flat: Annotated[bool, typer.Option("--flat", help="Every dead event, newest first, instead of causes.")] = False,
    limit: Limit = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Dead letters by cause: how many, how many within the last hour, whose, and the last one's reason."""
    chosen = with_letters(wanted(store, topic, since, EventState.DEAD), fingerprint, handler)

    async def groups(adapters: Adapters) -> list[Row]:
        return [group_row(group) for group in await adapters.decide_dead_letters().groups(chosen, limit=limit)]

    if flat:
        rows = with_adapters(data_dir, lambda adapters: list_events(adapters.reader(), chosen, limit))
        show_rows(rows, EVENT_COLUMNS, as_json=as_json, empty="no event is dead")
    else:
        show_rows(with_adapters(data_dir, groups), GROUP_COLUMNS, as_json=as_json, empty="no event is dead")


@app.command(
    epilog=manual(
        "wasl dead show 3f0c9a17be@1.4.0",
        "wasl dead show 0199c0de-0000-7000-8000-000000000001 --body",
        see=["wasl dead list", "wasl dead export"],
    )
)
def show(
    which: Annotated[
        str, typer.Argument(metavar="FINGERPRINT|ID", help="A cause as `wasl dead list` shows it, or an event's id.")
    ],
    body: Annotated[bool, typer.Option("--body", help="Of an event: Zid's JSON too; it holds personal data.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """One cause with its newest events, or one dead event with its handlers' runs and reasons."""
    event_id = _event_id(which)

    async def work(adapters: Adapters) -> EventDetail | Row:
        if event_id is None:
            return await _group(adapters, which)
        detail = await adapters.reader().event(event_id)
        if detail is None or detail.summary.state is not EventState.DEAD:
            raise CommandFailed(f"there is no dead event {which}")
        return detail

    found = with_adapters(data_dir, work)
    if isinstance(found, EventDetail):
        show_event(found, with_body=body, as_json=as_json)
    else:
        show_record(found, as_json=as_json)


def _event_id(text: str) -> EventId | None:
    try:
        return EventId(UUID(text))
    except ValueError:
        return None


async def _group(adapters: Adapters, fingerprint: str) -> Row:
    """The newest version's group, with the others' fingerprints."""
    chosen = EventFilter(state=EventState.DEAD, fingerprint=fingerprint)
    groups = await adapters.decide_dead_letters().groups(chosen)
    if not groups:
        raise CommandFailed(f"no dead letter has the fingerprint {fingerprint}; `wasl dead list` shows those that are")
    events = await adapters.reader().events(chosen, limit=EVENTS_OF_A_GROUP)
    others = [group.fingerprint for group in groups[1:]]
    return {**group_row(groups[0]), "other_versions": others, "events": [str(event.event_id) for event in events]}


@app.command(
    epilog=manual(
        "wasl dead redrive --fingerprint 3f0c9a17be@1.4.0 --dry-run",
        "wasl dead redrive --fingerprint 3f0c9a17be@1.4.0 --canary",
        "wasl dead redrive 0199c0de-0000-7000-8000-000000000001",
        exits={1: "failed, or the job stopped a cause that went on failing"},
        see=["wasl dead jobs", "wasl dead undo", "docs/dead-letters.md"],
    )
)
def redrive(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command
    ids: EventNumbers = None,
    store: StoreOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    fingerprint: FingerprintOption = None,
    handler: HandlerOption = None,
    everything: All = False,
    canary: Annotated[bool, typer.Option("--canary", help="Of each cause try 5 letters once, 5 %, then all.")] = False,
    stop_above: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT", min=0, max=100, help="Stop a cause when more of its tries fail. With --canary: 20."
        ),
    ] = None,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Queue dead events again with fresh attempts: those named, or all that match. Many go as a job, bit by bit."""
    chosen = with_letters(wanted(store, topic, since, EventState.DEAD), fingerprint, handler)
    event_ids = chosen_ids(ids, chosen, everything=everything)
    stop = STOP_ABOVE_PERCENT if canary and stop_above is None else stop_above
    order = Order(DeskAction.REDRIVE, chosen, event_ids, canary=canary, stop_above=stop)

    async def work(adapters: Adapters) -> Decided:
        decided = await decide(adapters, order, "events.redriven", dry_run=dry_run)
        return decided if no_wait else await _followed(adapters, decided)

    tell_redrive(with_adapters(data_dir, work), dry_run=dry_run, as_json=as_json)


async def _followed(adapters: Adapters, decided: Decided) -> Decided:
    """With the job at its end, where there is one that has begun."""
    job = decided.job
    if job is None or job.starts_at > job.opened_at:
        return decided
    typer.echo(f"job {job.job_id}: Ctrl-C leaves it at work, `wasl dead undo {job.job_id}` ends it", err=True)
    return Decided(decided.chosen, job=await follow(adapters.redrives(), job))


@app.command(
    epilog=manual(
        "wasl dead discard --store 1001 --reason 'test data' --dry-run",
        "wasl dead discard --fingerprint 3f0c9a17be --reason 'store closed' --undo-for 1h",
        see=["wasl dead undo", "docs/dead-letters.md"],
    )
)
def discard(  # noqa: PLR0913, PLR0917 - each parameter is an option of the command
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the events.")],
    ids: EventNumbers = None,
    store: StoreOption = None,
    topic: TopicOption = None,
    since: SinceOption = None,
    fingerprint: FingerprintOption = None,
    handler: HandlerOption = None,
    everything: All = False,
    undo_for: Annotated[
        str, typer.Option(metavar="SPAN", help="Wait so long, such as 10m, so that it can be undone.")
    ] = "0",
    dry_run: DryRun = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Cancel dead events for good: those named, or all that match. More than 200 wait ten minutes for an undo."""
    chosen = with_letters(wanted(store, topic, since, EventState.DEAD), fingerprint, handler)
    event_ids = chosen_ids(ids, chosen, everything=everything)
    delay = read_span(undo_for, "--undo-for")
    order = Order(DeskAction.DISCARD, chosen, event_ids, reason=reason, starts_in=delay)
    decided = with_adapters(data_dir, lambda adapters: decide(adapters, order, "events.discarded", dry_run=dry_run))
    tell_discard(decided, dry_run=dry_run, as_json=as_json)


@app.command(epilog=manual("wasl dead jobs", "wasl dead jobs 7", see=["wasl dead undo"]))
def jobs(
    job: Annotated[int | None, typer.Argument(metavar="[JOB]", min=1, help="One of them; all, if left out.")] = None,
    limit: Limit = 20,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Redrives and discards of many, newest first; or one of them, cause by cause."""

    async def work(adapters: Adapters) -> list[Job]:
        if job is None:
            return list(await adapters.redrives().jobs(limit=limit))
        found = await adapters.redrives().job(JobId(job))
        return [found] if found else []

    found = with_adapters(data_dir, work)
    if job is None:
        show_rows([job_row(one) for one in found], JOB_COLUMNS, as_json=as_json, empty="there was no job")
        return
    if not found:
        raise CommandFailed(f"there is no job {job}; `wasl dead jobs` shows those that are")
    show_job(found[0], as_json=as_json)


@app.command(epilog=manual("wasl dead undo 7", see=["wasl dead jobs"]))
def undo(job: JobNumber, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """End a job: what it has not yet executed stays exactly as it was."""

    async def work(adapters: Adapters) -> Job | None:
        audit = AuditEntry("dead_letter_job.undone", actor=ACTOR)
        return await adapters.decide_dead_letters().undo(JobId(job), audit=audit)

    found = with_adapters(data_dir, work)
    if found is None:
        raise CommandFailed(f"there is no job {job}; `wasl dead jobs` shows those that are")
    if as_json:
        show_json(job_row(found))
        return
    left, tried = found.count(ItemState.UNDONE), found.total - found.count(ItemState.UNDONE)
    typer.echo(f"{left} dead letters stay as they were; {tried} had been executed")


app.command(
    epilog=manual(
        "wasl dead export 0199c0de-0000-7000-8000-000000000001 --mask",
        "wasl dead export 0199c0de-0000-7000-8000-000000000001 --output - | less",
        see=["wasl dead show", "docs/dead-letters.md"],
    )
)(export)
