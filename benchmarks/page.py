"""The tables of docs/performance.md, made of what was measured: `python -m benchmarks.page`.

What stands between the markers is written anew, the words around it are left alone. A test checks that the page shows
what benchmarks/results.json holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import TREE
from benchmarks.report import Scale
from benchmarks.run import RESULTS

PAGE: Final = TREE / "docs" / "performance.md"
BEGIN: Final = "<!-- measured: written by `python -m benchmarks.page` -->"
END: Final = "<!-- end of what was measured -->"
BAR: Final = 24
EIGHTHS: Final = "▏▎▍▌▋▊▉█"
STATES: Final = {"reached": "yes", "below": "**no**", "measured": "", "failed": "**failed**"}
Found = Mapping[str, Any]
"""Of the JSON that `benchmarks.run` wrote."""


def rendered(results: Sequence[Found]) -> str:
    """Everything between the markers."""
    return "\n".join(line for found in results for line in _scale(found))


def _scale(found: Found) -> Iterator[str]:
    large = found["scale"] == Scale.LARGE
    yield f"## Measured{', with up to a million rows' if large else ''}"
    yield ""
    yield _machine(found)
    yield ""
    yield from _goals(found["benchmarks"])
    for name, one in found["benchmarks"].items():
        yield from _benchmark(name, one)


def _machine(found: Found) -> str:
    on, versions = found["machine"], found["versions"]
    named = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"On {on['cores']} cores ({on['cpu']}), {on['memory_gb']} GB, {on['system']}, "
        f"4 KB on disk in {on['fdatasync_us']} µs; {named}."
    )


def _goals(benchmarks: Found) -> Iterator[str]:
    yield "| promised | measured | least to greatest | wanted | reached |"
    yield "|---|--:|--:|--:|---|"
    for name, one in benchmarks.items():
        for goal in one.get("goals", ()):
            yield _goal(name, goal)
    yield ""


def _goal(name: str, goal: Found) -> str:
    unit = goal["unit"]
    spread = f"{_number(goal['min'])} to {_number(goal['max'])}" if "min" in goal else ""
    sign = "≥" if goal["is"] == "at least" else "≤"
    stretch = f", stretch {goal['stretch']:g}" if "stretch" in goal else ""
    wanted = f"{sign} {goal['wanted']:g}{unit}{stretch}"
    reached = "yes" if goal["reached"] else "**no**"
    return f"| [{goal['what']}](#{_anchor(name)}) | {_number(goal['value'])}{unit} | {spread} | {wanted} | {reached} |"


def _benchmark(name: str, one: Found) -> Iterator[str]:
    yield f"### {one['about']} {{ #{_anchor(name)} }}"
    yield ""
    yield f"`make bench ONLY={name}`, {one['seconds']:.0f} s, at `{one['commit']}`" + _failure(one)
    yield ""
    for series in one.get("series", ()):
        yield from _series(series)
    yield from _facts(one.get("facts", {}))
    if checked := one.get("checked"):
        yield f"Checked afterwards: {'; '.join(checked)}."
        yield ""
    if peers := one.get("versions"):
        yield f"Peers: {', '.join(f'{peer} {number}' for peer, number in peers.items())}."
        yield ""


def _failure(one: Found) -> str:
    return " **failed**" if one["state"] == "failed" else f", load before it {one.get('load_before', '?')}"


def _series(series: Found) -> Iterator[str]:
    figures = series["figures"]
    greatest = max((one["median"] for one in figures.values()), default=0.0)
    yield f"| {series['title']} | {series['unit']} | least to greatest | |"
    yield "|---|--:|--:|:--|"
    for name, one in figures.items():
        spread = f"{_number(one['min'])} to {_number(one['max'])}"
        yield f"| {name} | {_number(one['median'])} | {spread} | `{bar(one['median'], greatest)}` |"
    yield ""


def _facts(facts: Found) -> Iterator[str]:
    """Plain values in a line, what has parts in a table of its own."""
    plain = {name: value for name, value in facts.items() if not isinstance(value, dict | list)}
    if plain:
        yield "Besides: " + ", ".join(f"{_words(name)} {_value(value)}" for name, value in plain.items()) + "."
        yield ""
    for name, value in facts.items():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            yield from _rows(name, value)
        elif isinstance(value, dict):
            yield from _rows(name, _as_rows(name, value))


def _as_rows(name: str, facts: Found) -> Sequence[Found]:
    if all(isinstance(value, dict) for value in facts.values()):
        return [{"": key, **value} for key, value in facts.items()]
    return [{"": key, _words(name): value} for key, value in facts.items()]


def _rows(name: str, rows: Sequence[Found]) -> Iterator[str]:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    yield "| " + " | ".join(_words(column) or _words(name) for column in columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(_value(row.get(column, "")) for column in columns) + " |"
    yield ""


def bar(value: float, greatest: float) -> str:
    """As long as the value is to the greatest; a thread for what is hardly there."""
    whole, part = divmod(round(value / greatest * BAR * 8) if greatest else 0, 8)
    return ("█" * whole + (EIGHTHS[part - 1] if part else "")) or EIGHTHS[0]


def _value(value: object) -> str:
    return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _anchor(name: str) -> str:
    return name.replace("_", "-")


def placed(page: str, measured: str) -> str:
    """The page with this between its markers."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{measured}\n{END}{tail}"


def known() -> Sequence[Found]:
    return [json.loads(path.read_text()) for path in RESULTS.values() if path.exists()]


def main(page: Path = PAGE) -> None:
    page.write_text(placed(page.read_text(), rendered(known())))


if __name__ == "__main__":
    main()
