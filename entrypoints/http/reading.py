"""Reading requests strictly: what is unknown, repeated, malformed or too long is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeVar, get_args

import msgspec
from aiohttp import web

from entrypoints.http.problems import Refusal, bad_request
from entrypoints.http.routing import NoQuery

S = TypeVar("S", bound=msgspec.Struct)

_PLACE: Final = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_UNKNOWN: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")


def read_query(request: web.Request, shape: type[S]) -> S:
    """The query as a value; 400 names the parameter that is unknown, repeated or wrong."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise bad_request(name, "give it once")
        given[name] = value
    try:
        found = msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(error, shape, "query parameter") from error
    for name, text in given.items():
        _refuse_loose(name, text, getattr(found, name))
    return found


def _refuse_loose(name: str, text: str, value: object) -> None:
    """Each value has one spelling: converting alone would also take `null`, `1` for true, and `1.0` for 1."""
    match value:
        case None:
            raise bad_request(name, "leave it out to say nothing")
        case bool() if text not in {"true", "false"}:
            raise bad_request(name, "`true` or `false`")
        case int() if not isinstance(value, bool) and text != str(value):
            raise bad_request(name, "a whole number, in digits alone")


def no_query(request: web.Request) -> None:
    """For routes without query parameters."""
    read_query(request, NoQuery)


async def read_body(request: web.Request, shape: type[S]) -> S:
    """The JSON body as a value; an empty body means `{}`."""
    content = await request.read()
    try:
        return msgspec.json.decode(content or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise _refusal(error, shape, "field") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request("body", f"must be JSON ({error})") from error


def read_fields(fields: Mapping[str, str], shape: type[S]) -> S:
    """The text fields of a form as a value."""
    try:
        return msgspec.convert(dict(fields), shape, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(error, shape, "field") from error


async def read_object(request: web.Request) -> Mapping[str, object]:
    """The JSON body before it is checked against a shape; empty where it is no object."""
    try:
        found = msgspec.json.decode(await request.read() or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad_request("body", f"must be JSON ({error})") from error
    return found if isinstance(found, dict) else {}


def _refusal(error: msgspec.ValidationError, shape: type[msgspec.Struct], what: str) -> Refusal:
    message = str(error)
    if unknown := _UNKNOWN.search(message):
        known = ", ".join(shape.__struct_encode_fields__) or "none"
        return bad_request(unknown["name"], f"unknown {what}; known are: {known}")
    if missing := _MISSING.search(message):
        return bad_request(missing["name"], f"this {what} is required")
    place = _PLACE.search(message)
    name = place["place"] if place else "body"
    return bad_request(name, _PLACE.sub("", message) + _choices(shape, name))


def _choices(shape: type[msgspec.Struct], name: str) -> str:
    """The values that a field of a fixed set of words may have."""
    for field in msgspec.structs.fields(shape):
        for kind in (field.type, *get_args(field.type)):
            if field.encode_name == name and isinstance(kind, type) and issubclass(kind, Enum):
                return "; one of " + ", ".join(str(member.value) for member in kind)
    return ""
