"""`wasl status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from adapters.postgres.checks import DatabaseRole
from adapters.postgres.migration_files import read_folder
from config.version import running_version
from core.domain.alerts import AlertKind
from core.domain.event_states import Ledger
from core.errors import Unavailable
from core.ports.refresh_reports import RefreshStanding, VaultCensus
from entrypoints.cli.books import BOOK_COLUMNS, book_record, book_rows
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir, running_up
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_adapters
from entrypoints.cli.output import show_json, show_record, show_rows
from entrypoints.cli.refresh_facts import alert_facts, vault_facts

if TYPE_CHECKING:
    from config.container import Adapters

app = commands()


@dataclass(frozen=True, slots=True)
class Overview:
    """What stands where at this moment; `depth` is None while the work index does not answer."""

    census: VaultCensus
    refresh: RefreshStanding
    alerts: Mapping[AlertKind, int]
    ledger: Ledger
    depth: int | None
    schema: str | None
    role: DatabaseRole


@app.command(
    epilog=manual(
        "wasl status", "wasl status --json | jq .ledger", see=["wasl verify", "wasl alerts list", "wasl healthcheck"]
    )
)
def status(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """An overview: stores by state, renewals and alerts, the ledger, the work index, the schema."""
    overview = with_adapters(data_dir, _look)
    facts = {**_running(data_dir), **_facts(overview)}
    if as_json:
        show_json({**facts, "ledger": book_record(overview.ledger)})
        return
    show_record(facts, as_json=False)
    typer.echo("")
    show_rows(book_rows(overview.ledger), BOOK_COLUMNS, as_json=False, empty="")


async def _look(adapters: Adapters) -> Overview:
    reports, now = adapters.refresh_reports(), datetime.now(UTC)
    return Overview(
        census=await reports.census(now),
        refresh=await reports.standing(now),
        alerts=await adapters.alerts().open_counts(),
        ledger=await adapters.reader().books(),
        depth=await _depth(adapters),
        schema=read_folder()[-1].id,
        role=await adapters.database_role()(),
    )


async def _depth(adapters: Adapters) -> int | None:
    try:
        return sum([await index.depth() for index in adapters.indexes().values()])
    except Unavailable:
        return None


def _running(data_dir: Path) -> dict[str, object]:
    up = running_up(data_dir)
    if up is None:
        return {}
    return {"wasl_up": f"process {up.pid}", "http": up.http_url, "sandbox": up.sandbox_url or "none: the real Zid"}


def _facts(overview: Overview) -> dict[str, object]:
    return {
        "version": running_version(),
        "schema": overview.schema,
        "database_role": overview.role.name,
        "role_too_powerful": "; ".join(overview.role.powers) or None,
        **vault_facts(overview.census, overview.refresh),
        "alerts": alert_facts(overview.alerts),
        "balanced": overview.ledger.balanced,
        "spooled": overview.ledger.spooled,
        "work_index": "does not answer" if overview.depth is None else overview.depth,
    }
