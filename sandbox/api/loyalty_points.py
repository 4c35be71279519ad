"""A customer's points: the account, its history, and changes by hand."""

from __future__ import annotations

import orjson

from sandbox.api.answers import Answer, managers_answer
from sandbox.api.changing import add, change
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.reading import documents, found, present
from sandbox.generation.formats import iso_seconds
from sandbox.world.records import Json

# What the list of movements knows and the answer to a change does not say.
_HISTORY_ONLY = ("order_code", "point_status_code")


def show_account(call: Call) -> Answer:
    """`available_poitns` and `used_poitns` are spelled like this."""
    customer = found(call, "customers", call.query.get("customerId", ""))
    account = customer["points"]
    info: Json = {"points_balance": account["points"], "pending_points_balance": account["pending_points"]}
    info["pending_negative_points_balance"] = account["pending_negative_points"]
    info.update(available_poitns=account["points"], used_poitns=account["total_negative_points"])
    info.update(total_positive_points=account["total_positive_points"], history=_history(call, customer))
    return managers_answer(loyalty_points_info=info)


def show_history(call: Call) -> Answer:
    """The newest first."""
    return Answer(document={"history": _history(call, found(call, "customers", call.incoming.params["id"]))})


def adjust_points(call: Call) -> Answer:
    """`direction` + or -; never below zero."""
    fields = Fields(call.document, family="managers")
    fields.require("customerId", "direction", "points")
    direction, points = fields.choice("direction", ("+", "-")), fields.whole("points", 1) or 0
    reason = fields.text("reason")
    fields.check()
    entity = present(call, "customers", str(call.document["customerId"]))
    customer = orjson.loads(entity.body)
    signed = points if direction == "+" else -points
    if customer["points"]["points"] + signed < 0:
        fields.fail("points", f"The customer has only {customer['points']['points']} points.")
    fields.check()
    _book(customer["points"], signed)
    change(call, entity, customer)
    row = _movement(call, points, str(direction), reason)
    add(call, "points", row | {"customer_id": customer["id"], "id": call.sandbox.world.new_uuid()})
    return Answer(document={"data": {key: value for key, value in row.items() if key not in _HISTORY_ONLY}})


def _book(account: Json, signed: int) -> None:
    account["points"] += signed
    account["total_positive_points" if signed > 0 else "total_negative_points"] += abs(signed)


def _history(call: Call, customer: Json) -> list[Json]:
    """Movements that were made here, and the sum the account began with."""
    rows = [row for row in documents(call, "points") if row["customer_id"] == customer["id"]]
    shown = [{key: row[key] for key in row if key not in ("customer_id", "id")} for row in reversed(rows)]
    made = sum(row["points"] for row in rows if row["direction"] == "+")
    first = customer["points"]["total_positive_points"] - made
    if first > 0:
        opening = _movement(call, first, "+", None) | {
            "type": "reward",
            "collection_method": "Reward for a placed order",
        }
        shown.append(opening | {"date": customer["points"]["created_at"]})
    return shown


def _movement(call: Call, points: int, direction: str, reason: str | None) -> Json:
    at = iso_seconds(call.sandbox.world.now())
    kind = "ManualAccumulation" if direction == "+" else "ManualRedemption"
    row: Json = {"date": at, "reason": reason, "points": points, "direction": direction, "type": kind}
    row.update(order_number=None, order_code=None, expiry_date=None, point_status="Active", point_status_code="active")
    method = "Manually added points" if direction == "+" else "Manually deducted points"
    return row | {"collection_method": method}
