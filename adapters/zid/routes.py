"""Every operation's place at Zid: one row each, kept by noun in `rows`."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, TypeVar, cast

from adapters.zid.route import Route, Table
from adapters.zid.rows import account, categories, orders, people, products
from core.domain.operations.operation import Operation

R = TypeVar("R")

ROUTES: Final[Table] = MappingProxyType(
    {**account.ROWS, **orders.ROWS, **products.ROWS, **categories.ROWS, **people.ROWS}
)


def route_of(operation: Operation[R]) -> Route[Operation[R], R]:
    """The row of an operation. KeyError for one without a row; a test asks for all."""
    # The table is keyed by the operation's type, which the type system cannot tie to the row's parameters.
    return cast("Route[Operation[R], R]", ROUTES[type(operation)])
