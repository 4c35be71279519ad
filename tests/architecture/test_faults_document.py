"""docs/faults.md names tests; each of them has to exist, and each row has to name one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    line
    for line in (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| fault |", "| faults |"))
]
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)::(test_[a-z0-9_]+)`", "\n".join(ROWS))))


@cache
def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return {node.name for node in found}


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda part: Path(part).name)
def test_a_named_test_exists(path: str, name: str) -> None:
    assert (ROOT / path).is_file(), f"docs/faults.md names {path}, which is not there"
    assert name in functions_in(path), f"docs/faults.md names {name}, which {path} does not hold"


def test_every_fault_says_what_is_lost_what_helps_and_what_shows_it() -> None:
    assert len(ROWS) > 30
    for row in ROWS:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 4, row
        assert all(cells), row
        assert "::test_" in cells[3], row
