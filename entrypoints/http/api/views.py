"""Answers made of the core's clean values: the same fields, but for Zid's own JSON, which only `?raw=true` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache, reduce
from operator import or_
from types import GenericAlias, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from entrypoints.http.api.shapes import Moment, Told

RAW: Final = "raw"


@cache
def told(kind: type) -> type[Told]:
    """The answer's type for a clean value's type, always the same one; values inside it follow suit."""
    hints = get_type_hints(kind)
    members = [(field.name, _shown(hints[field.name], kind)) for field in fields(kind) if field.name != RAW]
    made = shape(kind.__name__, members, _first_line(kind))
    # Where a type contains itself, such as variants of products, its name is looked up here.
    globals()[made.__name__] = made
    return made


def tell(kind: type, value: object) -> Told:
    """The value as its answer."""
    return msgspec.convert(value, told(kind), from_attributes=True)


@cache
def page_of(kind: type) -> type[Told]:
    """`{"items": […], "next_cursor": …}` of such values."""
    shown = told(kind)
    members = [("items", GenericAlias(list, (shown,))), ("next_cursor", str | None, None)]
    return shape(f"{shown.__name__}Page", members, "One page; the next begins at `next_cursor`, null at the end.")


def shape(name: str, members: Sequence[Any], meaning: str) -> type[Told]:
    """An answer's type whose members are `(name, type[, default])`."""
    made = msgspec.defstruct(name, members, bases=(Told,), frozen=True, module=__name__)
    made.__doc__ = meaning
    assert issubclass(made, Told)
    return made


def _shown(hint: Any, inside: type) -> Any:
    if hint is inside:
        return inside.__name__
    if hint is datetime:
        return Moment
    if isinstance(hint, type) and is_dataclass(hint):
        return told(hint)
    arguments = get_args(hint)
    if not arguments:
        return hint
    shown = tuple(_shown(argument, inside) for argument in arguments)
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return reduce(or_, shown)
    return GenericAlias(dict if origin is Mapping else origin, shown)


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().partition("\n")[0]
