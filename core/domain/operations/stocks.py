"""Stock and locations (docs groups "product stock", "inventories"). Neither can be deleted at Zid.

Stock per location needs a plan with several inventories (`has_multi_product_inventory`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from core.domain.keep import KEEP, Keep
from core.domain.names import Name
from core.domain.operations.operation import Listing, Operation, Write, refuse_unless
from core.domain.operations.product_writes import LocationStock
from core.domain.results.stock import Location, Stock


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStocks(Listing[Stock]):
    """The stock of one product, location by location."""

    product_id: str
    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True)
class GetStock(Operation[Stock]):
    """One stock row."""

    product_id: str
    stock_id: str
    scope: ClassVar[str] = "products.read"


@dataclass(frozen=True, slots=True)
class CreateStock(Write[Stock]):
    """Stock at a location that had none."""

    product_id: str
    stock: LocationStock
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the stocks and look for the location."


@dataclass(frozen=True, slots=True)
class UpdateStock(Write[Stock]):
    """Sets one stock row; for many rows Zid recommends UpdateStocks."""

    product_id: str
    stock_id: str
    quantity: int | None
    is_infinite: bool = False
    location_id: str | None = None
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "Get the stock: quantities are absolute, setting one again does no harm."

    def __post_init__(self) -> None:
        refuse_unless(self.is_infinite or self.quantity is not None, "quantity", "a number, or infinite stock")


@dataclass(frozen=True, slots=True)
class UpdateStocks(Write[None]):
    """Sets several stock rows of a product at once."""

    product_id: str
    stocks: tuple[LocationStock, ...]
    scope: ClassVar[str] = "products.read_write"
    check: ClassVar[str] = "List the stocks: quantities are absolute, setting them again does no harm."

    def __post_init__(self) -> None:
        refuse_unless(len(self.stocks) > 0, "stocks", "at least one location")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLocations(Listing[Location]):
    """The store's inventory locations."""

    scope: ClassVar[str] = "inventories.read"


@dataclass(frozen=True, slots=True)
class GetLocation(Operation[Location]):
    """One location, with all its fields."""

    location_id: str
    scope: ClassVar[str] = "inventories.read"


@dataclass(frozen=True, slots=True)
class Coordinates:
    latitude: Decimal
    longitude: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationFields:
    """What a location is made of. In Saudi Arabia `short_address` is required."""

    name: Name | Keep = KEEP
    city_id: str | Keep = KEEP
    coordinates: Coordinates | Keep = KEEP
    full_address: str | Keep = KEEP
    short_address: str | Keep | None = KEEP
    is_default: bool | Keep = KEEP
    is_private: bool | Keep = KEEP
    is_enabled: bool | Keep = KEEP
    channels: tuple[str, ...] | Keep = KEEP


@dataclass(frozen=True, slots=True)
class CreateLocation(Write[Location]):
    """A new location."""

    fields: LocationFields
    scope: ClassVar[str] = "inventories.read_write"
    check: ClassVar[str] = "List locations and look for its name: a location cannot be deleted."


@dataclass(frozen=True, slots=True)
class UpdateLocation(Write[Location]):
    """Changes a location."""

    location_id: str
    fields: LocationFields
    scope: ClassVar[str] = "inventories.read_write"
    check: ClassVar[str] = "Get the location and compare."


@dataclass(frozen=True, slots=True)
class ProductStock:
    """How much of a product lies at the location in question."""

    product_id: str
    quantity: int | None = None
    is_infinite: bool = False


@dataclass(frozen=True, slots=True)
class SetLocationStock(Write[None]):
    """Sets the stock of many products at one location, which must be enabled."""

    location_id: str
    stocks: tuple[ProductStock, ...]
    scope: ClassVar[str] = "inventories.read_write"
    check: ClassVar[str] = "List the stocks of the products: quantities are absolute, setting them again does no harm."

    def __post_init__(self) -> None:
        refuse_unless(len(self.stocks) > 0, "stocks", "at least one product")
