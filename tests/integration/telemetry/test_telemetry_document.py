"""The table of log lines says what the code logs: every warning and error, at its level, and no line that is gone."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from core.domain.tracing import SpanName

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "telemetry.md").read_text(encoding="utf-8")
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}
TRYING_OUT = ("adapters/embedded", "entrypoints/up", "entrypoints/cli", "sandbox")
"""Nobody operates these."""
LIBRARIES = "library"
"""Logged by whatever level a library chose."""


def documented() -> dict[str, str]:
    return dict(re.findall(r"^\| `([a-z_]+)` \| (info|warning|error) \|", TEXT, re.MULTILINE))


@cache
def logged() -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for package in ("core", "adapters", "config", "entrypoints"):
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "get_logger()" in text and not path.relative_to(ROOT).as_posix().startswith(TRYING_OUT):
                for name, level in _lines(ast.parse(text)):
                    found[name].add(level)
    return found


def _lines(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Calls like `log.warning("name", …)`; `say("name", …)` and `log.log(level, "name")` choose their level."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log" | "told"), attr=level), args=[ast.Constant(str(name)), *_]
            ) if level in LEVELS:
                yield name, LEVELS[level]
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log"), attr="log"), args=[_, ast.Constant(str(name)), *_]
            ):
                yield from ((name, level) for level in ("info", "warning"))
            case ast.Call(func=ast.Name(id="say"), args=[ast.Constant(str(name)), *_]):
                yield name, "warning"


def test_every_warning_and_error_is_explained() -> None:
    missing = {name: levels for name, levels in logged().items() if levels & {"warning", "error"}}
    assert {name: levels for name, levels in missing.items() if name not in documented()} == {}


def test_what_is_explained_is_logged_at_that_level() -> None:
    found = logged()
    wrong = {
        name: (level, sorted(found.get(name, ())))
        for name, level in documented().items()
        if name != LIBRARIES and level not in found.get(name, ())
    }
    assert wrong == {}


def test_every_span_is_explained() -> None:
    assert [name.value for name in SpanName if f"| `{name.value}` |" not in TEXT] == []
