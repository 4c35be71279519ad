"""Stock and locations (products family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import nothing, one
from adapters.zid.encoding import Parts, as_json, number, record
from adapters.zid.headers import Family
from adapters.zid.listings import linked
from adapters.zid.route import Route, Table
from adapters.zid.rows.products import stock_row
from core.domain.keep import Keep
from core.domain.operations.stocks import (
    Coordinates,
    CreateLocation,
    CreateStock,
    GetLocation,
    GetStock,
    ListLocations,
    ListStocks,
    LocationFields,
    ProductStock,
    SetLocationStock,
    UpdateLocation,
    UpdateStock,
    UpdateStocks,
)
from core.domain.results.stock import Location, Stock

_STOCKS: Final = "/v1/products/{product_id}/stocks/"
_STOCK: Final = _STOCKS + "{stock_id}/"
_LOCATIONS: Final = "/v1/locations/"
_LOCATION: Final = _LOCATIONS + "{location_id}/"


def _quantity(wanted: UpdateStock | ProductStock) -> Parts:
    return {
        "available_quantity": None if wanted.is_infinite else wanted.quantity,
        "is_infinite": wanted.is_infinite,
    }


def _stock(wanted: UpdateStock) -> Parts:
    return {**({"location": wanted.location_id} if wanted.location_id else {}), **_quantity(wanted)}


def _location(made_of: LocationFields) -> Parts:
    whole = record(made_of, city_id="city")
    if not isinstance(made_of.city_id, Keep):
        whole["city"] = number(made_of.city_id)
    if isinstance(made_of.coordinates, Coordinates):
        whole["coordinates"] = record(made_of.coordinates)
    return whole


ROWS: Final[Table] = MappingProxyType(
    {
        ListStocks: linked(_STOCKS, Stock.read),
        GetStock: Route("GET", Family.PRODUCTS, _STOCK, one(Stock.read)),
        CreateStock: Route(
            "POST", Family.PRODUCTS, _STOCKS, one(Stock.read), payload=as_json(lambda wanted: stock_row(wanted.stock))
        ),
        UpdateStock: Route("PATCH", Family.PRODUCTS, _STOCK, one(Stock.read), payload=as_json(_stock)),
        UpdateStocks: Route(
            "PATCH",
            Family.PRODUCTS,
            _STOCKS,
            nothing,
            payload=as_json(lambda wanted: [stock_row(stock) for stock in wanted.stocks]),
        ),
        # Which of the two names Zid reads is unknown (U15).
        ListLocations: linked(_LOCATIONS, Location.read, sizes=("page_size", "per_page")),
        GetLocation: Route("GET", Family.PRODUCTS, _LOCATION, one(Location.read)),
        CreateLocation: Route(
            "POST",
            Family.PRODUCTS,
            _LOCATIONS,
            one(Location.read),
            payload=as_json(lambda wanted: _location(wanted.fields)),
        ),
        UpdateLocation: Route(
            "PATCH",
            Family.PRODUCTS,
            _LOCATION,
            one(Location.read),
            payload=as_json(lambda wanted: _location(wanted.fields)),
        ),
        SetLocationStock: Route(
            "POST",
            Family.PRODUCTS,
            _LOCATION + "stock-update/",
            nothing,
            payload=as_json(
                lambda wanted: [{"product_id": stock.product_id, **_quantity(stock)} for stock in wanted.stocks]
            ),
        ),
    }
)
