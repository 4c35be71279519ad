"""Store categories (managers dialect). Zid can neither delete nor reorder them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.domain.operations.operation import Operation
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
