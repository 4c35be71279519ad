"""A customer's rights, from their page: everything that is held about them, and forgetting them."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from core.domain.api_access import ApiScope
from core.domain.erasures import last_backup_expires
from core.domain.people import Person
from entrypoints.http.api.asking import known_store
from entrypoints.http.api.erasures import held_about
from entrypoints.http.api_keys import actor
from entrypoints.http.console.access import form_of, see, signed_in
from entrypoints.http.console.catalog import CATALOG
from entrypoints.http.console.framing import console_page
from entrypoints.http.console.store_endings import erasure_address, is_typed
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import not_found
from entrypoints.http.routing import Access, Handler, Route
from entrypoints.http.services import SERVICES

CUSTOMER: Final = f"{CATALOG}/{{store_id}}/customers/{{customer_id}}"


async def export(request: web.Request) -> web.Response:
    """A file to hand over. Audited: whoever has it all has taken it out."""
    await form_of(request)
    content = await held_about(request)
    name = f"store-{request.match_info['store_id']}-customer-{path_id(request, 'customer_id')}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=content, content_type="application/json", headers=headers)


async def erase_form(request: web.Request) -> web.Response:
    return await _erase_page(request)


async def _erase_page(request: web.Request, *, mistyped: bool = False) -> web.Response:
    """Also for people whom the mirror does not hold: events may still mention them."""
    services, install = request.app[SERVICES], await known_store(request)
    expire = last_backup_expires(services.clock.now(), services.erasing.erase.backups_kept)
    shown = {"install": install, "customer_id": path_id(request, "customer_id"), "backups_expire": expire}
    status = 422 if mistyped else 200
    return console_page(request, "console/catalog_erase.html", {**shown, "mistyped": mistyped}, status=status)


async def erase(request: web.Request) -> web.Response:
    fields, install = await form_of(request), await known_store(request)
    customer_id = path_id(request, "customer_id")
    if not is_typed(fields.get("typed", ""), customer_id):
        return await _erase_page(request, mistyped=True)
    person = Person.asked_for(customer_id=customer_id)
    asked = await request.app[SERVICES].erasing.erase.ask_for_customer(install.store_id, person, actor=actor(request))
    if asked is None:
        raise not_found(f"store {install.store_id}")
    return see(erasure_address(asked))


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route(method, f"{CUSTOMER}/{path}", signed_in(handler, ApiScope.ADMIN), access=Access.OWN, page=True)


ROUTES = (
    _route("POST", "export", export),
    _route("GET", "erase", erase_form),
    _route("POST", "erase", erase),
)
