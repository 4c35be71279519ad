"""A new operation of Zid's touches four places; whichever is forgotten is named here."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.zid.routes import ROUTES
from core.domain import operations
from core.domain.operations import operation as the_bases
from core.domain.operations.operation import Operation
from sandbox.server import create_app
from sandbox.settings import SandboxSettings

TESTS = Path(__file__).resolve().parents[1]
FIXTURES = TESTS / "fixtures" / "zid" / "operations"
PERFORMED = "".join(path.read_text() for path in (TESTS / "integration" / "zid").glob("test_*_with_sandbox.py"))


@dataclass(frozen=True)
class Places:
    """Where operations stand: by name, and by (method, path) with empty braces."""

    core: frozenset[str]
    routes: Mapping[str, tuple[str, str]]
    sandbox: frozenset[tuple[str, str]]
    fixtures: frozenset[str]


def forgotten(places: Places) -> list[str]:
    """One line per operation and place that it lacks."""
    return [*_without_a_value(places), *_without_a_row(places), *_not_served(places), *_without_a_fixture(places)]


def _without_a_value(places: Places) -> Iterable[str]:
    for name in sorted((set(places.routes) | places.fixtures) - places.core):
        yield f"{name} is no value in core/domain/operations"


def _without_a_row(places: Places) -> Iterable[str]:
    for name in sorted(places.core - set(places.routes)):
        yield f"{name} has no row in adapters/zid/rows"


def _not_served(places: Places) -> Iterable[str]:
    for name, (method, path) in sorted(places.routes.items()):
        if (method, path) not in places.sandbox:
            yield f"{name} is not served by the sandbox: {method} {path} in sandbox/api"


def _without_a_fixture(places: Places) -> Iterable[str]:
    for name in sorted(places.core - places.fixtures):
        yield f"{name} has no answer to read: tests/fixtures/zid/operations/{name}.json"


def every_operation() -> frozenset[str]:
    """The operations that core offers, without the classes they are made from."""
    names = [f"{operations.__name__}.{module.name}" for module in pkgutil.iter_modules(operations.__path__)]
    offered = [value for name in names for value in vars(importlib.import_module(name)).values()]
    kinds = {value for value in offered if isinstance(value, type) and issubclass(value, Operation)}
    return frozenset(kind.__name__ for kind in kinds if kind.__module__ != the_bases.__name__)


def served(app: web.Application) -> frozenset[tuple[str, str]]:
    """What the sandbox's own router answers, apart from its last row for all the rest."""
    routes = [(route.method, route.resource) for route in app.router.routes()]
    return frozenset((method, _bare(resource.canonical)) for method, resource in routes if resource and method != "*")


def _bare(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _name(kind: type[Operation[Any]]) -> str:
    return kind.__name__


@pytest.fixture(scope="module")
def places() -> Places:
    return Places(
        core=every_operation(),
        routes={_name(kind): (row.method, _bare(row.template)) for kind, row in ROUTES.items()},
        sandbox=served(create_app(SandboxSettings(port=0))),
        fixtures=frozenset(path.stem for path in FIXTURES.glob("*.json")),
    )


NAMES = sorted(map(_name, ROUTES))


def test_every_operation_stands_in_all_four_places(places: Places) -> None:
    assert forgotten(places) == []
    assert len(places.core) == len(NAMES) > 100


@pytest.mark.parametrize("name", NAMES)
def test_a_forgotten_place_is_named(places: Places, name: str) -> None:
    method, path = places.routes[name]
    routes = {other: row for other, row in places.routes.items() if other != name}
    without = {
        "core/domain/operations": replace(places, core=places.core - {name}),
        "adapters/zid/rows": replace(places, routes=routes),
        "sandbox/api": replace(places, sandbox=places.sandbox - {(method, path)}),
        "tests/fixtures": replace(places, fixtures=places.fixtures - {name}),
    }
    for place, tree in without.items():
        (line,) = forgotten(tree)
        assert line.startswith(f"{name} ")
        assert place in line


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_is_performed_against_the_sandbox(name: str) -> None:
    assert f"{name}(" in PERFORMED, f"{name} is performed in no tests/integration/zid/test_*_with_sandbox.py"
