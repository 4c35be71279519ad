"""`wasl stores`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from core.domain.backfill import BACKFILLED, BackfillState, BackfillStatus
from core.domain.bounds import OutOfBounds
from core.domain.stores import InstallState
from core.features.backfill import AskForBackfill
from core.features.check_tokens import Proof
from core.features.erase_data import Certificate
from core.features.pause_store import PauseStore, Standing
from core.features.uninstall_store import Revoked
from core.ids import EntityKind, StoreId
from core.ports.store_directory import StoreFilter
from entrypoints.cli.backfill_watch import BACKFILL_COLUMNS, ask_and_follow, backfill_row
from entrypoints.cli.commands.reconcile import reconcile
from entrypoints.cli.embedding import embed
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.erasing import carry_out, confirm, show_certificate
from entrypoints.cli.filters import ACTOR, DryRun, Limit, Yes
from entrypoints.cli.foretelling import NEVER_INSTALLED, erasing_store, revoking
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import publish, with_adapters, with_features
from entrypoints.cli.output import Row, show_json, show_record, show_rows
from entrypoints.cli.store_rows import found_rows, store_detail
from entrypoints.cli.token_words import proof_row
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from config.container import Adapters
    from entrypoints.wiring import Daemon

app = commands("Installed stores.")
StoreNumber = Annotated[
    int, typer.Argument(metavar="STORE_ID", min=1, help="Its number at Zid, as `wasl stores list` shows it.")
]
Reason = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Kept in the audit, without addresses and telephone numbers.")
]
Kind = StrEnum("Kind", [(kind.name, kind.value) for kind in BACKFILLED])  # type: ignore[misc]  # made from the list
app.command(
    "reconcile",
    epilog=manual(
        "wasl stores reconcile 1001 --estimate  # what would it cost?",
        "wasl stores reconcile 1001             # do it and follow it",
        exits={1: "it failed, or was cancelled"},
        see=["wasl stores backfill", "docs/faults.md"],
    ),
)(reconcile)
app.command("embed", epilog=manual("wasl stores embed 1001", see=["docs/embedded.md"]))(embed)
COLUMNS = ("store_id", "title", "state", "expires_at", "paused_at", "installed_at", "epoch")


@app.command(
    "list",
    epilog=manual(
        "wasl stores list",
        "wasl stores list --text palm --state active",
        "wasl stores list --json | jq -r '.[].store_id'",
        see=["wasl stores show", "wasl status"],
    ),
)
def list_stores(
    text: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Each begins a word of the title, in any spelling, or the id.")
    ] = None,
    state: Annotated[InstallState | None, typer.Option(help="Where the current install stands.")] = None,
    paused: Annotated[bool | None, typer.Option("--paused/--not-paused", help="Whether its work is held back.")] = None,
    limit: Limit = 1000,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Stores by ascending id; all of them, or those that match."""
    wanted = StoreFilter(text, state, paused)
    rows = with_adapters(data_dir, lambda adapters: found_rows(adapters, wanted, limit))
    empty = "no store is installed" if wanted == StoreFilter() else "no store matches"
    show_rows(rows, COLUMNS, as_json=as_json, empty=empty)


