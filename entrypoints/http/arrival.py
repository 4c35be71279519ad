"""By which name and scheme the service may be asked: its own names, and https where that is insisted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.http import HttpVersion10
from structlog import get_logger

from entrypoints.http.doors import is_never_shut
from entrypoints.http.health_services import HEALTH
from entrypoints.http.problems import KINDS, Refusal, not_found
from entrypoints.http.routing import Handler, route_of
from entrypoints.http.services import SERVICES, Doors
from entrypoints.http.visitors import FORWARDED_FOR, is_in, read_address, visitor_of

log = get_logger()

HOST: Final = "Host"
PERMANENTLY: Final = 308


@dataclass(slots=True)
class ProxyWatch:
    """Whether it was said that a proxy stands in front which nobody told us of."""

    told: bool = False


PROXIES: Final = web.AppKey("proxies", ProxyWatch)


@web.middleware
async def arrive(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses names that are not ours and what came in the open. Deliveries and probes always pass.

    A handler that no `Route` stands for is never reached: nothing would say who may ask it.
    """
    doors = request.app[SERVICES].doors
    if route_of(request) is None and request.match_info.http_exception is None:
        raise not_found("such address")
    _look_for_proxies(request)
    if is_never_shut(request):
        return await handler(request)
    _check_host(request, doors)
    if doors.force_https and not visitor_of(request).https:
        return _to_https(request)
    return await handler(request)


def _look_for_proxies(request: web.Request) -> None:
    """One line for the operator: behind a proxy that is not trusted everybody has its address and shares its limits."""
    watch = request.app[PROXIES]
    if watch.told or FORWARDED_FOR not in request.headers:
        return
    peer = read_address(request.remote or "")
    if peer is not None and peer.is_private and not is_in(peer, request.app[HEALTH].trusted_proxies):
        watch.told = True
        log.warning("proxy_not_trusted", fix="name its network in TRUSTED_PROXIES")


def _check_host(request: web.Request, doors: Doors) -> None:
    given = request.headers.getall(HOST, [])
    if len(given) > 1 or (not given and request.version > HttpVersion10):
        raise Refusal("bad-request", "Host: give it once", parameter=HOST)
    if doors.hosts and host_name(given[0] if given else "") not in doors.hosts:
        log.info("http_host_refused")
        raise Refusal("wrong-host", KINDS["wrong-host"].meaning)


def host_name(authority: str) -> str:
    """The name of `name:port`, in the one spelling that names are compared in."""
    if authority.startswith("["):
        return authority.partition("]")[0].lower() + "]"
    return authority.partition(":")[0].rstrip(".").lower()


def _to_https(request: web.Request) -> web.Response:
    """A page is shown at its https address. A program is refused: what it sent was to be read on the way."""
    route = route_of(request)
    if route is None or not route.page or request.method not in {"GET", "HEAD"}:
        raise Refusal("https-required", KINDS["https-required"].meaning)
    public = request.app[SERVICES].settings.public_url
    return web.Response(status=PERMANENTLY, headers={"Location": public + request.rel_url.raw_path_qs})
