"""What variants are told apart by, and what decorates products."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.documents import Document, sub, text
from core.domain.names import Name
from core.domain.results.fields import every, flag, needed_id, same_id, whole


@dataclass(frozen=True, slots=True)
class Preset:
    """A value an attribute can have. Zid takes both languages and returns one string."""

    id: str
    attribute_id: str | None
    value: Name
    display_order: int | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, preset: Document) -> Preset:
        return cls(
            id=needed_id(preset, "a preset"),
            attribute_id=same_id(preset.get("attribute_id")),
            value=Name.read(preset.get("value")),
            display_order=whole(preset.get("display_order")),
            raw=preset,
        )


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute, such as size."""

    id: str
    name: Name
    slug: str | None
    is_extra: bool | None
    is_enabled: bool | None
    display_order: int | None
    presets: tuple[Preset, ...]
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, attribute: Document) -> Attribute:
        return cls(
            id=needed_id(attribute, "an attribute"),
            name=Name.read(attribute.get("name")),
            slug=text(attribute.get("slug")),
            is_extra=flag(attribute.get("is_extra")),
            is_enabled=flag(attribute.get("is_enabled")),
            display_order=whole(attribute.get("display_order")),
            presets=every(Preset.read, attribute, "presets"),
            raw=attribute,
        )


@dataclass(frozen=True, slots=True)
class Metafield:
    """A field of a store's own on its products. Ids were seen that are no valid UUIDs."""

    id: str
    name: Name
    slug: str | None
    value: Name
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, metafield: Document) -> Metafield:
        return cls(
            id=needed_id(metafield, "a metafield"),
            name=Name.read(metafield.get("name")),
            slug=text(metafield.get("slug")),
            value=Name.read(metafield.get("value")),
            raw=metafield,
        )


@dataclass(frozen=True, slots=True)
class Badge:
    """A badge to put on products; it has no id."""

    body: Name
    icon: str | None
    is_example: bool | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, badge: Document) -> Badge:
        return cls(
            body=Name.read(badge.get("body")),
            icon=text(sub(badge, "icon").get("code")),
            is_example=flag(badge.get("is_example")),
            raw=badge,
        )
