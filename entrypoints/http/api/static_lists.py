"""Zid's lists that hardly change: countries, cities, payment methods, delivery options; kept a while in the cache.

The cache may be away or empty: then Zid is asked, and both are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import msgspec
from aiohttp import web
from structlog import get_logger

from core.domain.operations.operation import Operation
from core.domain.operations.settings import (
    ListCities,
    ListCountries,
    ListDeliveryOptions,
    ListOperatingCountries,
    ListPaymentMethods,
)
from core.domain.results.settings import City, Country, DeliveryOption, PaymentMethod
from core.errors import Unavailable
from entrypoints.http.api.asking import ask, live_install
from entrypoints.http.api.shapes import Asked
from entrypoints.http.api.sources import Listed, Source, aged
from entrypoints.http.api.views import page_of, tell
from entrypoints.http.path_ids import path_id
from entrypoints.http.reading import read_query
from entrypoints.http.routing import Access, Handler, Route
from entrypoints.http.services import SERVICES

log = get_logger()

DAY: Final = timedelta(days=1)
MINUTES: Final = timedelta(minutes=10)


class StaticQuery(Asked, frozen=True):
    """`zid` asks Zid now and renews what is kept."""

    source: Source = Source.MIRROR


@dataclass(frozen=True, slots=True)
class StaticList:
    """One list: what it is called, how to ask for it, and how long it is kept."""

    name: str
    operation: Callable[[web.Request], Operation[Sequence[object]]]
    kind: type
    ttl: timedelta


class Kept(msgspec.Struct, frozen=True):
    """An answer and when Zid gave it."""

    at: datetime
    body: str


def _handler(wanted: StaticList) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        query = read_query(request, StaticQuery)
        install = await live_install(request)
        operation = wanted.operation(request)
        name = "/".join([wanted.name, str(install.install_id), *request.match_info.values()])
        kept = await _look(request, wanted, name) if query.source is Source.MIRROR else None
        if kept is not None:
            return aged(request, _answer(kept.body), [kept.at])
        found = await ask(request, operation)
        body = msgspec.json.encode(Listed([tell(wanted.kind, one) for one in found], None)).decode()
        await _keep(request, wanted, name, body)
        return _answer(body)

    return handler


async def _look(request: web.Request, wanted: StaticList, name: str) -> Kept | None:
    services = request.app[SERVICES]
    kept, outcome = None, "asked"
    try:
        if found := await services.cache.get(name):
            kept, outcome = msgspec.json.decode(found, type=Kept), "kept"
    except Unavailable:
        outcome = "cache_away"
    except msgspec.DecodeError:
        log.warning("static_list_unreadable", list=wanted.name)
    services.metrics.count("static_lists_total", list=wanted.name, outcome=outcome)
    return kept


async def _keep(request: web.Request, wanted: StaticList, name: str, body: str) -> None:
    services = request.app[SERVICES]
    content = msgspec.json.encode(Kept(services.clock.now().astimezone(UTC), body)).decode()
    try:
        await services.cache.put(name, content, ttl=wanted.ttl.total_seconds())
    except Unavailable as error:
        log.warning("static_list_not_kept", list=wanted.name, problem=str(error))


def _answer(body: str) -> web.Response:
    return web.Response(body=body.encode(), content_type="application/json")


def _cities(request: web.Request) -> Operation[Sequence[object]]:
    return cast("Operation[Sequence[object]]", ListCities(path_id(request, "country_id")))


_STORE = "/v1/stores/{store_id}"


def _route(path: str, wanted: StaticList, summary: str) -> Route:
    return Route(
        "GET",
        f"{_STORE}/{path}",
        _handler(wanted),
        summary,
        Access.API_KEY,
        query=StaticQuery,
        answer=page_of(wanted.kind),
        zid=True,
        aged=True,
    )


ROUTES = (
    _route("countries", StaticList("countries", lambda _: ListCountries(), Country, DAY), "All countries"),
    _route(
        "countries/operating",
        StaticList("operating_countries", lambda _: ListOperatingCountries(), Country, MINUTES),
        "The countries the store sells to",
    ),
    _route("countries/{country_id}/cities", StaticList("cities", _cities, City, DAY), "The cities of a country"),
    _route(
        "payment-methods",
        StaticList("payment_methods", lambda _: ListPaymentMethods(), PaymentMethod, MINUTES),
        "How customers can pay",
    ),
    _route(
        "delivery-options",
        StaticList("delivery_options", lambda _: ListDeliveryOptions(), DeliveryOption, MINUTES),
        "How orders are delivered",
    ),
)