@app.command(
    epilog=manual(
        "wasl stores show 1001", see=["wasl events list --store", "wasl audit list --store", "wasl webhooks plan"]
    )
)
def show(store_id: StoreNumber, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """One store: its install, how its tokens stand, alerts, subscriptions, the mirror, how its backfills stand."""
    show_record(with_adapters(data_dir, lambda adapters: store_detail(adapters, StoreId(store_id))), as_json=as_json)


@app.command(
    epilog=manual(
        "wasl stores link",
        "wasl stores link --return-url https://app.example.com/connected",
        see=["docs/authorization.md"],
    )
)
def link(
    return_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where the browser goes then: at or below one of AUTH_RETURN_URLS."),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Make a link by which a merchant installs the app by hand: for any browser, a day, and one install."""

    async def work(parts: Daemon) -> Row:
        try:
            made = await parts.features.install().links.make(return_url, actor=ACTOR)
        except OutOfBounds as refused:
            raise CommandFailed(f"--return-url {refused.problem}") from None
        return {"authorization_url": made.url, "expires_at": made.expires_at}

    show_record(with_features(data_dir, work), as_json=as_json)


@app.command(
    epilog=manual(
        "wasl stores check 1001",
        exits={0: "Zid takes the tokens", 1: "Zid refuses them, or could not be asked (`works` is null then)"},
        see=["wasl stores refresh", "docs/authorization.md"],
    )
)
def check(store_id: StoreNumber, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Prove the store's tokens at Zid, under the headers of each dialect. Nothing is renewed or changed by it.

    Three questions out of the store's allowance. `works` is yes, no (the header at fault is named), or unknown
    where Zid could not be asked.
    """

    async def work(adapters: Adapters) -> Proof:
        proof = await adapters.check_tokens().prove(StoreId(store_id), actor=ACTOR)
        if proof is None:
            raise CommandFailed(f"store {store_id} has no live install")
        return proof

    proof = with_adapters(data_dir, work)
    show_record(proof_row(proof), as_json=as_json)
    if proof.works is not True:
        raise typer.Exit(1)


@app.command(epilog=manual("wasl stores refresh 1001", see=["wasl stores check", "docs/renewals.md"]))
def refresh(store_id: StoreNumber, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Renew the store's tokens now."""

    async def work(parts: Daemon) -> Row:
        renewal = await parts.features.refresh().refresh_now(StoreId(store_id), actor=ACTOR)
        return {
            "store_id": store_id,
            "outcome": renewal.outcome.value,
            "generation": renewal.tokens.generation,
            "expires_at": renewal.tokens.tokens.expires_at,
        }

    show_record(with_features(data_dir, work), as_json=as_json)


@app.command(
    epilog=manual(
        "wasl stores revoke 1001 --dry-run",
        "wasl stores revoke 1001            # asks for the number once more",
        "wasl stores revoke 1001 --yes",
        see=["wasl stores erase", "wasl stores pause"],
    )
)
def revoke(
    store_id: StoreNumber,
    dry_run: DryRun = False,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """End the install here: webhooks removed at Zid, tokens shredded, open work cancelled.

    What was received stays. The merchant can install the app again at any time.
    """
    if dry_run:
        return show_record(
            with_adapters(data_dir, lambda adapters: revoking(adapters, StoreId(store_id))), as_json=as_json
        )
    confirm(f"This ends the install of store {store_id} and shreds its tokens", str(store_id), yes=yes)

    async def work(parts: Daemon) -> Revoked | None:
        return await parts.features.uninstall().revoke(StoreId(store_id), actor=ACTOR)

    revoked = with_features(data_dir, work)
    if revoked is None:
        raise CommandFailed(f"store {store_id} has no live install")
    if as_json:
        show_json(
            {"store_id": store_id, "cancelled_events": revoked.cancelled_events, "webhooks_problem": revoked.problem}
        )
        return None
    typer.echo(f"store {store_id} revoked; {revoked.cancelled_events} open events cancelled")
    if revoked.problem:
        typer.echo(f"its webhooks may still stand at Zid: {revoked.problem}", err=True)
    return None


@app.command(
    epilog=manual(
        "wasl stores erase 1001 --dry-run",
        "wasl stores erase 1001            # asks for the number once more",
        "wasl stores erase 1001 --yes --json > certificate.json",
        exits={1: "not finished: a scheduler goes on, or give it again"},
        see=["wasl customers erase", "docs/retention.md"],
    )
)
def erase(
    store_id: StoreNumber,
    dry_run: DryRun = False,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """End the install and remove everything of the store and its customers; the ledger keeps numbers.

    May be cut off at any moment: a scheduler goes on, and so does this command, given once more.
    """
    if dry_run:
        found = with_adapters(data_dir, lambda adapters: erasing_store(adapters, StoreId(store_id)))
        return show_record(found, as_json=as_json)
    confirm(f"This erases store {store_id} with everything about its customers", str(store_id), yes=yes)

    async def work(parts: Daemon) -> Certificate:
        erasure = await parts.features.erase().ask_for_store(StoreId(store_id), actor=ACTOR)
        if erasure is None:
            raise CommandFailed(NEVER_INSTALLED.format(store_id=store_id))
        return await carry_out(parts, erasure)

    return show_certificate(with_features(data_dir, work), as_json=as_json)


@app.command(
    epilog=manual(
        "wasl stores backfill 1001",
        "wasl stores backfill 1001 --kind order --kind product --detach",
        exits={1: "a kind failed, or was cancelled"},
        see=["wasl stores show", "wasl stores reconcile"],
    )
)
def backfill(
    store_id: StoreNumber,
    kind: Annotated[list[Kind] | None, typer.Option(help="Only this kind; may be given several times.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for its end.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Read what the store holds at Zid into the mirror. Schedulers do it, page by page; this shows how far they are."""
    kinds = tuple(EntityKind(one.value) for one in kind) if kind else BACKFILLED

    async def work(adapters: Adapters) -> Sequence[BackfillStatus]:
        ask = AskForBackfill(backfills=adapters.backfills(), installations=adapters.installations())
        statuses = await ask_and_follow(ask, StoreId(store_id), kinds, detach=detach)
        return [status for status in statuses if status.kind in kinds]

    statuses = with_adapters(data_dir, work)
    rows = [backfill_row(status) for status in statuses]
    if as_json:
        show_json({"store_id": store_id, "kinds": rows})
    else:
        show_rows(rows, BACKFILL_COLUMNS, as_json=False, empty="nothing to read")
    if any(status.state in (BackfillState.FAILED, BackfillState.CANCELLED) for status in statuses):
        raise typer.Exit(1)


@app.command(epilog=manual("wasl stores pause 1001", see=["wasl stores resume", "docs/fairness.md"]))
def pause(
    store_id: StoreNumber, reason: Reason = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False
) -> None:
    """Hold the store's work back: what arrives is taken in and waits, what is at work ends."""
    standing = with_adapters(
        data_dir, lambda adapters: _pausing(adapters).pause(StoreId(store_id), actor=ACTOR, reason=reason)
    )
    _tell_standing(standing, store_id, as_json=as_json)


@app.command(epilog=manual("wasl stores resume 1001", see=["wasl stores pause"]))
def resume(
    store_id: StoreNumber, reason: Reason = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False
) -> None:
    """Let a paused store's work go on: its backlog drains in turns with the other stores' work."""

    async def work(adapters: Adapters) -> Standing | None:
        standing = await _pausing(adapters).resume(StoreId(store_id), actor=ACTOR, reason=reason)
        await publish(adapters, standing.released if standing else ())
        return standing

    _tell_standing(with_adapters(data_dir, work), store_id, as_json=as_json)


def _pausing(adapters: Adapters) -> PauseStore:
    return PauseStore(
        installations=adapters.installations(),
        pauses=adapters.pauses(),
        ledger=adapters.ledger(),
        window=adapters.settings().index_window,
    )


def _tell_standing(standing: Standing | None, store_id: int, *, as_json: bool) -> None:
    if standing is None:
        raise CommandFailed(NEVER_INSTALLED.format(store_id=store_id))
    row: Row = {"store_id": store_id, "paused_at": standing.paused_at, "changed": standing.changed}
    show_record(row, as_json=as_json)
