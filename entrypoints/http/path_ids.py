"""The ids that stand in paths: one rule for each name, checked on the way in and told in the OpenAPI document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from aiohttp import web

from core.ids import EventId, StoreId
from entrypoints.http.problems import bad_request


@dataclass(frozen=True, slots=True)
class PathId:
    """What an id looks like; `example` is one."""

    pattern: str
    example: str
    meaning: str


_NUMBER: Final = "[0-9]{1,18}"
_ZID_ID: Final = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_UUID: Final = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_STORE: Final = PathId(_NUMBER, "1001", "Zid's numeric store id.")


def _zid(what: str, example: str) -> PathId:
    return PathId(_ZID_ID, example, f"Zid's id of the {what}.")


PATH_IDS: Final[Mapping[str, PathId]] = MappingProxyType(
    {
        "store_id": _STORE,
        "merchant_id": _STORE,
        "event_id": PathId(_UUID, "0192f0c1-2345-7abc-8def-0123456789ab", "An event's UUID, as lists show it."),
        "product_id": _zid("product", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b6c"),
        "option_id": _zid("custom option", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b6d"),
        "image_id": _zid("image", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b6e"),
        "stock_id": _zid("stock row", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b6f"),
        "location_id": _zid("location", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b70"),
        "cart_id": _zid("abandoned cart", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b71"),
        "category_id": _zid("category", "42"),
        "order_id": _zid("order", "24680"),
        "customer_id": _zid("customer", "1357"),
        "coupon_id": _zid("coupon", "11"),
        "reverse_order_id": _zid("return", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b72"),
        "refund_id": _zid("refund", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b73"),
        "tag_id": _zid("tag", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b74"),
        "country_id": _zid("country", "184"),
        "segment_id": PathId(_NUMBER, "7", "A saved segment's number."),
        "key_id": PathId(_NUMBER, "1", "An API key's number, as lists show it."),
        "audit_id": PathId(_NUMBER, "7", "Number of an audit entry."),
        "erasure_id": PathId(_NUMBER, "7", "Number of an erasure."),
        "fingerprint": PathId(
            r"[0-9a-f]{10}(@[A-Za-z0-9._+-]{1,40})?",
            "3f0c9a17be@1.4.0",
            "Of a group of dead letters, as lists show it.",
        ),
        "job_id": PathId(_NUMBER, "7", "Number of a redrive or discard of many."),
    }
)


def store_id_of(request: web.Request, name: str = "store_id") -> StoreId:
    """The numeric store id of the path."""
    return StoreId(int(path_id(request, name)))


def event_id_of(request: web.Request) -> EventId:
    """The event id of the path."""
    return EventId(UUID(path_id(request, "event_id")))


def path_id(request: web.Request, name: str) -> str:
    """The id of the path; 400 names one that cannot be such an id."""
    text = request.match_info[name]
    rule = PATH_IDS[name]
    if not re.fullmatch(rule.pattern, text, re.ASCII):
        raise bad_request(name, f"cannot be such an id; one looks like {rule.example}")
    return text
