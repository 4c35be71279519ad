"""`wasl webhooks`: what the handlers need against what Zid has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from core.domain.audit import AuditEntry
from core.domain.stores import LIVE, Install
from core.domain.webhook_states import PlannedWebhook, is_settled
from core.errors import WaslError
from core.features.check_webhooks import Checked, CheckWebhooks
from core.ids import StoreId
from core.ports.installations import Installations
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import ACTOR
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_features
from entrypoints.cli.output import Row, show_json, show_rows
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from entrypoints.wiring import Daemon

app = commands("Webhook subscriptions at Zid.")
StoreOption = Annotated[
    int | None, typer.Option("--store", metavar="STORE_ID", min=1, help="Only this store; otherwise all of them.")
]
PAGE = 500
PLAN_COLUMNS = ("store_id", "event", "action", "state", "why")
APPLY_COLUMNS = ("store_id", "event", "outcome", "why")


@app.command(
    epilog=manual(
        "wasl webhooks plan",
        "wasl webhooks plan --store 1001 --json",
        exits={0: "nothing to do", 1: "something to do, or a store could not be asked"},
        see=["wasl webhooks apply", "wasl handlers list"],
    )
)
def plan(store: StoreOption = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """What would be made, replaced and removed at Zid. Costs one call a store, and changes nothing."""

    async def work(parts: Daemon) -> tuple[list[Row], bool]:
        rows: list[Row] = []
        settled = True
        async for install in _installs(parts.adapters.installations(), store):
            lines, problem = await _plan(parts.features.check_webhooks(), install)
            rows += [_line(install, line) for line in lines]
            rows += [_problem(install, problem)] if problem else []
            settled = settled and not problem and is_settled(lines)
        return rows, settled

    rows, settled = with_features(data_dir, work)
    show_rows(rows, PLAN_COLUMNS, as_json=as_json, empty="no store is installed")
    if not settled:
        raise typer.Exit(1)


@app.command(
    epilog=manual(
        "wasl webhooks apply --store 1001",
        exits={1: "an event could not be subscribed, or a store could not be asked"},
        see=["wasl webhooks plan"],
    )
)
def apply(store: StoreOption = None, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Do what `plan` shows; what was silent meanwhile is read afterwards."""

    async def work(parts: Daemon) -> tuple[list[Row], bool]:
        rows: list[Row] = []
        complete = True
        async for install in _installs(parts.adapters.installations(), store):
            ids = (install.store_id, install.install_id)
            await parts.adapters.audit_trail().note(AuditEntry("webhooks.subscribing_asked", *ids, actor=ACTOR))
            checked = await parts.features.check_webhooks().apply(install)
            rows += _outcome(checked)
            complete = complete and not checked.failed and not checked.problem
        return rows, complete

    rows, complete = with_features(data_dir, work)
    if as_json:
        show_json(rows)
    else:
        show_rows(rows, APPLY_COLUMNS, as_json=False, empty="nothing to do")
    if not complete:
        raise typer.Exit(1)


async def _installs(installations: Installations, store: int | None) -> AsyncIterator[Install]:
    """The named store's install, or every live one."""
    if store is not None:
        install = await installations.current(StoreId(store))
        if install is None or install.state not in LIVE:
            raise CommandFailed(f"store {store} has no live install; `wasl stores list` shows those that have")
        yield install
        return
    after: StoreId | None = None
    while found := await installations.page(after=after, limit=PAGE):
        for install in found:
            if install.state in LIVE:
                yield install
        after = found[-1].store_id


async def _plan(feature: CheckWebhooks, install: Install) -> tuple[Sequence[PlannedWebhook], str | None]:
    """One store that cannot be asked never hides the others."""
    try:
        return await feature.plan(install), None
    except WaslError as problem:
        return (), str(problem)


def _line(install: Install, line: PlannedWebhook) -> Row:
    return {
        "store_id": install.store_id,
        "event": line.event,
        "action": line.action.value,
        "state": line.state.value,
        "webhook_id": line.webhook_id,
        "why": line.why,
    }


def _problem(install: Install, problem: str) -> Row:
    return {
        "store_id": install.store_id,
        "event": None,
        "action": "unknown",
        "state": None,
        "webhook_id": None,
        "why": problem,
    }


def _outcome(checked: Checked) -> list[Row]:
    """What was healed or failed; one line for a store where nothing was to be done."""
    rows: list[Row] = [
        {"store_id": checked.store_id, "event": event, "outcome": "subscribed", "why": f"was {state}"}
        for event, state in checked.healed.items()
    ]
    rows += [
        {"store_id": checked.store_id, "event": event, "outcome": "failed", "why": why}
        for event, why in checked.failed.items()
    ]
    rows += [
        {
            "store_id": checked.store_id,
            "event": event,
            "outcome": "subscribed",
            "why": "an older secret made its address",
        }
        for event in checked.renewed
    ]
    if not rows:
        outcome = "not checked" if checked.problem else "in order"
        rows = [{"store_id": checked.store_id, "event": None, "outcome": outcome, "why": checked.problem}]
    return rows
