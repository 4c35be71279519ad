"""SECURITY.md names the test that tries each attack, and links to documents: all of them exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_attack_names_a_test_that_exists() -> None:
    rows = [line for line in TEXT.splitlines() if "| `tests/" in line]
    assert len(rows) >= 20
    for row in rows:
        [(path, name)] = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", row)
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in found if name else any(one.startswith("test_") for one in found), row


def test_every_document_it_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 8
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_every_command_it_names_exists() -> None:
    from entrypoints.cli.app import HELP  # noqa: PLC0415

    commands = set(re.findall(r"`wasl ([a-z-]+)", TEXT))
    assert commands
    assert commands <= set(HELP)
