"""The site builds strictly, says what the code says, and asks nothing of anybody else's server."""

import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from adapters.prometheus.catalogue import CATALOGUE, PREFIX
from config.settings import Settings
from core.domain.event_states import MOVES
from entrypoints.cli.app import SECTIONS
from entrypoints.http.app import ALL_ROUTES

ROOT = Path(__file__).resolve().parents[2]
ASKS = re.compile(r'<(?:script|img|link|iframe)[^>]*\b(?:src|href)="?(https?:[^" >]+)')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(place)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return place


def page(site: Path, name: str) -> str:
    return (site / f"{name}.html").read_text(encoding="utf-8")


def words(site: Path, name: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", page(site, name)))


def test_no_page_asks_anybody_else(site: Path) -> None:
    asked = {
        (path.name, found) for path in site.rglob("*.html") for found in ASKS.findall(path.read_text(encoding="utf-8"))
    }
    assert asked == set()


def test_every_metric_setting_and_command_has_its_place(site: Path) -> None:
    metrics, settings, commands = (
        words(site, f"reference/{name}") for name in ("metrics", "configuration", "commands")
    )
    assert [name for name in CATALOGUE if PREFIX + name not in metrics] == []
    assert [name for name in Settings.model_fields if name.upper() not in settings] == []
    assert [name for section in SECTIONS.values() for name in section if f"wasl {name}" not in commands] == []


def test_every_operation_of_the_api_has_its_place(site: Path) -> None:
    text = words(site, "reference/api")
    assert [route.path for route in ALL_ROUTES if route.summary and f"{route.method} {route.path}" not in text] == []


def test_the_drawing_has_an_arrow_for_each_legal_move(site: Path) -> None:
    drawing = page(site, "concepts").split('<svg class="states"')[1].split("</svg>")[0]
    assert drawing.count("<line ") == sum(map(len, MOVES.values()))
    assert drawing.count("<rect ") == len(MOVES)
