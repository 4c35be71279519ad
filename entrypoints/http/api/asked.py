"""Request bodies made of the core's parameter values: checked by type on the way in, handed over as those values.

What a body leaves out is left out towards Zid (`KEEP`); null clears. Amounts are text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, reduce
from operator import or_
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from core.domain.keep import KEEP, Keep
from entrypoints.http.api.shapes import Amount, Asked, Moment

# PostgreSQL's text holds every character but NUL, and the audit may repeat an id.
Text = Annotated[str, msgspec.Meta(max_length=10_000, pattern=r"^[^\x00]*$")]
ZidId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="An id of Zid's.")]
Whole = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
LONGEST_LIST: Final = 200

_PLAIN: Final[Mapping[Any, Any]] = {str: Text, int: Whole, Decimal: Amount, datetime: Moment}


def asked(kind: type, without: frozenset[str] = frozenset(), needs: frozenset[str] = frozenset()) -> type[Asked]:
    """The body's type for a parameter value's type.

    `without` are the members that the path tells, `needs` those that must be there
    although the value could do without them, as in what makes a new thing.
    """
    return _made(kind, without, needs)


@cache
def _made(kind: type, without: frozenset[str], needs: frozenset[str]) -> type[Asked]:
    hints = get_type_hints(kind)
    members = [
        _member(field, hints[field.name], needed=field.name in needs)
        for field in fields(kind)
        if field.name not in without
    ]
    name = f"New{kind.__name__}" if needs else f"{kind.__name__}Body"
    made = msgspec.defstruct(name, members, bases=(Asked,), frozen=True, module=__name__, kw_only=True)
    made.__doc__ = (kind.__doc__ or "").strip().partition("\n")[0]
    assert issubclass(made, Asked)
    return made


def taken(kind: type, body: msgspec.Struct, without: Collection[str] = (), **more: object) -> Any:
    """The parameter value that a body says; `more` are its members from elsewhere."""
    hints = get_type_hints(kind)
    given = {
        field.name: _value(hints[field.name], getattr(body, field.name))
        for field in fields(kind)
        if field.name not in without and getattr(body, field.name) is not msgspec.UNSET
    }
    return kind(**given, **more)


def _member(field: Field[Any], hint: Any, *, needed: bool) -> tuple[Any, ...]:
    shown = _shown(hint, is_id=_is_id(field))
    if needed:
        return field.name, shown
    if field.default is KEEP:
        return field.name, shown | msgspec.UnsetType, msgspec.UNSET
    if field.default is not MISSING:
        return field.name, shown, _default(field.default)
    if field.default_factory is not MISSING:
        return field.name, shown, msgspec.field(default_factory=field.default_factory)
    return field.name, _many(hint, is_id=_is_id(field), at_least=1) if get_origin(hint) is tuple else shown


def _default(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value


def _shown(hint: Any, *, is_id: bool) -> Any:
    """The type a body has in place of the core's."""
    if is_id and hint is str:
        return ZidId
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return asked(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return reduce(or_, (_shown(one, is_id=is_id) for one in arguments if one is not Keep))
    if origin is tuple:
        return _many(hint, is_id=is_id)
    return dict[str, Any] if origin is Mapping else hint


def _many(hint: Any, *, is_id: bool, at_least: int = 0) -> Any:
    members = GenericAlias(list, (_shown(get_args(hint)[0], is_id=is_id),))
    return Annotated[members, msgspec.Meta(min_length=at_least, max_length=LONGEST_LIST)]


def _is_id(field: Field[Any]) -> bool:
    return field.name == "id" or field.name.endswith(("_id", "_ids"))


def _value(hint: Any, given: Any) -> Any:
    """What the core takes for what was given."""
    match given:
        case msgspec.Struct():
            return taken(_dataclass_in(hint), given)
        case list():
            inner = next(get_args(option)[0] for option in _options(hint) if get_origin(option) is tuple)
            return tuple(_value(inner, one) for one in given)
        case str() if Decimal in _options(hint):
            return Decimal(given)
        case _:
            return given


def _dataclass_in(hint: Any) -> type:
    return next(option for option in _options(hint) if isinstance(option, type) and is_dataclass(option))


def _options(hint: Any) -> tuple[Any, ...]:
    """The members of a union, or the type alone."""
    found = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(option for option in found if option not in (Keep, NoneType))
