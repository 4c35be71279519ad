"""Making, changing and removing products (docs group "managing products"). Zid makes and deletes one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Final

from core.domain.keep import KEEP, Keep
from core.domain.names import Name
from core.domain.operations.files import Upload
from core.domain.operations.operation import Operation, Write, refuse_unless
from core.domain.operations.products import ProductClass
from core.domain.results.product import Product
from core.domain.results.product_settings import ProductSettings

AT_ONCE: Final = 50
"""How many products Zid's own client changes in one call; Zid states no maximum (U19)."""


@dataclass(frozen=True, slots=True)
class Weight:
    value: Decimal | None
    unit: str = "kg"


@dataclass(frozen=True, slots=True)
class LocationStock:
    """How much lies at a location; infinite stock has no quantity."""

    location_id: str
    quantity: int | None = None
    is_infinite: bool = False


@dataclass(frozen=True, slots=True)
class VariantAttribute:
    """A value of an attribute; both the attribute and the preset have to exist."""

    slug: str
    value: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantFields:
    """A variant: with an id it is changed, without one it is added."""

    id: str | Keep = KEEP
    is_deleted: bool | Keep = KEEP
    sku: str | Keep = KEEP
    barcode: str | Keep | None = KEEP
    price: Decimal | Keep = KEEP
    sale_price: Decimal | Keep | None = KEEP
    cost: Decimal | Keep | None = KEEP
    attributes: tuple[VariantAttribute, ...] | Keep = KEEP
    stocks: tuple[LocationStock, ...] | Keep = KEEP
    weight: Weight | Keep = KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFields:
    """What is known of a product; None clears a value, as `sale_price=None` ends a sale.

    `more` holds whatever else Zid takes, by its own names (`seo`, `badge`, `group_products`).
    """

    name: Name | str | Keep = KEEP
    sku: str | Keep = KEEP
    barcode: str | Keep | None = KEEP
    price: Decimal | Keep = KEEP
    sale_price: Decimal | Keep | None = KEEP
    cost: Decimal | Keep | None = KEEP
    description: Name | str | Keep = KEEP
    short_description: Name | str | Keep = KEEP
    product_class: ProductClass | Keep = KEEP
    quantity: int | Keep = KEEP
    is_infinite: bool | Keep = KEEP
    is_draft: bool | Keep = KEEP
    is_published: bool | Keep = KEEP
    is_taxable: bool | Keep = KEEP
    requires_shipping: bool | Keep = KEEP
    weight: Weight | Keep | None = KEEP
    keywords: tuple[str, ...] | Keep = KEEP
    variants: tuple[VariantFields, ...] | Keep = KEEP
    more: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreateProduct(Write[Product]):
    """One product; Zid needs `name` and `price`, and a `sku` for all but digital ones."""

    fields: ProductFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List products and look for its sku before making it again."

    def __post_init__(self) -> None:
        for name in ("name", "price"):
            refuse_unless(getattr(self.fields, name) is not KEEP, name, "is needed to make a product")


@dataclass(frozen=True, slots=True)
class UpdateProduct(Write[Product]):
    """Changes one product. The quantity answered is not always the one sent (U14): read the stocks."""

    product_id: str
    fields: ProductFields
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product and compare it with what was sent."


@dataclass(frozen=True, slots=True)
class ProductChange:
    """A change of one product among many, named by its id or by its sku."""

    fields: ProductFields
    id: str | Keep = KEEP

    def __post_init__(self) -> None:
        named = self.id is not KEEP or self.fields.sku is not KEEP
        refuse_unless(named, "id", "each product needs its id or its sku")


@dataclass(frozen=True, slots=True)
class UpdateProducts(Write[Sequence[Product]]):
    """Changes many products in one call; more than AT_ONCE may be refused."""

    changes: tuple[ProductChange, ...]
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the products by their ids and compare them with what was sent."

    def __post_init__(self) -> None:
        refuse_unless(len(self.changes) > 0, "changes", "at least one product")


def in_batches(changes: Sequence[ProductChange], at_once: int = AT_ONCE) -> Iterator[UpdateProducts]:
    """The calls that make all the changes, in order, `at_once` of them in each."""
    for start in range(0, len(changes), at_once):
        yield UpdateProducts(tuple(changes[start : start + at_once]))


@dataclass(frozen=True, slots=True)
class DeleteProduct(Write[None]):
    """Removes a product for good."""

    product_id: str
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product: NotFound says that it is gone."


@dataclass(frozen=True, slots=True)
class GetProductSettings(Operation[ProductSettings]):
    """How the store shows its products."""

    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True)
class ArrangeProducts(Write[None]):
    """Sets the manual order of products, in the store or in one category."""

    product_ids: tuple[str, ...]
    category_id: str | None = None
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Setting the same order again does no harm."

    def __post_init__(self) -> None:
        refuse_unless(len(self.product_ids) > 0, "product_ids", "at least one product")


@dataclass(frozen=True, slots=True)
class ResetArrangement(Write[None]):
    """Removes the manual order."""

    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Resetting again does no harm."


@dataclass(frozen=True, slots=True)
class ExportProducts(Write[None]):
    """Has Zid send all products to the merchant by mail."""

    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Ask the merchant whether the mail came; asking twice sends two."


@dataclass(frozen=True, slots=True)
class ImportProducts(Write[None]):
    """Reads products from a file (.csv, .xlsx), some time later."""

    file: Upload
    response_type: str = "json"
    delete_old_products: bool = False
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List products some minutes later: an import runs in the background."


@dataclass(frozen=True, slots=True)
class SetVariants(Write[Product]):
    """Adds, changes and removes variants; a standalone product becomes a parent."""

    product_id: str
    variants: tuple[VariantFields, ...]
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product and look at its variants."


@dataclass(frozen=True, slots=True)
class VariantOption:
    """An attribute with the choices to combine."""

    slug: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CombineVariants(Write[Product]):
    """Makes a variant of every combination of choices (Zid's older way; its body is as products show `options`)."""

    product_id: str
    options: tuple[VariantOption, ...]
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the product and look at its variants."
