"""Attributes, presets, metafields, badges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from core.domain.keep import KEEP, Keep
from core.domain.names import Name
from core.domain.operations.operation import Listing, Operation, Write
from core.domain.results.attribute import Attribute, Badge, Metafield, Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAttributes(Listing[Attribute]):
    """The store's attributes."""

    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True)
class GetAttribute(Operation[Attribute]):
    """One attribute with its presets."""

    attribute_id: str
    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeFields:
    """What an attribute is made of."""

    name: Name | str | Keep = KEEP
    slug: str | Keep = KEEP
    is_extra: bool | Keep = KEEP
    is_enabled: bool | Keep = KEEP
    display_order: int | Keep = KEEP


@dataclass(frozen=True, slots=True)
class CreateAttribute(Write[Attribute]):
    """A new attribute."""

    fields: AttributeFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List attributes and look for its name."


@dataclass(frozen=True, slots=True)
class UpdateAttribute(Write[Attribute]):
    """Changes an attribute."""

    attribute_id: str
    fields: AttributeFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the attribute and compare."


@dataclass(frozen=True, slots=True)
class DeleteAttribute(Write[None]):
    """Removes an attribute."""

    attribute_id: str
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the attribute: NotFound says that it is gone."


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPresets(Listing[Preset]):
    """The values of one attribute."""

    attribute_id: str
    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True)
class CreatePreset(Write[Preset]):
    """A new value of an attribute."""

    attribute_id: str
    value: Name
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the presets and look for the value."


@dataclass(frozen=True, slots=True)
class UpdatePreset(Write[Preset]):
    """Renames a value."""

    attribute_id: str
    preset_id: str
    value: Name
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the presets and compare."


@dataclass(frozen=True, slots=True)
class DeletePreset(Write[None]):
    """Removes a value."""

    attribute_id: str
    preset_id: str
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the presets: it is gone when it is missing."


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMetafields(Listing[Metafield]):
    """The store's own fields."""

    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True)
class CreateMetafield(Write[Metafield]):
    """A new field of the store's own."""

    name: Name
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List metafields and look for its name."


@dataclass(frozen=True, slots=True)
class ListBadges(Operation[Sequence[Badge]]):
    """The badges there are."""

    scope: ClassVar[str] = "products.read"
