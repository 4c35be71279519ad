"""What belongs to one product: options, inputs, images, categories."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from core.domain.keep import KEEP, Keep
from core.domain.names import Name
from core.domain.operations.files import Upload
from core.domain.operations.operation import Listing, Write, refuse_unless
from core.domain.results.customization import CustomInput, CustomOption
from core.domain.results.product import Image


class OptionKind(StrEnum):
    CHECKBOX = "CHECKBOX"
    DROPDOWN = "DROPDOWN"


@dataclass(frozen=True, slots=True)
class Offer:
    """A choice of a custom option; with an id it is an existing one."""

    name: Name
    price: Decimal = Decimal(0)
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionFields:
    """A whole custom option: Zid replaces it, it does not patch it."""

    label: Name
    choices: tuple[Offer, ...]
    hint: Name | Keep = KEEP
    type: OptionKind | Keep = KEEP
    is_published: bool = True
    is_required: bool = False
    display_order: int = 1
    min_choices: int | Keep = KEEP
    max_choices: int | Keep = KEEP
    can_choose_multiple_options: bool | Keep = KEEP


@dataclass(frozen=True, slots=True)
class CreateCustomOption(Write[CustomOption]):
    """Adds an option to a product."""

    product_id: str
    fields: OptionFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product and look at its custom options."


@dataclass(frozen=True, slots=True)
class ReplaceCustomOption(Write[CustomOption]):
    """Replaces an option entirely."""

    product_id: str
    option_id: str
    fields: OptionFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product and look at its custom options."


@dataclass(frozen=True, slots=True)
class DeleteCustomOption(Write[None]):
    """Removes an option."""

    product_id: str
    option_id: str
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product: the option is gone when it is missing."


@dataclass(frozen=True, slots=True)
class CreateCustomInput(Write[CustomInput]):
    """Adds a field to type in. `kind` is Zid's word, such as TEXT."""

    product_id: str
    kind: str
    label: Name
    hint: Name | None = None
    price: Decimal | None = None
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product and look at its custom input fields."


@dataclass(frozen=True, slots=True, kw_only=True)
class ListImages(Listing[Image]):
    """The pictures of a product."""

    product_id: str
    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True)
class UploadImage(Write[Image]):
    """Adds a picture to a product."""

    product_id: str
    image: Upload
    alt_text: str = ""
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the images: uploading again shows the picture twice."


@dataclass(frozen=True, slots=True)
class MoveImage(Write[Image]):
    """Gives a picture its place."""

    product_id: str
    image_id: str
    display_order: int
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Moving it to the same place again does no harm."


@dataclass(frozen=True, slots=True)
class DeleteImage(Write[None]):
    """Removes a picture."""

    product_id: str
    image_id: str
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the images: it is gone when it is missing."


@dataclass(frozen=True, slots=True)
class AddToCategory(Write[None]):
    """Puts a product into one category."""

    product_id: str
    category_id: str
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product and look at its categories."


@dataclass(frozen=True, slots=True)
class AddToCategories(Write[None]):
    """Puts a product into several categories at once."""

    product_id: str
    category_ids: tuple[str, ...]
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product and look at its categories."

    def __post_init__(self) -> None:
        refuse_unless(len(self.category_ids) > 0, "category_ids", "at least one category")


@dataclass(frozen=True, slots=True)
class RemoveFromCategory(Write[None]):
    """Takes a product out of a category."""

    product_id: str
    category_id: str
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product and look at its categories."
