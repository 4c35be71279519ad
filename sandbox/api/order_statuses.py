"""Which status an order may get: codes, merchants' own statuses, transitions."""

from __future__ import annotations

from sandbox.api.answers import Answer, InvalidError, payload_answer
from sandbox.api.gateway import Call
from sandbox.generation.orders import status
from sandbox.generation.vocabulary import STATUS_SPELLINGS, STATUSES
from sandbox.world.records import Json

CUSTOMIZABLE = ("new", "preparing", "ready", "indelivery", "delivered", "cancelled", "reversed")
# A matrix nobody has published: the way of an order, with steps back before it leaves the house (U13).
_STRICT = {
    "new": {"preparing", "ready", "indelivery", "delivered", "cancelled"},
    "preparing": {"new", "ready", "indelivery", "delivered", "cancelled"},
    "ready": {"new", "preparing", "indelivery", "delivered", "cancelled"},
    "indelivery": {"delivered", "cancelled"},
    "delivered": {"reverse_in_progress", "partially_reversed", "reversed"},
    "reverse_in_progress": {"partially_reversed", "reversed", "delivered"},
    "partially_reversed": {"reverse_in_progress", "reversed"},
}


def custom_statuses(call: Call) -> Answer:
    """The customisable statuses with the merchant's own below each."""
    own = call.store.shop["custom_statuses"]
    rows = []
    for code in CUSTOMIZABLE:
        arabic, english, number, _ = STATUSES[code]
        name = arabic if call.incoming.language == "ar" else english
        below = [_shown(row, number) for row in own if row["parent"] == code]
        row: Json = {"id": number, "status": name, "code": code, "is_customizable": True}
        rows.append(row | {"sub_statuses": below})
    return payload_answer(rows)


def status_asked(call: Call, word: object) -> tuple[str, Json]:
    """The code that `word` stands for and what the order then shows; raises InvalidError for an unknown one."""
    code = STATUS_SPELLINGS.get(str(word), str(word))
    if code in STATUSES:
        return code, status(code)
    for row in call.store.shop["custom_statuses"]:
        if row["code"] == code and row["is_active"]:
            display = {"id": row["id"], "code": code, "color": row["color"], "name": row["name"]["en"]}
            return row["parent"], status(row["parent"]) | {"display_status": display}
    raise InvalidError({"order_status": ["The selected order status is invalid."]})


def check_transition(call: Call, order: Json, code: str, *, has_inventory: bool) -> None:
    """Raises InvalidError for what an order of this kind may not do."""
    before, has_courier = order["order_status"]["code"], order["shipping"]["method"]["courier"] is not None
    if has_courier and (before, code) == ("ready", "new"):
        raise InvalidError({"order_status": ["An order shipped by an integrated courier cannot go back to new."]})
    if has_courier and code == "ready" and not has_inventory:
        raise InvalidError({"inventory_address_id": ["The inventory address id field is required."]})
    if call.sandbox.knobs.text("orders.transitions") == "strict" and code not in _STRICT.get(before, set()):
        raise InvalidError({"order_status": [f"The order cannot go from {before} to {code}."]})


def _shown(row: Json, parent_id: int) -> Json:
    shown = {key: value for key, value in row.items() if key != "parent"}
    return shown | {"parent_status_id": parent_id}
