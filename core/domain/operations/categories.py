"""Store categories (managers dialect). Zid can neither delete nor reorder them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.domain.keep import KEEP, Keep
from core.domain.names import Name
from core.domain.operations.operation import Operation, Write, refuse_unless
from core.domain.paging import Page
from core.domain.results.category import Category


@dataclass(frozen=True, slots=True)
class ListCategories(Operation[Page[Category]]):
    """All categories, those below others inside them; Zid does not page them."""

    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True)
class GetCategory(Operation[Category]):
    """One category (GET …/categories/{id}/view)."""

    category_id: str
    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryFields:
    """What a category is made of."""

    name: Name | Keep = KEEP
    description: Name | Keep = KEEP
    parent_id: str | Keep = KEEP


@dataclass(frozen=True, slots=True)
class CreateCategory(Write[Category]):
    """A new category, below another or not."""

    fields: CategoryFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List categories and look for its name: a category cannot be deleted."

    def __post_init__(self) -> None:
        refuse_unless(self.fields.name is not KEEP, "name", "is needed to make a category")


@dataclass(frozen=True, slots=True)
class UpdateCategory(Write[Category]):
    """Changes a category."""

    category_id: str
    fields: CategoryFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the category and compare."


@dataclass(frozen=True, slots=True)
class PublishCategory(Write[None]):
    """Shows or hides a category."""

    category_id: str
    is_published: bool
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the category; publishing it again does no harm."


@dataclass(frozen=True, slots=True)
class EmptyCategory(Write[Category]):
    """Takes every product out of a category."""

    category_id: str
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the category and look at its count of products."
