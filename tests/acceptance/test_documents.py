"""What the documents tell people to type is typed, and what they tell them to write is run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from core.features.event_handlers import Handlers
from tests.acceptance.story import Service
from tests.acceptance.wasl_up import TREE, WaslUp, environment, running
from tests.documents import Block, blocks
from tests.eventually import eventually

ALL = list(blocks())
SHELL = [block for block in ALL if block.language == "sh"]
PYTHON = [block for block in ALL if block.language == "python"]
SHOP = next(block for block in PYTHON if block.document == "docs/quick-start.md")
TESTS_OF_AN_APP = "from shop import"
"""Tests are run by pytest in a project of their own: tests/acceptance/test_handler_of_another_project.py."""
KEYS = 8
"""Examples name keys by number: so many are there."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quick start's file."""
    place = tmp_path_factory.mktemp("app")
    (place / "shop.py").write_text(SHOP.text)
    place.chmod(0o755)
    return place


@pytest.fixture(scope="module")
def up(shop: Path) -> Iterator[WaslUp]:
    with running("--no-demo", WASL_HANDLERS="shop", PYTHONPATH=f"{TREE}{os.pathsep}{shop}") as started:
        Service(started).quiet_store(orders=2)
        for number in range(KEYS):
            assert started.wasl("api-keys", "create", f"key-{number}").returncode == 0
        yield started


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """`wasl` as a word."""
    place = tmp_path_factory.mktemp("bin")
    script = place / "wasl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m entrypoints.cli "$@"\n')
    script.chmod(0o755)
    return f"{place}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize("block", [block for block in SHELL if block.reason is None], ids=str)
def test_what_people_are_told_to_type_works(block: Block, up: WaslUp, shop: Path, path: str) -> None:
    done = subprocess.run(
        [shutil.which("sh") or "sh", "-euc", block.text],
        cwd=up.home,
        env=environment(PATH=path, PYTHONPATH=f"{TREE}{os.pathsep}{shop}", WASL_HANDLERS="shop"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize(
    "block", [block for block in PYTHON if not (block.reason or TESTS_OF_AN_APP in block.text)], ids=str
)
def test_what_people_are_told_to_write_runs(block: Block) -> None:
    module = ModuleType(f"documented_{block.number}")
    exec(compile(block.text, str(block), "exec"), vars(module))
    marked = Handlers.of([module]).all
    assert bool(marked) == ("@on(" in block.text)


def test_the_quick_starts_handler_sees_the_order(up: WaslUp) -> None:
    assert up.wasl("trigger", "order.create").returncode == 0
    log = up.home / ".wasl" / "logs" / "consumer.log"
    assert eventually(lambda: "order_seen" in log.read_text(), seconds=60)
