"""Which call wears which header: one table, and one rule.

Zid's two families document different token headers, and their pages contradict each
other (X8, X9, X10, X30). Clients in production send them all, everywhere; so does Wasl.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.domain.tokens import Tokens
from core.ids import StoreId


class Family(StrEnum):
    """Zid's back-ends, by the dialect they speak."""

    MANAGERS = "managers"
    """Laravel: `/v1/managers/*`, `/v1/settings/*`, `/v1/market/app/*`."""
    PRODUCTS = "products"
    """Django REST: `/v1/products/`, `/v1/attributes/`, `/v1/locations/`, … with trailing slashes."""
    OAUTH = "oauth"
    """The token endpoint: credentials travel in the body."""


REQUIRED: Final[Mapping[Family, frozenset[str]]] = MappingProxyType(
    {
        Family.MANAGERS: frozenset({"Authorization", "X-Manager-Token"}),
        Family.PRODUCTS: frozenset({"Authorization", "Access-Token", "Store-Id", "Role"}),
        Family.OAUTH: frozenset(),
    }
)
"""What each family's documentation asks for. Without `Store-Id` the products family answers 401 "No such user"."""


def api_headers(tokens: Tokens, store_id: StoreId | None, language: str = "en") -> dict[str, str]:
    """The headers of an API call; without a store id only the managers family can be asked."""
    manager_token = tokens.manager_token.reveal()
    headers = {
        "Authorization": f"Bearer {tokens.authorization.reveal()}",
        "X-Manager-Token": manager_token,
        "Access-Token": manager_token,
        "Role": "Manager",
        "Accept": "application/json",
        "Accept-Language": language,
    }
    if store_id is not None:
        headers["Store-Id"] = str(store_id)
    return headers
