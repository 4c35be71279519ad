"""The OpenAPI document as people read it: by noun, each operation with what it takes and gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from entrypoints.http.api.openapi import document
from entrypoints.http.routing import Route

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter, or one member of a shape. `place` is where a parameter stands: path, query, header."""

    name: str
    type: str
    shape: str | None
    required: bool
    meaning: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One status and what it means; `shape` names what comes with it."""

    status: str
    meaning: str
    type: str
    shape: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    meaning: str
    keyed: bool
    parameters: Sequence[Member]
    body: Member | None
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Shape:
    """One value as it travels."""

    name: str
    meaning: str
    type: str
    members: Sequence[Member]


@dataclass(frozen=True, slots=True)
class Reference:
    """Everything: operations by noun, and the shapes they speak of."""

    groups: Mapping[str, Sequence[Operation]]
    shapes: Sequence[Shape]


@cache
def reference(routes: tuple[Route, ...], version: str) -> Reference:
    """The reference of the routes that have a summary."""
    described: Any = document(routes, version)
    groups: dict[str, list[Operation]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    shapes = [_shape(name, schema) for name, schema in sorted(described["components"]["schemas"].items())]
    return Reference(groups, shapes)


def _operation(method: str, path: str, described: Schema) -> Operation:
    return Operation(
        id=described["operationId"],
        method=method.upper(),
        path=path,
        summary=described["summary"],
        meaning=described.get("description", ""),
        keyed="security" in described,
        parameters=[_parameter(one) for one in described["parameters"]],
        body=_body(described.get("requestBody")),
        answers=[_answer(status, one) for status, one in described["responses"].items()],
    )


def _parameter(described: Schema) -> Member:
    schema = described["schema"]
    meaning = described.get("description") or schema.get("description", "")
    return Member(described["name"], type_of(schema), shape_of(schema), described["required"], meaning, described["in"])


def _body(described: Schema | None) -> Member | None:
    if described is None:
        return None
    content_type, content = next(iter(described["content"].items()))
    schema = content["schema"]
    return Member(content_type, type_of(schema), shape_of(schema), described["required"], "")


def _answer(status: str, described: Schema) -> Answer:
    content = next(iter(described.get("content", {}).values()), None)
    if content is None:
        return Answer(status, described["description"], "", None)
    return Answer(status, described["description"], type_of(content["schema"]), shape_of(content["schema"]))


def _shape(name: str, schema: Schema) -> Shape:
    required = schema.get("required", ())
    members = [
        Member(member, type_of(one), shape_of(one), member in required, one.get("description", ""))
        for member, one in schema.get("properties", {}).items()
    ]
    return Shape(name, schema.get("description", ""), type_of(schema), members)


def type_of(schema: Schema) -> str:
    """A schema in a few words."""
    if reference_ := schema.get("$ref"):
        return str(reference_).rpartition("/")[2]
    if options := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(type_of(option) for option in options))
    if values := schema.get("enum"):
        return " | ".join(map(str, values))
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    return " ".join([kind, *_limits(schema)])


def _limits(schema: Schema) -> Iterable[str]:
    if given := schema.get("format"):
        yield f"({given})"
    words = {"minimum": "≥", "maximum": "≤", "exclusiveMaximum": "<", "maxLength": "up to", "maxItems": "up to"}
    for name, word in words.items():
        if name in schema:
            yield f"{word} {schema[name]}"
    if "default" in schema and schema["default"] not in (None, ""):
        yield f"= {schema['default']}"


def shape_of(schema: Schema) -> str | None:
    """The one named shape that a schema speaks of, to link to."""
    if reference_ := schema.get("$ref"):
        return str(reference_).rpartition("/")[2]
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if isinstance(schema.get("items"), Mapping) else ())]
    return next((found for one in inner if (found := shape_of(one))), None)
