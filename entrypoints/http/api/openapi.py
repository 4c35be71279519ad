"""The OpenAPI 3.1 document, made of the types that validate, so that it cannot promise what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

import msgspec

from entrypoints.http.once import KEY_HEADER, KEY_LENGTH, REPLAYED_HEADER
from entrypoints.http.path_ids import PATH_IDS
from entrypoints.http.problems import CONTENT_TYPE, KINDS
from entrypoints.http.routing import Route

Schema = Mapping[str, object]
_PARAMETER: Final = re.compile(r"{(\w+)}")
_REF: Final = "#/components/schemas/{name}"
_JSON: Final = "application/json"
AGE_HEADER: Final = "X-Data-Age"

_ALWAYS: Final = ("bad-request", "internal", "unavailable")
_KEYED: Final = ("unauthorized", "insufficient-scope", "https-required", "wrong-host", "rate-limited")
_WRITING: Final = ("conflict", "in-progress", "outcome-unknown", "key-reused", "too-large")
_ZID: Final = (
    "missing-scope", "zid-not-found", "conflict", "needs-reauthorization", "outcome-unknown", "zid-refused",
    "zid-rate-limited", "configuration", "unreadable",
)  # fmt: skip


class ProblemDocument(msgspec.Struct, frozen=True):
    """RFC 9457. `type` is stable; the address it names explains it. Some types add members of their own."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str


@cache
def describe(routes: tuple[Route, ...], version: str) -> bytes:
    """The document of the routes that have a summary."""
    return msgspec.json.encode(document(routes, version))


def document(routes: Iterable[Route], version: str) -> dict[str, object]:
    shown = [route for route in routes if route.summary]
    shapes = Shapes(shown)
    paths: dict[str, dict[str, object]] = {}
    for route in shown:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, shapes)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Wasl", "version": version},
        "paths": paths,
        "components": {
            "schemas": shapes.components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "wasl_…"}},
        },
    }


class Shapes:
    """The schemas of everything that some routes take and give."""

    def __init__(self, routes: Sequence[Route]) -> None:
        found = {shape for route in routes for shape in (route.answer, route.body, route.query) if shape}
        found |= {shape for route in routes for _, shape in route.other_answers}
        ordered = sorted(found | {ProblemDocument}, key=lambda shape: (shape.__name__, shape.__module__))
        schemas, self.components = msgspec.json.schema_components(ordered, ref_template=_REF)
        self._references: dict[type, Schema] = dict(zip(ordered, schemas, strict=True))
        self._hidden(routes)

    def of(self, shape: type) -> Schema:
        return self._references[shape]

    def whole(self, shape: type) -> Schema:
        """The schema itself, where a reference will not do."""
        schemas, components = msgspec.json.schema_components([shape], ref_template=_REF)
        name = str(schemas[0].get("$ref", "")).rpartition("/")[2]
        found: Schema = components.get(name, schemas[0])
        return found

    def _hidden(self, routes: Sequence[Route]) -> None:
        """Queries and forms are told parameter by parameter; as components they would only be in the way."""
        used = {shape for route in routes for shape in (route.answer, route.body) if shape}
        for query in {route.query for route in routes if route.query} - used:
            self.components.pop(str(self._references[query].get("$ref", "")).rpartition("/")[2], None)


def _operation(route: Route, shapes: Shapes) -> dict[str, object]:
    operation: dict[str, object] = {
        "operationId": _operation_id(route),
        "tags": [tag_of(route)],
        "summary": route.summary,
        "parameters": [*_path_parameters(route.path), *_query_parameters(route, shapes), *_header_parameters(route)],
        "responses": _responses(route, shapes),
    }
    if route.keyed:
        operation["security"] = [{"key": []}]
        operation["description"] = f"Needs a key with the scope `{route.needs}`."
    if route.body or route.upload:
        operation["requestBody"] = _request_body(route, shapes)
    return operation


def _operation_id(route: Route) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", route.path).strip("_")
    return f"{route.method.lower()}_{words}"


def tag_of(route: Route) -> str:
    """The noun that a path is about."""
    parts = [part for part in route.path.removeprefix("/v1").split("/") if part and not part.startswith("{")]
    return parts[1] if len(parts) > 1 and parts[0] == "stores" else parts[0]


