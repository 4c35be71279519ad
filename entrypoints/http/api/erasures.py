"""`/v1/stores/{store_id}/erase` and the like for one customer: what is asked for here, schedulers carry out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.erasures import Erasure, ErasureKind
from core.domain.people import Person
from entrypoints.http.api.asking import entry, known_store
from entrypoints.http.api.shapes import Moment, Told, json, utc
from entrypoints.http.api_keys import actor
from entrypoints.http.path_ids import path_id, store_id_of
from entrypoints.http.problems import not_found
from entrypoints.http.reading import no_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES, HttpServices

LATEST = 50
_CUSTOMER = "/v1/stores/{store_id}/customers/{customer_id}"


class ErasureView(Told, frozen=True):
    """An erasure. While `finished_at` is null a scheduler is at it; until `backups_expire` backups may hold copies."""

    erasure_id: int
    kind: ErasureKind
    store_id: int
    asked_at: Moment | None
    finished_at: Moment | None
    removed: Mapping[str, int]
    backups_expire: str | None


class ErasuresPage(Told, frozen=True):
    items: list[ErasureView]


class PersonalDataView(msgspec.Struct, frozen=True):
    """Everything that is held about one person, as it is kept: Zid's own documents, our record, the events."""

    customer: list[Any]
    orders: list[Any]
    carts: list[Any]
    record: list[Any]
    events: list[Any]


async def erase_store(request: web.Request) -> web.Response:
    """202: on record, and begun within seconds. The finished one where nothing came in since."""
    no_query(request)
    services = request.app[SERVICES]
    erasure = await services.erasing.erase.ask_for_store(store_id_of(request), actor=actor(request))
    return _accepted(services, request, erasure)


async def erase_customer(request: web.Request) -> web.Response:
    no_query(request)
    services = request.app[SERVICES]
    erasure = await services.erasing.erase.ask_for_customer(
        store_id_of(request), _person(request), actor=actor(request)
    )
    return _accepted(services, request, erasure)


async def index(request: web.Request) -> web.Response:
    no_query(request)
    install = await known_store(request)
    services = request.app[SERVICES]
    found = await services.erasing.book.of_store(install.store_id, limit=LATEST)
    return json(ErasuresPage([_view(services, erasure) for erasure in found]))


async def personal_data(request: web.Request) -> web.Response:
    """Audited: whoever reads it all has taken it out."""
    no_query(request)
    return web.Response(body=await held_about(request), content_type="application/json")


async def held_about(request: web.Request) -> bytes:
    """Everything about the path's customer, as JSON; noted in the audit before it is read."""
    install = await known_store(request)
    services = request.app[SERVICES]
    await services.trail.note(entry(request, "customer.exported", install))
    person = await services.erasing.people.identify(install.store_id, _person(request))
    held = await services.erasing.people.held(install.store_id, person)
    return orjson.dumps(held, default=str)


def _person(request: web.Request) -> Person:
    return Person.asked_for(customer_id=path_id(request, "customer_id"))


def _accepted(services: HttpServices, request: web.Request, erasure: Erasure | None) -> web.Response:
    if erasure is None:
        raise not_found(f"store {store_id_of(request)}")
    return json(_view(services, erasure), status=202)


def _view(services: HttpServices, erasure: Erasure) -> ErasureView:
    expire = services.erasing.erase.certificate(erasure).backups_expire.isoformat() if erasure.finished_at else None
    return ErasureView(
        erasure.erasure_id,
        erasure.kind,
        erasure.store_id,
        utc(erasure.asked_at),
        utc(erasure.finished_at),
        erasure.counts,
        expire,
    )


ROUTES = (
    Route(
        "POST",
        "/v1/stores/{store_id}/erase",
        erase_store,
        "Erase a store: its install, its data and its customers'; the ledger keeps numbers",
        Access.API_KEY,
        query=NoQuery,
        answer=ErasureView,
        status=202,
        scope=ApiScope.ADMIN,
    ),
    Route(
        "GET",
        "/v1/stores/{store_id}/erasures",
        index,
        "Erasures of a store and of its customers, newest first",
        Access.API_KEY,
        query=NoQuery,
        answer=ErasuresPage,
    ),
    Route(
        "GET",
        f"{_CUSTOMER}/personal-data",
        personal_data,
        "Everything that is held about one person",
        Access.API_KEY,
        query=NoQuery,
        answer=PersonalDataView,
        scope=ApiScope.ADMIN,
    ),
    Route(
        "POST",
        f"{_CUSTOMER}/erase",
        erase_customer,
        "Erase one person; what Zid sends about them later comes in anew",
        Access.API_KEY,
        query=NoQuery,
        answer=ErasureView,
        status=202,
        scope=ApiScope.ADMIN,
    ),
)
