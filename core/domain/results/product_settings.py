"""How a store shows its products."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.documents import Document, text
from core.domain.results.fields import flag, whole


@dataclass(frozen=True, slots=True)
class ProductSettings:
    """The settings an app may care about; `raw` holds them all."""

    default_ordering: str | None
    related_products_count: int | None
    shows_sold_count: bool | None
    has_filters: bool | None
    has_wishlist: bool | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, settings: Document) -> ProductSettings:
        return cls(
            default_ordering=text(settings.get("default_products_ordering")),
            related_products_count=whole(settings.get("related_products_count")),
            shows_sold_count=flag(settings.get("sold_products_count_status")),
            has_filters=flag(settings.get("has_products_filtration")),
            has_wishlist=flag(settings.get("is_wishlist_enabled")),
            raw=settings,
        )
