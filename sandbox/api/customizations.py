"""What customers choose or write when they buy: custom options and input fields of a product."""

from __future__ import annotations

from sandbox.api.answers import Answer, NotFoundError
from sandbox.api.editing import Editing, open_whole
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.world.records import Json

_TYPES = ("CHECKBOX", "DROPDOWN")


def create_option(call: Call) -> Answer:
    editing = open_whole(call)
    option = _option(call, {"id": call.sandbox.world.new_uuid()})
    editing.product["custom_option_fields"].append(option)
    _save(editing)
    return Answer(201, option)


def replace_option(call: Call) -> Answer:
    """Choices with an id keep it, choices without one are new, the rest is gone."""
    editing = open_whole(call)
    before = _option_meant(editing)
    option = _option(call, {"id": before["id"]})
    options = editing.product["custom_option_fields"]
    options[options.index(before)] = option
    _save(editing)
    return Answer(document=option)


def delete_option(call: Call) -> Answer:
    editing = open_whole(call)
    editing.product["custom_option_fields"].remove(_option_meant(editing))
    _save(editing)
    return Answer(204)


def create_input(call: Call) -> Answer:
    """A field that customers fill in, such as an engraving."""
    editing, fields = open_whole(call), Fields(call.document)
    fields.require("type", "label")
    kind, label, hint = fields.text("type"), fields.translated("label"), fields.translated("hint")
    price = fields.number("price")
    fields.check()
    field = {"id": call.sandbox.world.new_uuid(), "type": kind, "label": label, "hint": hint, "price": price}
    editing.product["custom_user_input_fields"].append(field)
    _save(editing)
    return Answer(201, field)


def _option(call: Call, named: Json) -> Json:
    fields = Fields(call.document)
    fields.require("label", "choices")
    option: Json = named | {"type": fields.choice("type", _TYPES) or "CHECKBOX", "label": fields.translated("label")}
    option["hint"] = fields.translated("hint")
    choices = [_choice(call, choice) for choice in fields.objects("choices")]
    option.update(min_choices=fields.whole("min_choices") or 0)
    option.update(max_choices=fields.whole("max_choices") or len(choices))
    for name in ("can_choose_multiple_options", "is_published", "is_required"):
        option[name] = bool(fields.flag(name))
    option.update(display_order=fields.whole("display_order") or 1, choices=choices, visibility_condition=None)
    fields.check()
    return option


def _choice(call: Call, sent: Json) -> Json:
    fields = Fields(sent, prefix="choices.")
    number = str(sent["id"]) if sent.get("id") else call.sandbox.world.new_uuid()
    price = fields.number("price")
    fields.check()
    return {"id": number, "ar": sent.get("ar"), "en": sent.get("en"), "price": price}


def _option_meant(editing: Editing) -> Json:
    wanted = editing.call.incoming.params["field"]
    for option in editing.product["custom_option_fields"]:
        if option["id"] == wanted:
            known: Json = option
            return known
    raise NotFoundError


def _save(editing: Editing) -> None:
    product = editing.product
    product["has_fields"] = bool(product["custom_option_fields"] or product["custom_user_input_fields"])
    editing.save()
