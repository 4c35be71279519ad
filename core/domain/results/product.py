"""Products and their variants (schema of "Get a product"; docs group "managing products")."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.domain.documents import Document, rows, sub, text
from core.domain.money import Money, read_money
from core.domain.names import Name
from core.domain.results.fields import every, flag, lower, needed_id, same_id, texts, whole
from core.domain.results.stock import Stock
from core.domain.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of a product."""

    id: str
    url: str | None
    alt_text: str | None
    display_order: int | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, image: Document) -> Image:
        sizes = sub(image, "image")
        return cls(
            id=needed_id(image, "an image"),
            url=text(sizes.get("full_size")) or text(sizes.get("large")) or text(image.get("image")),
            alt_text=text(image.get("alt_text")),
            display_order=whole(image.get("display_order")),
            raw=image,
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """What distinguishes a variant, such as size: large."""

    attribute_id: str | None
    name: Name
    value: Name

    @classmethod
    def read(cls, attribute: Document) -> Choice:
        return cls(
            attribute_id=same_id(attribute.get("attribute_id")),
            name=Name.read(attribute.get("name")),
            value=Name.read(attribute.get("value")),
        )


@dataclass(frozen=True, slots=True)
class Product:
    """A product, or a variant (`structure` is standalone, parent or child).

    `quantity` and `is_infinite` are aggregates over `stocks`; a parent's may be None with
    stock on its variants. `kind` is Zid's `product_class`, None for a standard product.
    """

    id: str
    sku: str | None
    barcode: str | None
    name: Name
    description: Name
    kind: str | None
    structure: str | None
    parent_id: str | None
    price: Money | None
    sale_price: Money | None
    cost: Money | None
    quantity: int | None
    is_infinite: bool | None
    is_published: bool | None
    is_draft: bool | None
    is_taxable: bool | None
    requires_shipping: bool | None
    category_ids: tuple[str, ...]
    choices: tuple[Choice, ...]
    images: tuple[Image, ...]
    stocks: tuple[Stock, ...]
    variants: tuple[Product, ...]
    keywords: tuple[str, ...]
    url: str | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, product: Document) -> Product:
        """UnknownShape without an id; names and descriptions may be strings, `{ar, en}` or `[]`."""
        currency = text(product.get("currency"))
        return cls(
            id=needed_id(product, "a product"),
            sku=text(product.get("sku")),
            barcode=text(product.get("barcode")),
            name=Name.read(product.get("name")),
            description=Name.read(product.get("description")),
            kind=lower(product.get("product_class")),
            structure=lower(product.get("structure")),
            parent_id=same_id(product.get("parent_id")),
            price=read_money(product.get("price"), currency),
            sale_price=read_money(product.get("sale_price"), currency),
            cost=read_money(product.get("cost"), currency),
            quantity=whole(product.get("quantity")),
            is_infinite=flag(product.get("is_infinite")),
            is_published=flag(product.get("is_published")),
            is_draft=flag(product.get("is_draft")),
            is_taxable=flag(product.get("is_taxable")),
            requires_shipping=flag(product.get("requires_shipping")),
            category_ids=tuple(found for row in rows(product, "categories") if (found := text(row.get("id")))),
            choices=tuple(Choice.read(row) for row in rows(product, "attributes")),
            images=every(Image.read, product, "images"),
            stocks=every(Stock.read, product, "stocks"),
            variants=every(Product.read, product, "variants"),
            keywords=texts(product.get("keywords")),
            url=text(product.get("html_url")),
            created_at=parse_time(product.get("created_at")),
            updated_at=parse_time(product.get("updated_at")),
            raw=product,
        )
