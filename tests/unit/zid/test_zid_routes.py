"""Each operation's row: where it goes, what it wears, how its answer is read."""

import importlib
import json
import pkgutil
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.zid.headers import REQUIRED, Family, api_headers
from adapters.zid.routes import ROUTES, route_of
from core.domain import operations
from core.domain.exchange import Answer
from core.domain.operations.account import GetProfile
from core.domain.operations.operation import Listing, Operation, Write
from core.domain.operations.orders import GetOrder
from core.domain.operations.products import GetProduct
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks
from core.domain.secret import Secret
from core.domain.tokens import Tokens
from core.errors import UnknownShape
from core.ids import StoreId

TOKENS = Tokens(Secret("jwt"), Secret("manager"), Secret("def502"), datetime(2027, 1, 1, tzinfo=UTC))
CREATE = CreateWebhook("order.create", "https://x.example/hook", "1292", "wasl", Secret("pw"))


# As documented: metafields are made without a slash, a customer's points are listed with one.
ODD_SLASHES = {"/v1/Metafields", "/v1/managers/loyalty-program/points-history/{customer_id}/"}


def every_operation() -> set[type[Operation[Any]]]:
    """Those that modules offer; a slotted dataclass leaves its unslotted draft among the subclasses."""
    names = [f"{operations.__name__}.{module.name}" for module in pkgutil.iter_modules(operations.__path__)]
    offered = [value for name in names for value in vars(importlib.import_module(name)).values()]
    kinds = {value for value in offered if isinstance(value, type) and issubclass(value, Operation)}
    return kinds - {Operation, Write, Listing}


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    assert set(ROUTES) == every_operation()


def test_every_operation_says_what_is_known_about_it() -> None:
    for operation in every_operation():
        assert operation.scope, operation
        assert operation.repeatable or operation.writes, f"{operation}: a read may always be repeated"


@pytest.mark.parametrize("family", list(Family))
def test_every_call_wears_what_its_family_asks_for(family: Family) -> None:
    headers = api_headers(TOKENS, StoreId(1001))
    assert set(headers) >= REQUIRED[family]
    assert headers["Accept"] == "application/json"
    assert headers["Accept-Language"] == "en"


def test_each_token_stands_in_its_own_header() -> None:
    headers = api_headers(TOKENS, StoreId(1001))
    assert headers["Authorization"] == "Bearer jwt"
    assert headers["X-Manager-Token"] == headers["Access-Token"] == "manager"
    assert headers["Store-Id"] == "1001"


def test_without_a_store_only_managers_can_be_asked() -> None:
    headers = set(api_headers(TOKENS, None))
    assert headers >= REQUIRED[Family.MANAGERS]
    assert not headers >= REQUIRED[Family.PRODUCTS]


@pytest.mark.parametrize(
    ("operation", "method", "path", "query"),
    [
        (GetProfile(), "GET", "/v1/managers/account/profile", {}),
        (GetOrder("25304285"), "GET", "/v1/managers/store/orders/25304285/view", {}),
        (GetOrder("../x?y"), "GET", "/v1/managers/store/orders/..%2Fx%3Fy/view", {}),
        (GetProduct("9059ae2c"), "GET", "/v1/products/9059ae2c/", {}),
        (ListWebhooks(), "GET", "/v1/managers/webhooks", {}),
        (CREATE, "POST", "/v1/managers/webhooks", {}),
        (DeleteWebhooks("1292"), "DELETE", "/v1/managers/webhooks", {"original_id": "1292"}),
    ],
)
def test_where_operations_go(operation: Operation[Any], method: str, path: str, query: dict[str, str]) -> None:
    route = route_of(operation)
    assert (route.method, route.path(operation), route.query(operation)) == (method, path, query)


@pytest.mark.parametrize("odd", ["", ".", "..", "..."])
def test_an_id_never_leads_to_another_path(odd: str) -> None:
    for operation in (GetOrder(odd), GetProduct(odd)):
        with pytest.raises(UnknownShape):
            route_of(operation).path(operation)


def test_families_differ_in_their_slashes() -> None:
    for kind, route in ROUTES.items():
        slash = route.template.endswith("/")
        assert slash == (route.family is Family.PRODUCTS) or route.template in ODD_SLASHES, kind


def test_credentials_of_a_webhook_stand_at_the_top_level() -> None:
    payload = route_of(CREATE).payload(CREATE)
    assert payload is not None
    assert payload.content_type == "application/json"
    assert json.loads(payload.body) == {
        "event": "order.create",
        "target_url": "https://x.example/hook",
        "original_id": "1292",
        "username": "wasl",
        "password": "pw",
    }


WEBHOOK = {
    "id": "w-1",
    "event": "order.create",
    "target_url": "https://x.example/hook",
    "store_id": "uuid",
    "conditions": [],
    "original_id": "1292",
    "subscriber": "md5",
    "active": True,
    "doc": None,
}


def reads(operation: Operation[Any], body: Any, status: int = 200) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return route_of(operation).result(operation, Answer(status, content))


@pytest.mark.parametrize("body", [WEBHOOK, {"data": WEBHOOK}, {**WEBHOOK, "original_id": 1292}])
@pytest.mark.parametrize("status", [200, 201])
def test_a_created_webhook_is_read_at_the_root_or_under_data(body: Any, status: int) -> None:
    made = reads(CREATE, body, status)
    assert (made.id, made.event, made.original_id, made.active, made.health) == (
        "w-1",
        "order.create",
        "1292",
        True,
        None,
    )


@pytest.mark.parametrize(
    ("changes", "active", "health"),
    [
        ({"active": False}, False, None),
        ({"status": "inactive"}, False, None),
        ({"status": {"code": "error", "name": "x"}}, False, None),
        ({"status": "ready", "health_status": "Degraded"}, True, "degraded"),
        ({"health_status": "broken"}, True, "broken"),
    ],
)
def test_the_health_of_a_listed_webhook_is_read(changes: dict[str, Any], active: bool, health: str | None) -> None:
    (found,) = reads(ListWebhooks(), {"data": [{**WEBHOOK, **changes}]})
    assert (found.active, found.health) == (active, health)


@pytest.mark.parametrize("status", [409, 422])
def test_a_webhook_that_exists_is_none(status: int) -> None:
    assert reads(CREATE, {"message": "exists"}, status) is None


def test_deleting_nothing_is_success() -> None:
    assert reads(DeleteWebhooks("1"), b"", 404) is None
    assert reads(DeleteWebhooks("1"), b"whatever", 200) is None


def test_orders_and_products_come_unwrapped() -> None:
    assert reads(GetOrder("1"), {"status": "object", "order": {"id": 1}, "message": {}}).raw == {"id": 1}
    assert reads(GetProduct("a"), {"id": "a", "sku": "s"}).sku == "s"


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (GetOrder("1"), {"status": "object", "order": []}),
        (GetOrder("1"), [1]),
        (GetOrder("1"), b"<html>"),
        (GetOrder("1"), b""),
        (GetProduct("1"), {"detail": "odd"}),
        (ListWebhooks(), {"data": None}),
        (ListWebhooks(), {"data": [{"id": 1}]}),
        (GetProfile(), {"user": {"store": {}}}),
    ],
)
def test_what_nobody_understands_is_said_so(operation: Operation[Any], body: Any) -> None:
    with pytest.raises(UnknownShape):
        reads(operation, body)
