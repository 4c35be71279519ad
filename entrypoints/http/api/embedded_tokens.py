"""`/v1/stores/{store_id}/embedded`: giving Zid a new UUID for the embedded app, when the one it has leaked."""

from __future__ import annotations

from aiohttp import web

from entrypoints.http.api.asking import live_install
from entrypoints.http.api.shapes import Told, json
from entrypoints.http.api_keys import actor
from entrypoints.http.problems import Refusal
from entrypoints.http.reading import no_query
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES


class EmbeddedRegistration(Told, frozen=True):
    """Whether Zid has the new UUID, after which older ones open nothing; else why not. It is tried again by itself."""

    store_id: int
    registered: bool
    problem: str | None


async def renew(request: web.Request) -> web.Response:
    no_query(request)
    install = await live_install(request)
    register = request.app[SERVICES].install.embedded
    if register is None:
        raise Refusal("conflict", "the app is not embedded; ZID_EMBEDDED=true makes it one")
    renewed = await register.renew(install.store_id, actor=actor(request))
    if renewed is None:
        raise Refusal("conflict", f"store {install.store_id} is not installed now", store_id=install.store_id)
    return json(EmbeddedRegistration(renewed.store_id, renewed.problem is None, renewed.problem))


ROUTES = (
    Route(
        "POST",
        "/v1/stores/{store_id}/embedded",
        renew,
        "Give Zid a new UUID for the embedded app; the older ones open nothing any more",
        Access.API_KEY,
        query=NoQuery,
        answer=EmbeddedRegistration,
    ),
)
