"""Tables and records as wide as the terminal: ids are never cut, long words fold, what has no room is named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from entrypoints.cli.values import text_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAP: Final = 2
USEFUL: Final = 20
"""Of folded text, less than this is not worth reading."""
KEPT: Final = 4
"""The first columns say what a row is about: they go last."""
_LONGEST_WORD: Final = 24
_ID: Final = re.compile(r"(?:.+_)?id|fingerprint|job|hint")
_SPACES: Final = re.compile(r"(?<= )")
_MARKS: Final = re.compile(r"(?<=[./_,@:=-])")
"""Inside a word that is wider than its column a line may end after these."""
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_TONES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("done", "active", "ok", "sound", "succeeded", "subscribed", "in order", "passed"), "green"),
    **dict.fromkeys(("dead", "failed", "stopped", "broken", "needs_reauthorization", "revoked", "expired"), "red"),
    **dict.fromkeys(("waiting", "degraded", "paused", "missing", "warning"), "yellow"),
    **dict.fromkeys(("cancelled", "erased", "uninstalled", "pruned", "-"), "dim"),
}
"""How a word looks. It says the same without colours."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column with its texts; `least` is what it needs, `natural` what it would take."""

    name: str
    cells: tuple[str, ...]
    is_number: bool
    least: int
    natural: int
    width: int = 0

    @property
    def folds(self) -> bool:
        return self.least < self.natural


def show_table(rows: Sequence[Mapping[str, object]], names: Sequence[str], console: Console) -> None:
    """The rows, one below the other; a line at the end names the columns that had no room."""
    from rich.table import Table  # noqa: PLC0415 (only a terminal needs it)
    from rich.text import Text  # noqa: PLC0415

    columns = [column_of(name, [row.get(name) for row in rows]) for name in names]
    shown = fit(columns, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column in shown:
        table.add_column(
            heading(column.name), justify="right" if column.is_number else "left", overflow="fold", width=column.width
        )
    for cells in zip(*([styled(cell, column.width) for cell in column.cells] for column in shown), strict=True):
        table.add_row(*cells)
    console.print(table)
    if hidden := [heading(column.name) for column in columns if column.name not in {one.name for one in shown}]:
        console.print(Text(f"no room for: {', '.join(hidden)} (a wider terminal shows them, --json has all)", "dim"))


def show_fields(record: Mapping[str, object], console: Console) -> None:
    """One thing, a line for each of its fields; long values fold beside their name."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table.grid(padding=(0, GAP, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    room = console.width - GAP - max(len(heading(name)) for name in record)
    for name, value in record.items():
        grid.add_row(Text(heading(name), "bold"), styled(text_of(value), max(room, USEFUL)))
    console.print(grid)


def column_of(name: str, values: Sequence[object]) -> Column:
    """Ids, numbers, moments and short words keep their width; what is longer may fold."""
    cells = tuple(cell_of(value) for value in values)
    natural = max(map(cell_width, (heading(name), *cells)))
    is_number = all(isinstance(value, int | float | None) and not isinstance(value, bool) for value in values)
    is_whole = is_number or _ID.fullmatch(name) or all(isinstance(value, datetime | None) for value in values)
    folds = not is_whole and natural > (USEFUL if any(" " in cell for cell in cells) else _LONGEST_WORD)
    return Column(name, cells, is_number, min(natural, USEFUL) if folds else natural, natural)


def fit(columns: Sequence[Column], width: int) -> Sequence[Column]:
    """The columns that have room, as wide as they get.

    What folds is folded first; then the last columns go, but for the first few; then what folds. Where even the
    first few are too wide, they are squeezed.
    """
    folding = [column for column in columns if column.folds]
    for without in range(len(folding) + 1):
        gone = {column.name for column in folding[len(folding) - without :]}
        for kept in range(len(columns), KEPT - 1, -1):
            chosen = [
                column
                for place, column in enumerate(columns)
                if (place < kept or column.folds) and column.name not in gone
            ]
            if chosen and _needed(chosen) <= width:
                return _widened(chosen, width)
    return _squeezed(columns[:KEPT], width)


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.least for column in columns) + GAP * (len(columns) - 1)


def _widened(columns: Sequence[Column], width: int) -> Sequence[Column]:
    """What is left over goes to those that fold, the one with the least to wish for first."""
    left = width - _needed(columns)
    widths = {column.name: column.least for column in columns}
    wishing = sorted((column for column in columns if column.folds), key=lambda one: one.natural - one.least)
    for place, column in enumerate(wishing):
        share = min(column.natural - column.least, left // (len(wishing) - place))
        widths[column.name] += share
        left -= share
    return [replace(column, width=widths[column.name]) for column in columns]


def _squeezed(columns: Sequence[Column], width: int) -> Sequence[Column]:
    """The widest gives way until all fit; nothing is lost, it folds."""
    widths = [column.natural for column in columns]
    room = max(width - GAP * (len(columns) - 1), len(columns))
    while sum(widths) > room:
        widest = widths.index(max(widths))
        widths[widest] -= 1
    return [replace(column, width=given) for column, given in zip(columns, widths, strict=True)]


def heading(name: str) -> str:
    """`store_id` is read as `store`, `last_hour` as `last hour`."""
    return (name.removesuffix("_id") or name).replace("_", " ")


def cell_of(value: object, now: datetime | None = None) -> str:
    """A value in a table: of a moment of today only the time; text on one line."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        is_today = moment.date() == (now or datetime.now(UTC)).date()
        return f"{moment:%H:%M:%S}Z" if is_today else f"{moment:%Y-%m-%d %H:%M}Z"
    return " ".join(text_of(value).split())


def cell_width(text: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415

    return cell_len(text)


def styled(text: str, width: int) -> Text:
    """Folded; each line of right-to-left text set apart, so that it does not carry its neighbours along."""
    from rich.text import Text  # noqa: PLC0415

    lines = [line for part in text.split("\n") for line in folded(part, width)]
    shown = (f"\u2068{line}\u2069" if _RIGHT_TO_LEFT.search(line) else line for line in lines)
    return Text("\n".join(shown), _TONES.get(text, ""))


def folded(text: str, width: int) -> Sequence[str]:
    """Lines no wider than that, broken after a space, in a word that is too wide after a mark, else anywhere."""
    words = _SPACES.split(text)
    lines = [""]
    for piece in (part for word in words for part in (_MARKS.split(word) if cell_width(word) > width else [word])):
        if cell_width(lines[-1] + piece.rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += piece
        while cell_width(lines[-1].rstrip()) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return [line.rstrip() for line in lines]
