"""`wasl alerts`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from core.domain.alerts import AlertKind
from core.ids import StoreId
from core.ports.alerts import AlertFilter
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import Limit
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_adapters
from entrypoints.cli.output import show_rows
from entrypoints.cli.refresh_facts import ALERT_COLUMNS, alert_row

app = commands("What is wrong and may need somebody to act.")
Kind = StrEnum("Kind", [(kind.name, kind.value) for kind in AlertKind])  # type: ignore[misc]  # made from the list


@app.command(
    "list",
    epilog=manual("wasl alerts list", "wasl alerts list --all --store 1001", see=["wasl status", "docs/runbook.md"]),
)
def list_alerts(
    every: Annotated[bool, typer.Option("--all", help="Also those that are well again.")] = False,
    kind: Annotated[Kind | None, typer.Option(help="Only this kind.")] = None,
    store: Annotated[
        int | None, typer.Option(metavar="STORE_ID", help="Only this store's; its number at Zid.", min=1)
    ] = None,
    limit: Limit = 100,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Alerts, latest first; the open ones unless told otherwise."""
    wanted = AlertFilter(
        AlertKind(kind.value) if kind else None, StoreId(store) if store else None, None if every else True
    )
    found = with_adapters(data_dir, lambda adapters: adapters.alerts().page(wanted, limit=limit))
    show_rows([alert_row(one) for one in found], ALERT_COLUMNS, as_json=as_json, empty="no alert")
