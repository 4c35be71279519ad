"""Lists and records: tables on a terminal, aligned text through a pipe, JSON when asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from entrypoints.cli.values import text_of

if TYPE_CHECKING:
    from rich.console import Console

Row = Mapping[str, object]


def show_rows(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """The rows; of a table only `columns`, of JSON everything."""
    if as_json:
        show_json(list(rows))
    elif not rows:
        typer.echo(empty)
    elif sys.stdout.isatty():
        from entrypoints.cli.tables import show_table  # noqa: PLC0415 (only a terminal needs it)

        show_table(rows, columns, _console())
    else:
        _show_aligned(rows, columns)


def show_record(record: Row, *, as_json: bool) -> None:
    """One thing, a line for each of its fields."""
    if as_json:
        show_json(record)
        return
    if sys.stdout.isatty():
        from entrypoints.cli.tables import show_fields  # noqa: PLC0415

        show_fields(record, _console())
        return
    width = max(map(len, record))
    for name, value in record.items():
        typer.echo(f"{name:<{width}}  {text_of(value)}")


def show_json(value: object) -> None:
    """One document; times in UTC, letters as they are."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            return str(value)


def _console() -> Console:
    """Colours as NO_COLOR and TERM want them; text is shown as it is, not read for markup."""
    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False, markup=False, emoji=False)


def _show_aligned(rows: Sequence[Row], columns: Sequence[str]) -> None:
    cells = [list(columns), *([_one_line(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns))]
    for line in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _one_line(value: object) -> str:
    return " ".join(text_of(value).split())
