"""Stock and the places it lies at (docs groups "product stock", "inventories")."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from core.domain.documents import Document, sub, text
from core.domain.money import parse_amount
from core.domain.names import Name
from core.domain.results.fields import flag, needed_id, same_id, texts, whole


@dataclass(frozen=True, slots=True)
class Stock:
    """How much of a product lies at one location; `quantity` is None where it is infinite."""

    id: str
    location_id: str | None
    location: Name
    quantity: int | None
    is_infinite: bool
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, stock: Document) -> Stock:
        place = sub(stock, "location")
        return cls(
            id=needed_id(stock, "a stock row"),
            location_id=same_id(place.get("id")) or same_id(stock.get("location")),
            location=Name.read(place.get("name")),
            quantity=whole(stock.get("available_quantity")),
            is_infinite=flag(stock.get("is_infinite")) is True,
            raw=stock,
        )


@dataclass(frozen=True, slots=True)
class Location:
    """An inventory location. Lists may tell less than the get."""

    id: str
    name: Name
    city_id: str | None
    city: str | None
    address: str | None
    short_address: str | None
    latitude: Decimal | None
    longitude: Decimal | None
    is_default: bool | None
    is_private: bool | None
    is_enabled: bool | None
    channels: tuple[str, ...]
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, location: Document) -> Location:
        return cls(
            id=needed_id(location, "a location"),
            name=Name.read(location.get("name")),
            city_id=text(sub(location, "city").get("id")) or text(location.get("city")),
            city=text(sub(location, "city").get("name")),
            address=text(location.get("full_address")),
            short_address=text(location.get("short_address")),
            latitude=parse_amount(sub(location, "coordinates").get("latitude")),
            longitude=parse_amount(sub(location, "coordinates").get("longitude")),
            is_default=flag(location.get("is_default")),
            is_private=flag(location.get("is_private")),
            is_enabled=flag(location.get("is_enabled")),
            channels=texts(location.get("channels")),
            raw=location,
        )
