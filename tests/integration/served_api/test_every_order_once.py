"""A long list read to its end while it grows, beside the official SDK's view of the same store."""

import httpx
from zid import ZidClient

from core.ids import StoreId
from tests.integration.served_api.served_api import HEADERS, ServedApi, control, served_api
from tests.servers import Database

ORDERS = 2689


def test_all_orders_come_once_while_orders_are_inserted(database: Database, redis_url: str) -> None:
    with served_api(database, redis_url, mirrored=False, orders=ORDERS, customers=40) as api:
        before = {str(one) for one in api.ids["orders"]}
        found, inserted = read_to_the_end(api)

        assert len(before) == ORDERS
        assert len(found) == len(set(found))
        assert before <= set(found)
        assert inserted > 0
        assert len(sdk_orders(api)) < ORDERS


def read_to_the_end(api: ServedApi) -> tuple[list[str], int]:
    """The ids in the order in which they came, and how many orders were inserted meanwhile."""
    found: list[str] = []
    params: dict[str, str | int] = {"source": "zid", "limit": 100}
    inserted = 0
    with httpx.Client(base_url=api.store, headers=HEADERS, timeout=30) as client:
        while True:
            page = client.get("/orders", params=params).raise_for_status().json()
            found += [order["id"] for order in page["items"]]
            if page["next_cursor"] is None:
                return found, inserted
            params["cursor"] = page["next_cursor"]
            inserted += insert(api, 3)


def insert(api: ServedApi, count: int) -> int:
    """New orders at Zid."""
    wanted = {"store_id": api.store_id, "event": "order.create", "count": count}
    api.run(control(api.sandbox.url, "POST", "/trigger", wanted))
    return count


def sdk_orders(api: ServedApi) -> list[object]:
    """What the SDK lists; it asks for one page."""
    tokens = api.run(api.parts.adapters.vault().open(StoreId(api.store_id))).tokens
    with ZidClient(
        authorization=tokens.authorization.reveal(),
        store_token=tokens.manager_token.reveal(),
        store_id=api.store_id,
        base_url=api.sandbox.url,
    ) as sdk:
        return list(sdk.orders.list(payload_type="tiny", per_page=100))
