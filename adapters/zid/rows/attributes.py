"""Attributes, presets, metafields, badges (products family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import many, nothing, one
from adapters.zid.encoding import as_json, parts, record
from adapters.zid.headers import Family
from adapters.zid.listings import linked
from adapters.zid.route import Route, Table
from core.domain.operations.attributes import (
    CreateAttribute,
    CreateMetafield,
    CreatePreset,
    DeleteAttribute,
    DeletePreset,
    GetAttribute,
    ListAttributes,
    ListBadges,
    ListMetafields,
    ListPresets,
    UpdateAttribute,
    UpdatePreset,
)
from core.domain.results.attribute import Attribute, Badge, Metafield, Preset

_ATTRIBUTES: Final = "/v1/attributes/"
_ATTRIBUTE: Final = _ATTRIBUTES + "{attribute_id}/"
_PRESETS: Final = _ATTRIBUTE + "presets/"
_PRESET: Final = _PRESETS + "{preset_id}/"

ROWS: Final[Table] = MappingProxyType(
    {
        ListAttributes: linked(_ATTRIBUTES, Attribute.read),
        GetAttribute: Route("GET", Family.PRODUCTS, _ATTRIBUTE, one(Attribute.read)),
        CreateAttribute: Route(
            "POST",
            Family.PRODUCTS,
            _ATTRIBUTES,
            one(Attribute.read),
            payload=as_json(lambda wanted: record(wanted.fields)),
        ),
        UpdateAttribute: Route(
            "PATCH",
            Family.PRODUCTS,
            _ATTRIBUTE,
            one(Attribute.read),
            payload=as_json(lambda wanted: record(wanted.fields)),
        ),
        DeleteAttribute: Route("DELETE", Family.PRODUCTS, _ATTRIBUTE, nothing),
        ListPresets: linked(_PRESETS, Preset.read),
        CreatePreset: Route("POST", Family.PRODUCTS, _PRESETS, one(Preset.read), payload=as_json(parts("value"))),
        UpdatePreset: Route("PATCH", Family.PRODUCTS, _PRESET, one(Preset.read), payload=as_json(parts("value"))),
        DeletePreset: Route("DELETE", Family.PRODUCTS, _PRESET, nothing),
        ListMetafields: linked("/v1/Metafields/", Metafield.read),
        # Without a slash, and with a capital M, as documented.
        CreateMetafield: Route(
            "POST", Family.PRODUCTS, "/v1/Metafields", one(Metafield.read), payload=as_json(parts("name"))
        ),
        ListBadges: Route("GET", Family.PRODUCTS, "/v1/badges/", many(Badge.read, "data")),
    }
)
