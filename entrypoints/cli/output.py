"""Lists and records: tables on a terminal, aligned text through a pipe, JSON when asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import typer

Row = Mapping[str, object]


def show_rows(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """The rows; of a table only `columns`, of JSON everything."""
    if as_json:
        show_json(list(rows))
    elif not rows:
        typer.echo(empty)
    elif sys.stdout.isatty():
        _show_table(rows, columns)
    else:
        _show_aligned(rows, columns)


def show_record(record: Row, *, as_json: bool) -> None:
    """One thing, a line for each of its fields."""
    if as_json:
        show_json(record)
        return
    width = max(map(len, record))
    for name, value in record.items():
        typer.echo(f"{name:<{width}}  {text_of(value)}")


def show_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def text_of(value: object) -> str:
    """A value as people read it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        case list() | tuple():
            return ", ".join(map(text_of, value)) or "-"
        case dict():
            return ", ".join(f"{key}={text_of(inner)}" for key, inner in value.items()) or "-"
        case _:
            return str(value)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            return str(value)


def _show_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    from rich.console import Console  # noqa: PLC0415 (only a terminal needs it)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        numeric = all(isinstance(row.get(column), int | None) for row in rows)
        table.add_column(column.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(text_of(row.get(column))) for column in columns))
    Console().print(table)


def _show_aligned(rows: Sequence[Row], columns: Sequence[str]) -> None:
    cells = [list(columns), *([text_of(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns))]
    for line in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
