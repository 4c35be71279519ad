"""What the README says about the code is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from core.domain.topics import DERIVED_SOURCES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_every_derived_topic_is_named() -> None:
    missing = [topic for topic in DERIVED_SOURCES if f"`{topic}`" not in README]
    assert missing == []


def test_every_file_it_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert [link for link in links if not link.startswith("http") and not (ROOT / link).exists()] == []
