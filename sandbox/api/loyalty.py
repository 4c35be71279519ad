"""The loyalty program of a store. The misspelled keys are Zid's own; answers of this service have no envelope."""

from __future__ import annotations

from sandbox.api.answers import Answer, InvalidError, managers_answer, payload_answer
from sandbox.api.changing import keep_shop
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.reading import documents
from sandbox.generation.formats import iso_seconds
from sandbox.generation.shop import redemption_rule
from sandbox.world.records import Json

RULE_TYPES = ("percentage_discount_settings", "fixed_rate_settings")


def show_status(call: Call) -> Answer:
    return Answer(document={"loyalty_status": call.store.shop["loyalty"]["is_active"]})


def show_program(call: Call) -> Answer:
    """Rules and sums; `total_redemed_points` and `expiration_peroid` are spelled like this."""
    accounts = [customer["points"] for customer in documents(call, "customers")]
    program: Json = dict(call.store.shop["loyalty"])
    program.update(
        total_earned_points=sum(account["total_positive_points"] for account in accounts),
        total_redemed_points=sum(account["total_negative_points"] for account in accounts),
        total_pending_points=sum(account["pending_points"] for account in accounts),
        total_customers_with_points=sum(account["points"] > 0 for account in accounts),
    )
    return managers_answer(**program)


def show_info(call: Call) -> Answer:
    return payload_answer(call.store.shop["loyalty_info"])


def activate(call: Call) -> Answer:
    """`activate` 1 or 0."""
    fields = Fields(call.document, family="managers")
    fields.require("activate")
    is_active = fields.flag("activate")
    fields.check()
    call.store.shop["loyalty"]["is_active"] = is_active
    keep_shop(call)
    return Answer(document={"loyalty_program": {"is_active": is_active}})


def set_expiration(call: Call) -> Answer:
    """Points expire after so many days."""
    fields = Fields(call.document, family="managers")
    fields.require("days")
    days = fields.whole("days", 1)
    fields.check()
    call.store.shop["loyalty"]["expiration_peroid"] = days
    keep_shop(call)
    return Answer(document={"points_expiry_period": days})


def update_collection(call: Call) -> Answer:
    """`config[points]` for every `config[money]` spent."""
    fields, config = _ruled(call)
    rule = _rule_named(call, fields, "cashback_rules")
    money, points = config.number("money"), config.whole("points", 1)
    fields.faults |= config.faults
    fields.check()
    rule.update(amount_to_spend=int(money or 0), points_rewarded=points, updated_at=_now(call))
    keep_shop(call)
    rules = call.store.shop["loyalty"]["cashback_rules"]
    return Answer(document={"data": {"points_collection_methods_list": rules}})


def create_redemption(call: Call) -> Answer:
    fields, config = _ruled(call)
    kind, discount, points = _redemption(fields, config)
    rule = redemption_rule(call.sandbox.world, call.store, kind, discount, points)
    call.store.shop["loyalty"]["redemption_rules"].append(rule)
    keep_shop(call)
    return Answer(document={"points_redemption": {"redemptionRule": rule}})


def update_redemption(call: Call) -> Answer:
    fields, config = _ruled(call)
    rule = _rule_named(call, fields, "redemption_rules")
    kind, discount, points = _redemption(fields, config)
    rule.update(rule_type=kind, reward={"discount_value": discount}, points_to_redeem=points, name=str(points))
    rule["updated_at"] = _now(call)
    keep_shop(call)
    return Answer(document={"points_redemption": {"status": True}})


def delete_redemption(call: Call) -> Answer:
    fields, _ = _ruled(call)
    rule = _rule_named(call, fields, "redemption_rules")
    call.store.shop["loyalty"]["redemption_rules"].remove(rule)
    keep_shop(call)
    return Answer(document={"points_redemption": {"status": True}})


def _ruled(call: Call) -> tuple[Fields, Fields]:
    """The form, and its `config[…]` fields."""
    fields = Fields(call.document, family="managers")
    return fields, Fields(fields.part("config"), family="managers", prefix="config.")


def _redemption(fields: Fields, config: Fields) -> tuple[str, float, int]:
    config.require("type", "discount", "points")
    kind, discount, points = config.choice("type", RULE_TYPES), config.number("discount"), config.whole("points", 1)
    fields.faults |= config.faults
    fields.check()
    amount = discount or 0.0
    return str(kind), int(amount) if amount.is_integer() else amount, points or 0


def _rule_named(call: Call, fields: Fields, kind: str) -> Json:
    fields.require("ruleId")
    fields.check()
    for rule in call.store.shop["loyalty"][kind]:
        if rule["id"] == fields.document["ruleId"]:
            known: Json = rule
            return known
    raise InvalidError({"ruleId": ["The selected rule id is invalid."]})


def _now(call: Call) -> str:
    return iso_seconds(call.sandbox.world.now())
