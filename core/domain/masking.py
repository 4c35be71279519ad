"""A webhook's body with people made unrecognisable and its shape kept, so that it still provokes what it provoked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from core.ids import EntityKind

_PEOPLE: Final = frozenset(
    {
        "customer", "consignee", "recipient", "receiver", "sender", "user", "buyer", "driver", "address", "addresses",
        "billing_address", "shipping_address", "location", "gift", "gift_card_details",
    }
)  # fmt: skip
"""What is below these is about somebody."""
_PERSONAL: Final = re.compile(
    r"(^|_)(email|mobile|phone|telephone|address|street|district|postal_code|latitude|longitude|lat|lng|birth_?date|"
    r"national_id|iban|ip|note|notes|comment|comments|first_name|last_name|full_name|customer_name|meta_data)($|_)"
)
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_PHONE: Final = re.compile(r"\+?\d[\d ()-]{7,}\d")
_ARABIC: Final = re.compile("[\u0600-\u06ff]")
_KEPT: Final = re.compile(r"(^|_)(id|uuid|code|currency|status|type|created_at|updated_at)$")


def masked(value: object, kind: EntityKind | None = None) -> object:
    """The same structure, lengths and kinds of characters. Ids stay: the handler may need them.

    `kind` is what the document is about; of a customer everything is personal.
    """
    return _masked(value, personal=kind is EntityKind.CUSTOMER)


def masked_text(text: str) -> str:
    """E-mail addresses and phone numbers in a text, made unrecognisable."""
    return _PHONE.sub(lambda found: _shape(found.group()), _EMAIL.sub(lambda found: _shape(found.group()), text))


def _masked(value: object, *, personal: bool) -> object:
    match value:
        case Mapping():
            return {name: _member(str(name), inner, personal=personal) for name, inner in value.items()}
        case list():
            return [_masked(inner, personal=personal) for inner in value]
        case str():
            return _shape(value) if personal else masked_text(value)
        case int() if personal and not isinstance(value, bool):
            return int(_shape(str(value)).replace("0", "1")) if value else value
        case float() if personal:
            return 0.5
        case _:
            return value


def _member(name: str, value: object, *, personal: bool) -> object:
    lowered = name.lower()
    if _KEPT.search(lowered) and not isinstance(value, Mapping | list):
        return value
    return _masked(value, personal=personal or lowered in _PEOPLE or bool(_PERSONAL.search(lowered)))


def _shape(text: str) -> str:
    """Every letter and digit replaced, everything else kept."""
    return "".join(_sign(sign) for sign in text)


def _sign(sign: str) -> str:
    if _ARABIC.match(sign) and sign.isalpha():
        return "س"
    if sign.isdigit():
        return "0"
    return "x" if sign.isalpha() else sign
