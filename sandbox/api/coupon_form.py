"""The form of a coupon: texts and numbers that say yes and no with 1 and 0."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson

from sandbox.api.fields import Fields
from sandbox.world.records import Json

_TYPES = ("f", "p", "n")
_METHODS = ("CODE", "AUTOMATIC")
_FLAGS = ("free_shipping", "free_cod", "is_mazeed_active", "is_pos_active", "is_shown_in_pos", "is_mobile_app_active")
_AMOUNTS = ("discount", "total", "max_total", "maximum_discount_value")
GRAMS = 1_000


def read_coupon(fields: Fields) -> Json:
    """Every field that was sent and makes sense, as coupons show it; faults are left in `fields`."""
    read: Json = {name: fields.text(name, 255) for name in ("name", "code", "apply_to", "conditions_criteria")}
    read["discount_type"] = fields.choice("discount_type", _TYPES)
    read["applying_method"] = fields.choice("applying_method", _METHODS)
    read |= {name: _tidy(fields.number(name)) for name in _AMOUNTS}
    read |= {name: fields.whole(name) for name in ("uses_total", "uses_customer")}
    read |= {name: fields.flag(name) for name in _FLAGS}
    read |= {name: _day(fields, name) for name in ("date_start", "date_end")}
    weight = fields.number("max_weight")
    read["max_weight"] = None if weight is None else _tidy(weight * GRAMS)
    read.update(_status(fields), conditions=_conditions(fields), apply_to_data=_targets(fields))
    _check_sense(fields, read)
    return {name: value for name, value in read.items() if value is not None}


def _status(fields: Fields) -> Json:
    status = fields.flag("status")
    return {"coupon_status": status, "enabled": status}


def _check_sense(fields: Fields, read: Json) -> None:
    if read["discount_type"] == "p" and (read["discount"] or 0) > 100:
        fields.fail("discount", "The discount may not be greater than 100.")
    if read["date_start"] and read["date_end"] and read["date_end"] < read["date_start"]:
        fields.fail("date_end", "The date end must be a date after or equal to date start.")


def _tidy(value: float | None) -> float | int | None:
    return int(value) if value is not None and value.is_integer() else value


def _day(fields: Fields, name: str) -> str | None:
    text = fields.text(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        fields.fail(name, f"The {name} is not a valid date.")
        return None


def _conditions(fields: Fields) -> list[Any] | None:
    """A list, or JSON text of one."""
    sent = fields.document.get("conditions")
    if sent is None:
        return None
    if isinstance(sent, list):
        return sent
    try:
        read = orjson.loads(str(sent) or "[]")
    except orjson.JSONDecodeError:
        fields.fail("conditions", "The conditions must be a valid JSON string.")
        return None
    return read if isinstance(read, list) else [read]


def _targets(fields: Fields) -> list[str] | None:
    """What `apply_to` is about; one value of a form is no list yet."""
    sent = fields.document.get("apply_to_array")
    if sent is None:
        return None
    return [str(item) for item in sent] if isinstance(sent, list) else [str(sent)]
