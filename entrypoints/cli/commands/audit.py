"""`wasl audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from core.domain.audit import AuditRecord
from core.domain.audit_flaws import Flaw, FlawKind, Mark, read_mark
from core.features.verify_audit import Finding
from core.ids import StoreId
from entrypoints.cli.completion import audit_actions, spans
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import Limit, StoreOption, read_since
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_adapters
from entrypoints.cli.output import Row, show_json, show_rows

if TYPE_CHECKING:
    from config.container import Adapters

app = commands("The audit: who did what to which store, and whether anybody altered it.")
PAGE: Final = 500
COLUMNS: Final = ("audit_id", "at", "actor", "action", "store_id", "epoch", "request_id", "details")
FLAW_COLUMNS: Final = ("flaw", "audit_id", "seal", "means")
MEANS: Final = {
    FlawKind.CHANGED: "this line is not what was sealed",
    FlawKind.REMOVED: "this line was sealed and is gone",
    FlawKind.INSERTED: "this line was put where none was",
    FlawKind.UNSEALED: "from this line on nothing is sealed: no scheduler runs, or seals were cut off",
    FlawKind.SEAL_REMOVED: "the seals before this one are missing",
    FlawKind.SEAL_CHANGED: "this seal does not follow from the one before it",
    FlawKind.SEAL_FORGED: "this seal was not made with the key it names",
    FlawKind.NOT_VOUCHED: "its key is not in TOKEN_KEYS: put it back at the end of the list",
    FlawKind.CUT: "the chain does not hold the head you gave: it was cut off or made anew",
}

ActionOption = Annotated[
    str | None,
    typer.Option(
        "--action", metavar="ACTION", help="Only this action, such as token.refreshed.", autocompletion=audit_actions
    ),
]
ActorOption = Annotated[
    str | None, typer.Option("--actor", metavar="NAME", help="Only what this key, person or part did.")
]
WrittenSince = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="SPAN|TIME", help="Written since: 15m, 12h, 7d, or 2026-01-31T12:00Z.", autocompletion=spans
    ),
]
HeadOption = Annotated[
    str | None, typer.Option("--head", help="A head noted before, as schedulers log it (`12:9f86…`).", metavar="HEAD")
]


@app.command(
    "list",
    epilog=manual(
        "wasl audit list --store 1001 --since 7d",
        "wasl audit list --actor cli --json",
        see=["wasl audit verify", "docs/audit.md"],
    ),
)
def list_(
    store: StoreOption = None,
    action: ActionOption = None,
    actor: ActorOption = None,
    since: WrittenSince = None,
    limit: Limit = 100,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """What was done, newest first."""
    store_id, moment = StoreId(store) if store is not None else None, read_since(since)

    async def work(adapters: Adapters) -> list[Row]:
        log, before = adapters.audit_trail(), None
        found: list[AuditRecord] = []
        while len(found) < limit:
            page = await log.page(
                store_id=store_id,
                action=action,
                actor=actor,
                since=moment,
                before=before,
                limit=min(PAGE, limit - len(found)),
            )
            if not page:
                break
            found += page
            before = page[-1].audit_id
        return [_row(record) for record in found]

    show_rows(with_adapters(data_dir, work), COLUMNS, as_json=as_json, empty="nothing is written down")


@app.command(
    epilog=manual(
        "wasl audit verify",
        "wasl audit verify --head 12:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        exits={1: "a line or a seal is not what it was; which, is told"},
        see=["docs/audit.md"],
    )
)
def verify(head: HeadOption = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Is every line as it was written? Exit code 1 where one was changed, removed, inserted or cut off, and which.

    What is cut off at the end together with its seals shows only by a head noted before.
    """
    mark = _mark(head)

    async def work(adapters: Adapters) -> Finding:
        return await adapters.verify_audit().check(mark)

    finding = with_adapters(data_dir, work)
    if as_json:
        show_json(_record(finding))
    else:
        _tell(finding)
    if not finding.intact:
        raise typer.Exit(1)


def _mark(head: str | None) -> Mark | None:
    if head is None:
        return None
    if mark := read_mark(head):
        return mark
    raise typer.BadParameter(f"{head!r} is no head; the log line audit_sealed shows one", param_hint="--head")


def _tell(finding: Finding) -> None:
    typer.echo(f"{finding.sealed} lines under {finding.seals} seals")
    if finding.unsealed:
        typer.echo(f"{finding.unsealed} more are not sealed yet, the first of {finding.unsealed_since:%H:%M:%S} UTC")
    if finding.mark:
        typer.echo(f"head {finding.mark}")
    if finding.intact:
        typer.echo("intact: every sealed line is as it was written")
        return
    typer.echo("NOT intact:")
    show_rows([_flaw(flaw) for flaw in finding.flaws], FLAW_COLUMNS, as_json=False, empty="")


def _record(finding: Finding) -> Row:
    return {
        "intact": finding.intact,
        "head": finding.mark,
        "seals": finding.seals,
        "sealed": finding.sealed,
        "unsealed": finding.unsealed,
        "unsealed_since": finding.unsealed_since,
        "flaws": [_flaw(flaw) for flaw in finding.flaws],
    }


def _flaw(flaw: Flaw) -> Row:
    return {"flaw": flaw.kind.value, "audit_id": flaw.audit_id, "seal": flaw.seal, "means": MEANS[flaw.kind]}


def _row(record: AuditRecord) -> Row:
    """The install id is text: it exceeds what JSON readers take for a number."""
    entry = record.entry
    return {
        "audit_id": record.audit_id,
        "at": record.at,
        "actor": entry.actor,
        "action": entry.action,
        "store_id": entry.store_id,
        "install_id": str(entry.install_id) if entry.install_id is not None else None,
        "epoch": record.epoch,
        "request_id": entry.request_id,
        "details": dict(entry.details),
    }
