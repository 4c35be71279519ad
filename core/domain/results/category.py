"""Store categories (managers dialect): integers as ids here, strings inside products; text either way."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.documents import Document, text
from core.domain.names import Name
from core.domain.results.fields import every, flag, needed_id, whole


@dataclass(frozen=True, slots=True)
class Category:
    """A category with those below it."""

    id: str
    uuid: str | None
    name: Name
    description: Name
    slug: str | None
    parent_id: str | None
    is_published: bool | None
    products_count: int | None
    below: tuple[Category, ...]
    url: str | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, category: Document) -> Category:
        """`names` holds both languages, `name` one; `description` may be `[]`."""
        return cls(
            id=needed_id(category, "a category"),
            uuid=text(category.get("uuid")),
            name=Name.read(category.get("names") or category.get("name")),
            description=Name.read(category.get("description")),
            slug=text(category.get("slug")),
            parent_id=text(category.get("parent_id")),
            is_published=flag(category.get("is_published")),
            products_count=whole(category.get("products_count")),
            below=every(Category.read, category, "sub_categories"),
            url=text(category.get("url")),
            raw=category,
        )
