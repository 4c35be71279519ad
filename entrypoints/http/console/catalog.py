"""`/console/catalog`: what the mirror holds of a store's orders, products and customers, searched and one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from core.domain.mirror_queries import OrderFilter
from core.domain.stores import Install
from core.ids import EntityKind, StoreId
from entrypoints.http.api.asking import known_store
from entrypoints.http.api.sources import position_of
from entrypoints.http.console.access import signed_in
from entrypoints.http.console.catalog_rows import BY_PLURAL, SHELVES, Shelf, one_of, page_of, thing_of
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.navigation import Crumb, Crumbs
from entrypoints.http.console.store_rows import LONGEST_TEXT, StoreSearch, find_stores
from entrypoints.http.pages.language import language_of
from entrypoints.http.pages.texts import Texts
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import bad_request, not_found
from entrypoints.http.routing import Access, Handler, Route
from entrypoints.http.services import SERVICES, HttpServices

CATALOG: Final = "/console/catalog"
CHOICES: Final = 20
"""Stores that are offered at once."""
FEW: Final = 10


async def index(request: web.Request) -> web.Response:
    """Which store? Found by title or id."""
    search = StoreSearch.read(request)
    found = await find_stores(request.app[SERVICES], search, request.query.get("cursor") or None, CHOICES)
    shown = {"rows": found.rows, "search": search, "next": found.next, "first": "cursor" not in request.query}
    return console_page(request, "console/catalog.html", shown)


async def shelf(request: web.Request) -> web.Response:
    """One kind of a store's things; a search goes through what it is likely named by."""
    install, chosen = await known_store(request), _shelf(request)
    text = request.query.get("text", "").strip()[:LONGEST_TEXT]
    if "\0" in text:
        raise bad_request("text", "must hold no NUL character")
    after = position_of(request.query.get("cursor") or None)
    rows, found = await page_of(request.app[SERVICES].mirror, chosen, install.store_id, text, after)
    shown = {"install": install, "shelf": chosen, "shelves": SHELVES, "text": text, "rows": rows}
    following = found.to_cursor() if found else None
    return console_page(
        request,
        "console/catalog_shelf.html",
        {**shown, "next": following, "first": after is None},
        crumbs=catalog_crumbs(install),
    )


def catalog_crumbs(install: Install, *more: Crumb) -> Crumbs:
    """Where in the catalog a page of this store is."""
    return (Crumb(install.identity.title, f"/console/stores/{install.store_id}"), *more)


def _shelf(request: web.Request) -> Shelf:
    found = BY_PLURAL.get(request.match_info["plural"])
    if found is None:
        raise not_found("such list in the catalog")
    return found


def title_of(request: web.Request, chosen: Shelf) -> str:
    """The list's name, as the navigation of the catalog has it."""
    return Texts(language_of(request))(f"catalog.{chosen.plural}")


def showing(chosen: Shelf) -> Handler:
    """The page of one thing of this kind."""

    async def show(request: web.Request) -> web.Response:
        install, entity_id = await known_store(request), path_id(request, chosen.path_id)
        services = request.app[SERVICES]
        seen = await one_of(services.mirror, chosen, install.store_id, entity_id)
        if seen is None:
            raise not_found(f"{chosen.kind} {entity_id} in the mirror")
        shown = {"install": install, "shelf": chosen, "thing": thing_of(seen)}
        more = await _more(services, chosen.kind, install.store_id, entity_id)
        crumbs = catalog_crumbs(
            install, Crumb(title_of(request, chosen), f"{CATALOG}/{install.store_id}/{chosen.plural}")
        )
        return console_page(request, f"console/catalog_{chosen.kind}.html", {**shown, **more}, crumbs=crumbs)

    return show


async def _more(services: HttpServices, kind: EntityKind, store_id: StoreId, entity_id: str) -> Mapping[str, object]:
    """What else we know about it, by index."""
    match kind:
        case EntityKind.PRODUCT:
            return {"movements": (await services.mirror.stock.page(store_id, product_id=entity_id, limit=FEW)).items}
        case EntityKind.CUSTOMER:
            orders = await services.mirror.orders.page(store_id, OrderFilter(customer_id=entity_id), limit=FEW)
            record = await services.customers.records.get(store_id, entity_id)
            spending = await services.mirror.orders.spending(store_id, entity_id)
            return {"orders": orders.items, "record": record, "spending": spending}
        case _:
            return {}


ROUTES = (
    Route("GET", CATALOG, signed_in(index), access=Access.OWN, page=True),
    Route("GET", f"{CATALOG}/{{store_id}}/{{plural}}", signed_in(shelf), access=Access.OWN, page=True),
    *(
        Route(
            "GET",
            f"{CATALOG}/{{store_id}}/{one.plural}/{{{one.path_id}}}",
            signed_in(showing(one)),
            access=Access.OWN,
            page=True,
        )
        for one in SHELVES
    ),
)
