"""Attributes and their presets, metafields and badges: what products are described with."""

from __future__ import annotations

import orjson

from sandbox.api.answers import Answer, BadRequestError, NotFoundError
from sandbox.api.changing import add, change, remove
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.pages import listed
from sandbox.api.reading import documents, found, present
from sandbox.api.variant_changes import attribute_named
from sandbox.generation.shop import metafield, new_attribute, new_preset
from sandbox.generation.vocabulary import BADGES
from sandbox.world.records import Entity, Json


def list_attributes(call: Call) -> Answer:
    return Answer(document=listed(call, [_shown(call, attribute) for attribute in documents(call, "attributes")]))


def view_attribute(call: Call) -> Answer:
    return Answer(document=_shown(call, found(call, "attributes", call.incoming.params["id"])))


def create_attribute(call: Call) -> Answer:
    """Without a slug it gets one made of its name."""
    fields = Fields(call.document)
    fields.require("name")
    name = fields.translated("name")
    slug = _new_slug(call, fields, name or {})
    attribute = new_attribute(call.sandbox.world, name or {}, slug) | _settings(fields)
    fields.check()
    add(call, "attributes", attribute)
    return Answer(201, _shown(call, attribute))


def update_attribute(call: Call) -> Answer:
    entity, attribute, fields = _opened(call)
    if (name := fields.translated("name")) is not None:
        attribute["name"] = name
    if fields.has("slug") and fields.document["slug"] != attribute["slug"]:
        attribute["slug"] = _new_slug(call, fields, attribute["name"])
    attribute |= _settings(fields)
    fields.check()
    change(call, entity, attribute)
    return Answer(document=_shown(call, attribute))


def delete_attribute(call: Call) -> Answer:
    remove(call, present(call, "attributes", call.incoming.params["id"]))
    return Answer(204)


def list_presets(call: Call) -> Answer:
    attribute = found(call, "attributes", call.incoming.params["id"])
    return Answer(document=listed(call, [_preset(call, attribute, preset) for preset in attribute["presets"]]))


def create_preset(call: Call) -> Answer:
    entity, attribute, fields = _opened(call)
    fields.require("value")
    value = fields.translated("value")
    fields.check()
    preset = new_preset(call.sandbox.world, value or {}, len(attribute["presets"]) + 1)
    attribute["presets"].append(preset)
    change(call, entity, attribute)
    return Answer(201, _preset(call, attribute, preset))


def update_preset(call: Call) -> Answer:
    entity, attribute, fields = _opened(call)
    preset = _preset_meant(call, attribute)
    fields.require("value")
    value = fields.translated("value")
    fields.check()
    preset["value"] = value
    change(call, entity, attribute)
    return Answer(document=_preset(call, attribute, preset))


def delete_preset(call: Call) -> Answer:
    entity, attribute, _ = _opened(call)
    attribute["presets"].remove(_preset_meant(call, attribute))
    change(call, entity, attribute)
    return Answer(204)


def list_metafields(call: Call) -> Answer:
    """The page says nothing of the one before."""
    page = listed(call, documents(call, "metafields"))
    del page["previous"]
    return Answer(document=page)


def create_metafield(call: Call) -> Answer:
    fields = Fields(call.document)
    fields.require("name")
    name = fields.translated("name")
    fields.check()
    document = metafield(call.sandbox.world, name or {})
    add(call, "metafields", document)
    return Answer(201, document)


def list_badges(_: Call) -> Answer:
    """The badges a product may wear; not paged."""
    rows: list[Json] = []
    for (arabic, english), is_example, icon in BADGES:
        row: Json = {"body": {"ar": arabic, "en": english}, "is_example": is_example}
        rows.append(row | {"icon": {"code": icon} if icon else None})
    return Answer(document={"data": rows})


def _opened(call: Call) -> tuple[Entity, Json, Fields]:
    entity = present(call, "attributes", call.incoming.params["id"])
    return entity, orjson.loads(entity.body), Fields(call.document)


def _settings(fields: Fields) -> Json:
    settings: Json = {name: fields.flag(name) for name in ("is_extra", "is_enabled")}
    settings["display_order"] = fields.whole("display_order")
    return {name: value for name, value in settings.items() if value is not None}


def _new_slug(call: Call, fields: Fields, name: Json) -> str:
    asked = fields.text("slug")
    if asked:
        if attribute_named(call, asked) is not None:
            raise BadRequestError({"slug": ["attribute with this slug already exists."]})
        return asked
    stem = (name.get("en") or name.get("ar") or "attribute").lower().replace(" ", "-")
    number = 1
    while attribute_named(call, slug := stem if number == 1 else f"{stem}-{number}") is not None:
        number += 1
    return slug


def _shown(call: Call, attribute: Json) -> Json:
    presets = [_preset(call, attribute, preset) for preset in attribute["presets"]]
    shown = attribute | {"name": _said(call, attribute["name"]), "presets": presets}
    return shown | {"preset_count": len(presets)}


def _preset(call: Call, attribute: Json, preset: Json) -> Json:
    """One string for the value, whatever was sent."""
    named = {"id": preset["id"], "slug": attribute["slug"], "name": _said(call, attribute["name"])}
    rest = preset | {"value": _said(call, preset["value"]), "attribute_id": attribute["id"]}
    return named | rest


def _said(call: Call, words: Json) -> str:
    first, second = ("ar", "en") if call.incoming.language == "ar" else ("en", "ar")
    return str(words.get(first) or words.get(second) or "")


def _preset_meant(call: Call, attribute: Json) -> Json:
    for preset in attribute["presets"]:
        if preset["id"] == call.incoming.params["preset"]:
            known: Json = preset
            return known
    raise NotFoundError