def _request_body(route: Route, shapes: Shapes) -> dict[str, object]:
    if route.upload:
        fields: dict[str, object] = dict(shapes.whole(route.body)) if route.body else {"type": "object"}
        properties = fields.get("properties")
        known = dict(properties) if isinstance(properties, Mapping) else {}
        required = fields.get("required")
        fields["properties"] = {"image": {"type": "string", "format": "binary"}, **known}
        fields["required"] = ["image", *(required if isinstance(required, list) else [])]
        return {"required": True, "content": {"multipart/form-data": {"schema": fields}}}
    assert route.body is not None
    required_fields = shapes.whole(route.body).get("required")
    return {"required": bool(required_fields), "content": {_JSON: {"schema": shapes.of(route.body)}}}


# --- parameters ---------------------------------------------------------------


def _path_parameters(path: str) -> Iterable[dict[str, object]]:
    for name in _PARAMETER.findall(path):
        rule = PATH_IDS.get(name)
        schema = {"type": "string"} | ({"pattern": f"^{rule.pattern}$", "examples": [rule.example]} if rule else {})
        meaning = {"description": rule.meaning} if rule else {}
        yield {"name": name, "in": "path", "required": True, "schema": schema, **meaning}


def _query_parameters(route: Route, shapes: Shapes) -> Iterable[dict[str, object]]:
    if route.query is None:
        return
    schema = shapes.whole(route.query)
    properties, required = schema.get("properties"), schema.get("required")
    for name, found in properties.items() if isinstance(properties, Mapping) else ():
        needed = isinstance(required, list) and name in required
        yield {"name": name, "in": "query", "required": needed, "schema": _without_null(found)}


def _without_null(schema: Schema) -> Schema:
    """A parameter that is left out is left out: the text `null` means nothing."""
    options = schema.get("anyOf")
    if not isinstance(options, list):
        return schema
    rest = [option for option in options if option != {"type": "null"}]
    others = {name: value for name, value in schema.items() if name not in {"anyOf", "default"}}
    return {**others, **rest[0]} if len(rest) == 1 else {**others, "anyOf": rest}


def _header_parameters(route: Route) -> Iterable[dict[str, object]]:
    if route.keyed and route.writes:
        yield {
            "name": KEY_HEADER,
            "in": "header",
            "required": False,
            "description": "A repeat with the same key gets the first answer and does nothing; kept for 24 hours.",
            "schema": {"type": "string", "pattern": f"^[!-~]([ -~]{{0,{KEY_LENGTH - 2}}}[!-~])?$"},
        }


# --- answers ------------------------------------------------------------------


def _responses(route: Route, shapes: Shapes) -> dict[str, object]:
    done: dict[str, object] = {"description": "Done"}
    if route.answer is not None:
        done["content"] = {route.content_type: {"schema": _answer_schema(route, shapes)}}
    if headers := _response_headers(route):
        done["headers"] = headers
    others = {str(status): _content("Done", _JSON, shapes.of(shape)) for status, shape in route.other_answers}
    return {str(route.status): done, **others, **_problems(route, shapes)}


def _answer_schema(route: Route, shapes: Shapes) -> Schema:
    assert route.answer is not None
    if route.content_type != _JSON:
        return {"type": "string"}
    own = shapes.of(route.answer)
    if not route.raw:
        return own
    return {"anyOf": [own, {"type": "object", "description": "With `raw=true`: Zid's own JSON."}]}


def _response_headers(route: Route) -> dict[str, object]:
    headers: dict[str, object] = {}
    if route.aged:
        meaning = "Seconds since the oldest of what is shown was last seen at Zid; absent when Zid was asked."
        headers[AGE_HEADER] = {"description": meaning, "schema": {"type": "string", "pattern": "^[0-9]+$"}}
    if route.keyed and route.writes:
        headers[REPLAYED_HEADER] = {"description": "`true` on a repeat.", "schema": {"type": "string"}}
    return headers


def _problems(route: Route, shapes: Shapes) -> dict[str, object]:
    """Every problem this route may answer, by status."""
    slugs: dict[int, list[str]] = {}
    taken = {route.status, *(status for status, _ in route.other_answers)}
    for slug in dict.fromkeys(_slugs(route)):
        slugs.setdefault(KINDS[slug].status, []).append(slug)
    schema = shapes.of(ProblemDocument)
    return {
        str(status): _content(", ".join(f"`{slug}`" for slug in slugs[status]), CONTENT_TYPE, schema)
        for status in sorted(slugs.keys() - taken)
    }


def _slugs(route: Route) -> Iterable[str]:
    yield from _ALWAYS
    if route.keyed:
        yield from _KEYED
        if route.writes:
            yield from _WRITING
    if "{" in route.path:
        yield "not-found"
    if route.zid:
        yield from _ZID
    yield from route.problems


def _content(description: str, content_type: str, schema: object) -> dict[str, object]:
    return {"description": description, "content": {content_type: {"schema": schema}}}
