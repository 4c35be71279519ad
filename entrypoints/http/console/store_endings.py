"""What cannot be undone, confirmed by typing: removing the app from a store, erasing a store; and what is certified."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from structlog import get_logger

from core.domain.api_access import ApiScope
from core.domain.erasures import Erasure, ErasureId, last_backup_expires
from core.domain.stores import LIVE
from core.errors import WaslError
from core.ids import EntityKind
from entrypoints.http.api.asking import known_store
from entrypoints.http.api_keys import actor
from entrypoints.http.console.access import form_of, see, signed_in
from entrypoints.http.console.framing import console_page, console_part
from entrypoints.http.console.notices import Notice, Tone, done
from entrypoints.http.console.store import STORE, is_scripted, store_crumbs, store_page
from entrypoints.http.console.store_actions import NOT_INSTALLED, store_address
from entrypoints.http.path_ids import path_id, store_id_of
from entrypoints.http.problems import not_found, problem_of
from entrypoints.http.routing import Access, Handler, Route
from entrypoints.http.services import SERVICES, HttpServices

log = get_logger()
COUNTED: Final = (EntityKind.ORDER, EntityKind.PRODUCT, EntityKind.CUSTOMER, EntityKind.CATEGORY, EntityKind.CART)


def is_typed(typed: str, wanted: str) -> bool:
    """Whether exactly the id was typed, spaces around it aside."""
    return typed.strip() == wanted


async def revoke_form(request: web.Request) -> web.Response:
    return await _revoke_page(request)


async def _revoke_page(request: web.Request, *, mistyped: bool = False) -> web.Response:
    install = await known_store(request)
    if install.state not in LIVE:
        return done(request, store_address(install), NOT_INSTALLED)
    shown = {"install": install, "mistyped": mistyped}
    return console_page(
        request, "console/store_revoke.html", shown, status=422 if mistyped else 200, crumbs=store_crumbs(install)
    )


async def revoke(request: web.Request) -> web.Response:
    fields, install = await form_of(request), await known_store(request)
    if not is_typed(fields.get("typed", ""), str(install.store_id)):
        return await _revoke_page(request, mistyped=True)
    try:
        revoked = await request.app[SERVICES].uninstall.revoke(install.store_id, actor=actor(request))
    except WaslError as error:
        log.warning("console_action_refused", problem=type(error).__name__, store_id=install.store_id)
        return await store_page(request, problem=problem_of(error))
    if revoked is None:
        return done(request, store_address(install), NOT_INSTALLED)
    partly = Notice("notice.store.revoked_partly", tone=Tone.BAD)
    return done(request, store_address(install), partly if revoked.problem else Notice("notice.store.revoked"))


async def erase_form(request: web.Request) -> web.Response:
    return await _erase_page(request)


async def _erase_page(request: web.Request, *, mistyped: bool = False) -> web.Response:
    """What goes, in numbers of the mirror; and until when backups may hold copies if it ended today."""
    services, install = request.app[SERVICES], await known_store(request)
    counts = await services.reader.mirror_counts(install.store_id)
    expire = last_backup_expires(services.clock.now(), services.erasing.erase.backups_kept)
    shown = {"install": install, "counts": counts, "counted": COUNTED, "backups_expire": expire, "mistyped": mistyped}
    return console_page(
        request, "console/store_erase.html", shown, status=422 if mistyped else 200, crumbs=store_crumbs(install)
    )


async def erase(request: web.Request) -> web.Response:
    fields, install = await form_of(request), await known_store(request)
    if not is_typed(fields.get("typed", ""), str(install.store_id)):
        return await _erase_page(request, mistyped=True)
    asked = await request.app[SERVICES].erasing.erase.ask_for_store(install.store_id, actor=actor(request))
    if asked is None:
        raise not_found(f"store {install.store_id}")
    return see(erasure_address(asked))


def erasure_address(erasure: Erasure) -> str:
    return f"/console/stores/{erasure.store_id}/erasures/{erasure.erasure_id}"


async def certificate(request: web.Request) -> web.Response:
    """How far an erasure is, and in the end its certificate."""
    values = await _erasure(request)
    crumbs = store_crumbs(await known_store(request))
    return console_page(request, "console/store_certificate.html", values, crumbs=crumbs)


async def progress(request: web.Request) -> web.Response:
    if not is_scripted(request):
        return see(request.path.rpartition("/")[0])
    return console_part(request, "console/_store_certificate.html", await _erasure(request))


async def _erasure(request: web.Request) -> dict[str, object]:
    services, install = request.app[SERVICES], await known_store(request)
    number = ErasureId(int(path_id(request, "erasure_id")))
    erasure = await services.erasing.book.get(number)
    if erasure is None or erasure.store_id != store_id_of(request):
        raise not_found(f"erasure {number} of store {install.store_id}")
    return {"install": install, "erasure": erasure, "backups_expire": _expiry(services, erasure)}


def _expiry(services: HttpServices, erasure: Erasure) -> str | None:
    if erasure.finished_at is None:
        return None
    return services.erasing.erase.certificate(erasure).backups_expire.isoformat()


def _get(path: str, handler: Handler, needs: ApiScope = ApiScope.READ) -> Route:
    return Route("GET", f"{STORE}/{path}", signed_in(handler, needs), access=Access.OWN, page=True)


def _post(path: str, handler: Handler) -> Route:
    return Route("POST", f"{STORE}/{path}", signed_in(handler, ApiScope.ADMIN), access=Access.OWN, page=True)


ROUTES = (
    _get("revoke", revoke_form, ApiScope.ADMIN),
    _post("revoke", revoke),
    _get("erase", erase_form, ApiScope.ADMIN),
    _post("erase", erase),
    _get("erasures/{erasure_id}", certificate),
    _get("erasures/{erasure_id}/progress", progress),
)
