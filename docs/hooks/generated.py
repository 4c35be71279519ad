"""Pages and tables of the site that are written from the code, so that they cannot be out of date.

`on_files` adds whole pages below reference/, `on_page_markdown` fills `<!-- generated: NAME -->` marks.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import core.errors  # noqa: E402
from adapters.prometheus.catalogue import CATALOGUE, PREFIX  # noqa: E402
from config.version import running_version  # noqa: E402
from core.domain.app_events import APP_EVENTS  # noqa: E402
from core.domain.diagnosis.explanations import EXPLANATIONS  # noqa: E402
from core.domain.event_states import FIRST_STATES, MOVES, EventState, Origin  # noqa: E402
from core.domain.topics import DERIVED_SOURCES, ZID_TOPICS  # noqa: E402
from entrypoints.cli.reference import reference as commands  # noqa: E402
from entrypoints.http.api.reference import Operation, reference  # noqa: E402
from entrypoints.http.app import ALL_ROUTES  # noqa: E402

MARK: Final = re.compile(r"<!-- generated: (\w+) -->")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, write in PAGES.items():
        files.append(File.generated(config, f"reference/{name}.md", content=write()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    return MARK.sub(lambda found: PIECES[found[1]](), markdown)


# --- pieces ---------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


def _sentences(kind: type[EventState] | type[Origin]) -> dict[str, str]:
    """The docstring below each member, as it stands in the source."""
    source = (ROOT / "core/domain/event_states.py").read_text()
    body = source.split(f"class {kind.__name__}(")[1].split("\n\n\n")[0]
    return dict(re.findall(r'= "(\w+)"\n    """(.+?)"""', body))


def states() -> str:
    said = _sentences(EventState)
    rows = [
        [
            f"`{state}`" + (" (may be the first)" if state in FIRST_STATES else ""),
            said[state.value],
            ", ".join(f"`{target}`" for target in EventState if target in MOVES[state]) or "nothing: it stays",
        ]
        for state in EventState
    ]
    return drawing() + "\n" + table(["state", "means", "may become"], rows)


PLACES: Final = {
    "queued": (60, 60), "running": (300, 60), "waiting": (60, 190), "done": (600, 60),
    "dead": (440, 160), "cancelled": (300, 290), "erased": (600, 290),
}  # fmt: skip
"""Where the drawing puts each state; one that has no place is a KeyError at the next build."""
WIDE, HIGH = 96, 34


def drawing() -> str:
    """The legal moves as arrows, straight between the boxes."""
    arrows = "".join(_arrow(state, target) for state in EventState for target in sorted(MOVES[state]))
    boxes = "".join(_box(state) for state in EventState)
    head = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="currentColor"/></marker></defs>'
    )
    title = "<title>The states of an event and the moves between them; the table below says the same</title>"
    return f'<svg class="states" role="img" viewBox="0 0 660 330">{title}{head}{arrows}{boxes}</svg>\n'


def _box(state: EventState) -> str:
    x, y = PLACES[state.value]
    return (
        f'<rect x="{x - WIDE / 2}" y="{y - HIGH / 2}" width="{WIDE}" height="{HIGH}" rx="8" class="{state}"/>'
        f'<text x="{x}" y="{y + 5}" text-anchor="middle">{state}</text>'
    )


def _arrow(state: EventState, target: EventState) -> str:
    """From border to border; two that go both ways lie beside each other."""
    (x1, y1), (x2, y2) = PLACES[state.value], PLACES[target.value]
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    apart = 6 if state in MOVES[target] else 0
    aside_x, aside_y = -apart * (y2 - y1) / length, apart * (x2 - x1) / length
    cut = min(WIDE / 2 / max(abs(x2 - x1), 1e-9), HIGH / 2 / max(abs(y2 - y1), 1e-9))
    start = x1 + (x2 - x1) * cut + aside_x, y1 + (y2 - y1) * cut + aside_y
    end = x2 - (x2 - x1) * cut + aside_x, y2 - (y2 - y1) * cut + aside_y
    ends = f'x1="{start[0]:.0f}" y1="{start[1]:.0f}" x2="{end[0]:.0f}" y2="{end[1]:.0f}"'
    return f'<line {ends} marker-end="url(#tip)"/>'


def origins() -> str:
    said = _sentences(Origin)
    return table(["origin", "means"], ([f"`{origin}`", said[origin.value]] for origin in Origin))


def derived() -> str:
    rows = (
        [f"`{topic}`", ", ".join(f"`{source}`" for source in sources)] for topic, sources in DERIVED_SOURCES.items()
    )
    return table(["derived topic", "found in Zid's"], rows)


def findings() -> str:
    """What the doctor may find, each under its code."""
    return "\n".join(
        f"### {code} {{ #{code} }}\n\n{_open(told.seen)}\n\n{_open(told.why)}\n\n**Do:** {_open(told.fix)}\n"
        for code, told in EXPLANATIONS.items()
    )


def _open(text: str) -> str:
    """Facts are what differs from one set-up to the next."""
    return re.sub(r"\{\w+\}", "…", text)


def errors() -> str:
    tree = (core.errors.__doc__ or "").split("::\n\n", 1)[1]
    return "```text\n" + re.sub(r"^    ", "", tree, flags=re.MULTILINE).rstrip() + "\n```\n"


# --- pages ----------------------------------------------------------------------------


def configuration() -> str:
    """`.env.example`: each block of comments belongs to the keys right below it."""
    return "\n".join(["# Configuration", "", *_settings((ROOT / ".env.example").read_text())])


def _settings(text: str) -> Iterator[str]:
    said: list[str] = []
    keys: list[str] = []
    for line in [*text.splitlines(), ""]:
        if title := re.match(r"# --- (.+?) -+$", line):
            yield f"\n## {title[1]}\n"
        elif line.startswith("#"):
            said.append(line.removeprefix("#").strip())
        elif "=" in line:
            keys.append(line)
        elif keys:
            yield _setting(keys, said)
            said, keys = [], []
        elif said:
            yield " ".join(said) + "\n"
            said = []


def _setting(keys: Sequence[str], said: Sequence[str]) -> str:
    pairs = [key.split("=", 1) for key in keys]
    shown = [f"`{name}`" + (f" = `{value}`" if value else " (empty)") for name, value in pairs]
    return "\n".join(f"{line}  " for line in shown) + "\n:   " + " ".join(said) + "\n"


def api() -> str:
    described = reference(ALL_ROUTES, running_version())
    parts = [
        "# HTTP API",
        "",
        "A running service shows the same at `/docs`, and as OpenAPI 3.1 at `/openapi.json`.",
        "",
    ]
    for noun, operations in described.groups.items():
        parts += [f"## {noun}", "", *(_operation(one) for one in operations)]
    parts += ["## Shapes", ""]
    for shape in described.shapes:
        parts += [f"### {shape.name}", "", shape.meaning, ""]
        if shape.members:
            rows = (
                [f"`{one.name}`", one.type, "" if one.required else "optional", one.meaning] for one in shape.members
            )
            parts += [table(["member", "type", "", "meaning"], rows)]
    return "\n".join(parts)


def _operation(one: Operation) -> str:
    lines = [f"### `{one.method} {one.path}`", "", f"{one.summary}. {one.meaning}".strip()]
    lines += ["", "Needs an API key." if one.keyed else "Open to anybody.", ""]
    if one.parameters:
        rows = (
            [f"`{each.name}`", each.place, each.type, "required" if each.required else "", each.meaning]
            for each in one.parameters
        )
        lines += [table(["parameter", "in", "type", "", "meaning"], rows)]
    if one.body:
        lines += [f"Body: `{one.body.name}`, {one.body.shape or one.body.type}.", ""]
    answers = ([answer.status, answer.meaning, answer.shape or answer.type] for answer in one.answers)
    return "\n".join([*lines, table(["status", "means", "with"], answers)])


def metrics() -> str:
    rows = (
        [f"`{PREFIX}{one.name}`", one.kind.value, ", ".join(f"`{label}`" for label in one.labels), one.help]
        for one in CATALOGUE.values()
    )
    return "# Metrics\n\nNo label has unbounded values.\n\n" + table(["metric", "kind", "labels", "meaning"], rows)


def topics() -> str:
    own = ([f"`{topic.name}`", topic.kind.value, "yes" if topic.mirrored else "no"] for topic in ZID_TOPICS.values())
    found = ([f"`{name}`", ", ".join(f"`{source}`" for source in sources)] for name, sources in DERIVED_SOURCES.items())
    market = ([f"`{name}`"] for name in APP_EVENTS)
    return "\n".join(
        [
            "# Topics", "", "What a handler may listen to with `@on(topic)`.", "",
            "## Zid's own", "", table(["topic", "about", "mirrored"], own),
            "## Derived by Wasl", "", table(["topic", "subscribes"], found),
            "## Of the App Market", "", table(["topic"], market),
        ]
    )  # fmt: skip


PAGES: Final[dict[str, Callable[[], str]]] = {
    "commands": commands,
    "configuration": configuration,
    "api": api,
    "metrics": metrics,
    "topics": topics,
}
PIECES: Final[dict[str, Callable[[], str]]] = {
    "states": states,
    "origins": origins,
    "derived": derived,
    "errors": errors,
    "findings": findings,
}
