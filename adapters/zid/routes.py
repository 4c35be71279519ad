"""Every operation's place at Zid: one row each.

Paths, bodies and answers: docs.zid.sa and Zid's official SDK; nothing here is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import quote

import orjson

from adapters.zid.answers import read_document
from adapters.zid.headers import Family
from adapters.zid.subscriptions import read_subscription, read_subscriptions
from core.domain.documents import Document, sub, text
from core.domain.exchange import Answer
from core.domain.operations.account import GetProfile
from core.domain.operations.operation import Operation
from core.domain.operations.orders import GetOrder
from core.domain.operations.products import GetProduct
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks
from core.domain.stores import read_profile
from core.errors import UnknownShape

Op = TypeVar("Op")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Route(Generic[Op, R]):
    """Where an operation goes, what it sends, how its answer is read.

    `absent` are the statuses that mean "nothing to do" for this operation; their result is None.
    """

    method: str
    family: Family
    path: Callable[[Op], str]
    read: Callable[[Answer], R]
    query: Callable[[Op], Mapping[str, str]] = lambda _: {}
    json: Callable[[Op], object] | None = None
    absent: frozenset[int] = frozenset()

    def body(self, operation: Op) -> bytes | None:
        """The JSON to send, if any."""
        return orjson.dumps(self.json(operation)) if self.json else None

    def result(self, answer: Answer) -> R:
        """What the gateway returns for an answer that was accepted."""
        if answer.status in self.absent:
            # Only operations whose result may be None name such statuses.
            return cast("R", None)
        return self.read(answer)


PROFILE_PATH: Final = "/v1/managers/account/profile"
_WEBHOOKS: Final = "/v1/managers/webhooks"


def _segment(found_id: str) -> str:
    """An id as one path segment; UnknownShape for what would lead to another path."""
    if found_id.strip(".") == "":
        raise UnknownShape(f"{found_id!r} is no id")
    return quote(found_id, safe="")


def _order_path(wanted: GetOrder) -> str:
    return f"/v1/managers/store/orders/{_segment(wanted.order_id)}/view"


def _product_path(wanted: GetProduct) -> str:
    return f"/v1/products/{_segment(wanted.product_id)}/"


def _by_original_id(wanted: DeleteWebhooks) -> Mapping[str, str]:
    return {"original_id": wanted.original_id}


def _read_order(answer: Answer) -> Document:
    """`{status, order, message}`."""
    order = sub(read_document(answer), "order")
    if text(order.get("id")) is None:
        raise UnknownShape("the answer holds no order")
    return order


def _read_product(answer: Answer) -> Document:
    """The bare product."""
    product = read_document(answer)
    if text(product.get("id")) is None:
        raise UnknownShape("the answer holds no product")
    return product


def _webhook(wanted: CreateWebhook) -> dict[str, str]:
    """Credentials stand at the top level: nested ones are silently ignored by Zid. Conditions are left out."""
    return {
        "event": wanted.event,
        "target_url": wanted.target_url,
        "original_id": wanted.original_id,
        "username": wanted.username,
        "password": wanted.password.reveal(),
    }


def _nothing(_: Answer) -> None:
    """Only the status counts."""


ROUTES: Final[Mapping[type[Operation[Any]], Route[Any, Any]]] = MappingProxyType(
    {
        GetProfile: Route(
            "GET",
            Family.MANAGERS,
            path=lambda _: PROFILE_PATH,
            read=lambda answer: read_profile(read_document(answer)),
        ),
        GetOrder: Route(
            "GET",
            Family.MANAGERS,
            path=_order_path,
            read=_read_order,
        ),
        GetProduct: Route(
            "GET",
            Family.PRODUCTS,
            path=_product_path,
            read=_read_product,
        ),
        ListWebhooks: Route(
            "GET",
            Family.MANAGERS,
            path=lambda _: _WEBHOOKS,
            read=lambda answer: read_subscriptions(read_document(answer)),
        ),
        CreateWebhook: Route(
            "POST",
            Family.MANAGERS,
            path=lambda _: _WEBHOOKS,
            read=lambda answer: read_subscription(read_document(answer)),
            json=_webhook,
            # A duplicate's answer is not documented (U6): everybody meets one of these.
            absent=frozenset({409, 422}),
        ),
        DeleteWebhooks: Route(
            "DELETE",
            Family.MANAGERS,
            path=lambda _: _WEBHOOKS,
            read=_nothing,
            query=_by_original_id,
            absent=frozenset({404}),
        ),
    }
)


def route_of(operation: Operation[R]) -> Route[Operation[R], R]:
    """The row of an operation. KeyError for one without a row; a test asks for all."""
    # The table is keyed by the operation's type, which the type system cannot tie to the row's parameters.
    return cast("Route[Operation[R], R]", ROUTES[type(operation)])
