"""The sections of the console, in the order in which they stand in the navigation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Section:
    """A link of the navigation. Its text is `nav.<name>`; `letter` opens it after g on a keyboard."""

    name: str
    path: str
    letter: str


SECTIONS: Final = (
    Section("overview", "/console", "o"),
    Section("stores", "/console/stores", "s"),
    Section("events", "/console/events", "e"),
    Section("dead", "/console/dead", "d"),
    Section("catalog", "/console/catalog", "c"),
    Section("alerts", "/console/alerts", "l"),
    Section("audit", "/console/audit", "a"),
    Section("settings", "/console/settings", "t"),
)


@dataclass(frozen=True, slots=True)
class Crumb:
    """A page above the present one. `text` is shown as it is: a title of somebody's, or an id."""

    text: str
    path: str


Crumbs = Sequence[Crumb]


def section_of(path: str) -> str:
    """The section that a page belongs to, by the longest beginning of its address."""
    found = [one for one in SECTIONS if path == one.path or path.startswith(f"{one.path}/")]
    return max(found, key=lambda one: len(one.path)).name if found else ""
