"""What customers choose or type in when they buy a product."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.documents import Document, text
from core.domain.money import Money, read_money
from core.domain.names import Name
from core.domain.results.fields import every, flag, needed_id, whole


@dataclass(frozen=True, slots=True)
class OptionChoice:
    """One choice with what it adds to the price."""

    id: str
    name: Name
    price: Money | None

    @classmethod
    def read(cls, choice: Document) -> OptionChoice:
        return cls(needed_id(choice, "a choice"), Name.read(choice), read_money(choice.get("price")))


@dataclass(frozen=True, slots=True)
class CustomOption:
    """An option to choose from (CHECKBOX, DROPDOWN)."""

    id: str
    kind: str | None
    label: Name
    hint: Name
    min_choices: int | None
    max_choices: int | None
    is_published: bool | None
    is_required: bool | None
    choices: tuple[OptionChoice, ...]
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, option: Document) -> CustomOption:
        return cls(
            id=needed_id(option, "a custom option"),
            kind=text(option.get("type")),
            label=Name.read(option.get("label")),
            hint=Name.read(option.get("hint")),
            min_choices=whole(option.get("min_choices")),
            max_choices=whole(option.get("max_choices")),
            is_published=flag(option.get("is_published")),
            is_required=flag(option.get("is_required")),
            choices=every(OptionChoice.read, option, "choices"),
            raw=option,
        )


@dataclass(frozen=True, slots=True)
class CustomInput:
    """A field to type in. Zid may leave its id out of the answer."""

    id: str | None
    kind: str | None
    label: Name
    hint: Name
    price: Money | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, entry: Document) -> CustomInput:
        return cls(
            id=text(entry.get("id")),
            kind=text(entry.get("type")),
            label=Name.read(entry.get("label")),
            hint=Name.read(entry.get("hint")),
            price=read_money(entry.get("price")),
            raw=entry,
        )
