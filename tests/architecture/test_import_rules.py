"""The import rules hold, and break the build when they are broken."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LINT, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False)


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    for package in ("core", "adapters", "config", "entrypoints", "sandbox", "migrations", "tests/architecture"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_tree_keeps_every_contract(copied_tree: Path) -> None:
    result = lint(copied_tree)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("where", "planted", "broken"),
    [
        ("core/domain/money.py", "import aiohttp", "The core is pure"),
        ("core/features/sweep.py", "import asyncio", "The core is pure"),
        ("core/domain/money.py", "import core.ports.system", "Inside the core"),
        ("adapters/system.py", "import config.settings", "Dependencies point inwards"),
        ("sandbox/settings.py", "import core.errors", "The sandbox shares no code"),
    ],
)
def test_a_planted_import_breaks_the_build(copied_tree: Path, where: str, planted: str, broken: str) -> None:
    file = copied_tree / where
    file.write_text(file.read_text().replace("\nfrom ", f"\n{planted}\nfrom ", 2))
    result = lint(copied_tree)
    assert result.returncode != 0
    assert f"{broken}" in result.stdout
    assert "BROKEN" in result.stdout


IMPURE_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7", "open", "print", "input"}


def test_the_core_asks_no_clock_and_draws_no_id() -> None:
    """Time, chance and ids come in as arguments or ports; `clock.now()` of a port is one."""
    found = []
    for file in (ROOT / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called.split(".")[-1] in IMPURE_CALLS and "clock" not in called:
                    found.append(f"{file.relative_to(ROOT)}:{node.lineno} {called}")
    # A vault and a batch of a port are opened, too.
    assert [place for place in found if not place.endswith((".open",))] == []


def test_nobody_is_called_utils() -> None:
    """A module that everybody imports and nobody can name."""
    forbidden = {"utils", "helpers", "manager", "base", "common", "misc"}
    names = [
        path
        for package in ("core", "adapters", "config", "entrypoints", "sandbox")
        for path in (ROOT / package).rglob("*.py")
    ]
    assert [path for path in names if path.stem in forbidden or forbidden & set(path.parts)] == []


def test_unit_tests_use_fakes_not_mocks() -> None:
    found = [
        path
        for path in (ROOT / "tests").rglob("test_*.py")
        if "unittest.mock" in path.read_text() and path.name != Path(__file__).name
    ]
    assert found == []
