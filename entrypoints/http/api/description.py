"""`GET /openapi.json` and `GET /docs`: built from the route table, so they cannot promise what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

import msgspec
from aiohttp import web

from entrypoints.http.pages import page
from entrypoints.http.problems import CONTENT_TYPE, KINDS, TYPE_PREFIX, Kind, not_found
from entrypoints.http.routing import ROUTES as BY_PATH
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES

_PARAMETER: Final = re.compile(r"{(\w+)}")
_REF: Final = "#/components/schemas/{name}"


class ProblemDocument(msgspec.Struct, frozen=True):
    """RFC 9457. `type` is stable; the address it names explains it. Some types add members of their own."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str


@cache
def describe(routes: tuple[Route, ...], version: str) -> bytes:
    """The OpenAPI 3.1 document of the routes that have a summary."""
    shown = [route for route in routes if route.summary]
    shapes = {shape for route in shown for shape in (route.answer, route.body) if shape} | {ProblemDocument}
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=_REF)
    references = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, object]] = {}
    for route in shown:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Wasl", "version": version},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "wasl_…"}},
        },
    }
    return msgspec.json.encode(document)


def _operation(route: Route, references: Mapping[type, object]) -> dict[str, object]:
    operation: dict[str, object] = {
        "summary": route.summary,
        "parameters": [*_path_parameters(route.path), *_query_parameters(route.query)],
        "responses": {
            str(route.status): _content("Done", "application/json", references.get(route.answer or object, {})),
            "default": _content("A problem", CONTENT_TYPE, references[ProblemDocument]),
        },
    }
    if route.access is Access.API_KEY:
        operation["security"] = [{"key": []}]
    if route.body:
        operation["requestBody"] = {"content": {"application/json": {"schema": references[route.body]}}}
    return operation


def _content(description: str, content_type: str, schema: object) -> dict[str, object]:
    return {"description": description, "content": {content_type: {"schema": schema}}}


def _path_parameters(path: str) -> Iterable[dict[str, object]]:
    for name in _PARAMETER.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(query: type[msgspec.Struct] | None) -> Iterable[dict[str, object]]:
    if query is None:
        return
    _, components = msgspec.json.schema_components([query], ref_template=_REF)
    schema = components[query.__name__]
    for name, property_schema in schema.get("properties", {}).items():
        required = name in schema.get("required", [])
        yield {"name": name, "in": "query", "required": required, "schema": property_schema}


async def openapi(request: web.Request) -> web.Response:
    content = describe(_all(request), request.app[SERVICES].settings.version)
    return web.Response(body=content, content_type="application/json")


async def docs(request: web.Request) -> web.Response:
    shown: Sequence[Route] = [route for route in _all(request) if route.summary]
    return page(request, "docs.html", {"routes": shown, "key": Access.API_KEY})


async def explain(request: web.Request) -> web.Response:
    """What the `type` of a problem points to."""
    kind: Kind | None = KINDS.get(request.match_info["slug"])
    if kind is None:
        raise not_found("such kind of problem")
    return page(request, "problem.html", {"kind": kind})


def _all(request: web.Request) -> tuple[Route, ...]:
    return tuple(request.app[BY_PATH].values())


ROUTES = (
    Route("GET", "/openapi.json", openapi, quiet=True),
    Route("GET", "/docs", docs, page=True, quiet=True),
    Route("GET", TYPE_PREFIX + "{slug}", explain, page=True, quiet=True),
)
