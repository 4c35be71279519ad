"""Asking Zid for a store: 404 and 409 before anything is sent, and an audit entry before anything is changed."""

from __future__ import annotations

import re
from typing import TypeVar

from aiohttp import web

from core.domain.audit import AuditEntry
from core.domain.operations.operation import Operation
from core.domain.stores import LIVE, Install
from core.ids import StoreId
from entrypoints.http.api_keys import actor
from entrypoints.http.path_ids import store_id_of
from entrypoints.http.problems import Refusal, not_found
from entrypoints.http.services import SERVICES, HttpServices
from entrypoints.http.tracing import REQUEST_ID

R = TypeVar("R")
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


async def ask(request: web.Request, operation: Operation[R]) -> R:
    """What Zid answers for the store of the path. A change is audited first: who asked, for what, by which ids."""
    install = await live_install(request)
    services = request.app[SERVICES]
    if operation.writes:
        name = _CAPITAL.sub("_", type(operation).__name__).lower()
        await services.trail.note(entry(request, f"zid.{name}", install))
    return await services.gateway.perform(install.store_id, operation)


async def install_of(services: HttpServices, store_id: StoreId) -> Install:
    """The store's latest install; 404 when it never was installed."""
    install = await services.installations.current(store_id)
    if install is None:
        raise not_found(f"store {store_id}")
    return install


async def known_store(request: web.Request) -> Install:
    """The latest install of the path's store; what we hold of it can be read even when it is over."""
    return await install_of(request.app[SERVICES], store_id_of(request))


async def live_install(request: web.Request) -> Install:
    """The install of the path's store; 409 when it is over."""
    install = await known_store(request)
    if install.state not in LIVE:
        raise Refusal("conflict", f"store {install.store_id} is not installed now", store_id=install.store_id)
    return install


def entry(request: web.Request, action: str, install: Install, **details: str | int | bool | None) -> AuditEntry:
    """Who did this to what: the ids of the path, never a content."""
    ids = {name: value for name, value in request.match_info.items() if name != "store_id"}
    return AuditEntry(
        action, install.store_id, install.install_id, actor(request), request[REQUEST_ID], {**ids, **details}
    )
