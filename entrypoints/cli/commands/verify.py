"""`wasl verify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from core.domain.event_states import Ledger
from core.ids import StoreId
from core.ports.ledger_reading import Difference
from entrypoints.cli.books import BOOK_COLUMNS, book_record, book_rows
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import Limit, StoreOption
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_adapters
from entrypoints.cli.output import Row, show_json, show_rows

if TYPE_CHECKING:
    from config.container import Adapters

app = commands()


@app.command(
    epilog=manual(
        "wasl verify && echo balanced",
        "wasl verify --store 1001 --json",
        exits={0: "it balances", 1: "it does not, and which ids differ; or it could not be read"},
        see=["wasl status", "docs/faults.md"],
    )
)
def verify(
    store: StoreOption = None, limit: Limit = 1000, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False
) -> None:
    """Does everything received add up? Names the ids that differ.

    What was received is counted when it is received, never derived from states: nothing can vanish unseen.
    """
    store_id = StoreId(store) if store is not None else None

    async def work(adapters: Adapters) -> tuple[Ledger, Sequence[Difference]]:
        ledger = await adapters.reader().books(store_id)
        found = await adapters.reader().differences(limit=limit)
        return ledger, [one for one in found if store_id in (None, one.store_id)]

    ledger, differences = with_adapters(data_dir, work)
    rows = [_row(difference) for difference in differences]
    if as_json:
        show_json({**book_record(ledger), "differences": rows})
    else:
        _tell(ledger, rows)
    if rows or not ledger.balanced:
        raise typer.Exit(1)


def _tell(ledger: Ledger, rows: list[Row]) -> None:
    show_rows(book_rows(ledger), BOOK_COLUMNS, as_json=False, empty="")
    if ledger.spooled:
        typer.echo(f"{ledger.spooled} more wait in the spool, outside these books")
    if not rows and ledger.balanced:
        typer.echo("balanced: everything received is accounted for")
        return
    typer.echo("NOT balanced:")
    show_rows(rows, ("event_id", "store_id", "origin", "problem"), as_json=False, empty="no id is known that differs")


def _row(difference: Difference) -> Row:
    return {
        "event_id": str(difference.event_id) if difference.event_id else None,
        "store_id": difference.store_id,
        "origin": difference.origin.value,
        "problem": difference.problem,
    }
