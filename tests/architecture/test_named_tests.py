"""The documents on faults, degradation and complaints name tests: each has to exist, and each row has to name one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CELLS = {"docs/faults.md": 4, "docs/degradation.md": 4, "docs/complaints.md": 3}
HEADS = ("| fault |", "| faults |", "| feature |", "| complaint |")
ROWS = [
    (document, line)
    for document in CELLS
    for line in (ROOT / document).read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(HEADS)
]
NAMED = sorted({(one, *test) for one, row in ROWS for test in re.findall(r"`(tests/[^`]+)::(test_[a-z0-9_]+)`", row)})


@cache
def functions_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return {node.name for node in found}


@pytest.mark.parametrize(("document", "path", "name"), NAMED, ids=lambda part: Path(part).name)
def test_a_named_test_exists(document: str, path: str, name: str) -> None:
    assert (ROOT / path).is_file(), f"{document} names {path}, which is not there"
    assert name in functions_in(path), f"{document} names {name}, which {path} does not hold"


@pytest.mark.parametrize("document", CELLS)
def test_every_row_is_whole_and_says_what_shows_it(document: str) -> None:
    rows = [row for one, row in ROWS if one == document]
    assert len(rows) > 30
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == CELLS[document], row
        assert all(cells), row
        assert "::test_" in cells[-1], row
