"""Our top-level packages have everyday names; another package of the same name must not run in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Final

OWN_PACKAGES: Final = ("core", "adapters", "config", "entrypoints", "sandbox", "migrations")
TREE: Final = Path(__file__).resolve().parents[2]
"""The directory that holds our packages: the checkout, or site-packages."""


@dataclass(frozen=True, slots=True)
class ForeignPackage:
    """One of our names, resolved outside our tree; `found` is None where it does not resolve at all."""

    name: str
    found: Path | None
    expected: Path

    def __str__(self) -> str:
        if self.found is None:
            return f"the package '{self.name}' is missing: it belongs at {self.expected}; install wasl again"
        return (
            f"the package '{self.name}' resolves to {self.found}, but wasl's own is {self.expected}:"
            " rename yours, or take its directory off PYTHONPATH"
        )


def foreign_packages(
    tree: Path = TREE, find: Callable[[str], ModuleSpec | None] = find_spec
) -> Sequence[ForeignPackage]:
    """Those of our packages that an import would not take from `tree`; imports nothing."""
    places = {name: _place(find(name)) for name in OWN_PACKAGES}
    return [
        ForeignPackage(name, place, tree / name)
        for name, place in places.items()
        if place is None or place != tree / name
    ]


def _place(spec: ModuleSpec | None) -> Path | None:
    """The package's directory, or the file of a module that is no package."""
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin).resolve() if spec.origin else None
