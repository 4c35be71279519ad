"""Every operation's place at Zid: one row each, kept by noun in `rows`."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, TypeVar, cast

from adapters.zid.route import Route, Table
from adapters.zid.rows import (
    account,
    attributes,
    categories,
    marketing,
    orders,
    people,
    product_parts,
    products,
    returns,
    settings,
    stocks,
    vouchers,
)
from core.domain.operations.operation import Operation

R = TypeVar("R")

_NOUNS: Final = (
    account,
    attributes,
    categories,
    marketing,
    orders,
    people,
    product_parts,
    products,
    returns,
    settings,
    stocks,
    vouchers,
)
ROUTES: Final[Table] = MappingProxyType({kind: row for noun in _NOUNS for kind, row in noun.ROWS.items()})


def route_of(operation: Operation[R]) -> Route[Operation[R], R]:
    """The row of an operation. KeyError for one without a row; a test asks for all."""
    # The table is keyed by the operation's type, which the type system cannot tie to the row's parameters.
    return cast("Route[Operation[R], R]", ROUTES[type(operation)])
