"""Compares bodies with Zid's recorded and documented ones: key sets and JSON types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent.parent / "fixtures" / "zid"
# Parts of a recorded order that some orders have and others do not, or that are lists and objects by turns.
OPTIONAL = {
    "customer": {"verified", "business_name", "tax_number", "commercial_registration"},
    "method": {
        "transaction_status", "transaction_status_name", "transaction_bank", "transaction_slip",
        "transaction_sender_name", "updated_at", "order_shipping_status", "inventory_address",
    },
    "meta": {"additional_number", "city_name"},
    "results": {"vouchers_count"},
    "currency": {"country"},
}  # fmt: skip
EMPTY_LISTS_FOR_OBJECTS = {"discounts", "tax_settings", "description"}


def fixture(path: str) -> Any:
    return json.loads((FIXTURES / path).read_text())


def differences(actual: Any, recorded: Any, where: str = "", name: str = "") -> list[str]:
    """Where `actual` has another key set or another JSON type; null fits anything, an empty list any list."""
    if actual is None or recorded is None:
        return []
    if name in EMPTY_LISTS_FOR_OBJECTS and [] in (actual, recorded):
        return []
    if kind(actual) != kind(recorded):
        return [f"{where}: {kind(actual)} where {kind(recorded)} was recorded"]
    if isinstance(actual, list):
        rows = [differences(item, recorded[0], f"{where}[]", name) for item in actual] if recorded else []
        return [row for group in rows for row in group]
    if not isinstance(actual, dict) or is_translation(actual, recorded):
        return []
    odd = (actual.keys() ^ recorded.keys()) - OPTIONAL.get(name, set())
    found = [f"{where}.{key}: {'not recorded' if key in actual else 'missing'}" for key in sorted(odd)]
    for key in actual.keys() & recorded.keys():
        found += differences(actual[key], recorded[key], f"{where}.{key}", key)
    return found


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def is_translation(actual: dict, recorded: dict) -> bool:
    return actual.keys() | recorded.keys() <= {"ar", "en"}
