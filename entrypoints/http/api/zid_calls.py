"""Routes that are one operation of Zid's each: the path and the body are its parameters, its result is the answer."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any, Final, get_type_hints

from aiohttp import web

from core.domain.operations.operation import Listing
from entrypoints.http.api.asked import asked, taken
from entrypoints.http.api.asking import ask
from entrypoints.http.api.shapes import Asked, Told, json
from entrypoints.http.api.sources import Listed, ZidListAsked, ZidOneAsked, page_size, place_of, shown, zid_page
from entrypoints.http.api.views import RAW, page_of, tell, told
from entrypoints.http.path_ids import path_id
from entrypoints.http.reading import read_body, read_query
from entrypoints.http.routing import Access, Handler, NoQuery, Route

_PARAMETER: Final = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Call:
    """One operation as a route's handler needs it.

    `names` are the parameters the path tells. `body_kind` is what the body is made of: the
    type of the parameter `into`, or the operation itself without what the path tells; `needs`
    are the members it cannot do without.
    """

    operation: type
    names: frozenset[str]
    result: type | None
    many: bool
    status: int
    body_kind: type | None = None
    into: str | None = None
    needs: frozenset[str] = frozenset()

    @property
    def shape(self) -> type[Asked] | None:
        if self.body_kind is None:
            return None
        return asked(self.body_kind, frozenset() if self.into else self.names, self.needs)

    @property
    def has_raw(self) -> bool:
        return not self.many and self.result is not None and RAW in {field.name for field in fields(self.result)}

    @property
    def query(self) -> type[Asked] | type[NoQuery]:
        return ZidOneAsked if self.has_raw else NoQuery

    @property
    def answer(self) -> type[Told] | None:
        if self.result is None:
            return None
        return page_of(self.result) if self.many else told(self.result)


def lists(path: str, operation: type[Listing[Any]], result: type, summary: str) -> Route:
    """GET: one page of a list that only Zid has."""
    names = _path_names(path, operation)

    async def handler(request: web.Request) -> web.Response:
        query = read_query(request, ZidListAsked)
        ids = {name: path_id(request, name) for name in names}
        listing = operation(at=place_of(query.cursor), per_page=page_size(operation, query.limit), **ids)
        return await zid_page(request, result, listing, raw=query.raw)

    return Route(
        "GET", path, handler, summary, Access.API_KEY, query=ZidListAsked, answer=page_of(result), zid=True, raw=True
    )


def reads(path: str, operation: type, result: type, summary: str, *, many: bool = False) -> Route:
    """GET: one thing, or a short list, that only Zid has."""
    return _route("GET", path, Call(operation, _path_names(path, operation), result, many, 200), summary)


def writes(
    method: str,
    path: str,
    operation: type,
    summary: str,
    *,
    result: type | None = None,
    into: str | None = None,
    needs: Collection[str] = (),
    body: bool = True,
    many: bool = False,
    status: int | None = None,
) -> Route:
    """A change at Zid. The body is the parameter `into`, or all parameters that the path does not tell."""
    decided = status or (204 if result is None else 200)
    kind = (get_type_hints(operation)[into] if into else operation) if body else None
    call = Call(operation, _path_names(path, operation), result, many, decided, kind, into, frozenset(needs))
    return _route(method, path, call, summary)


def _route(method: str, path: str, call: Call, summary: str) -> Route:
    return Route(
        method,
        path,
        _handler(call),
        summary,
        Access.API_KEY,
        query=call.query,
        body=call.shape,
        answer=call.answer,
        status=call.status,
        zid=True,
        raw=call.has_raw,
    )


def _handler(call: Call) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        query = read_query(request, call.query)
        operation = await _operation(request, call)
        result = await ask(request, operation)
        return _answer(call, result, raw=bool(getattr(query, "raw", False)))

    return handler


async def _operation(request: web.Request, call: Call) -> Any:
    ids = {name: path_id(request, name) for name in call.names}
    if call.body_kind is None or call.shape is None:
        return call.operation(**ids)
    body = await read_body(request, call.shape)
    if call.into:
        return call.operation(**ids, **{call.into: taken(call.body_kind, body)})
    return taken(call.body_kind, body, call.names, **ids)


def _answer(call: Call, result: Any, *, raw: bool) -> web.Response:
    if call.result is None:
        return web.Response(status=call.status)
    if call.many:
        return json(Listed([tell(call.result, one) for one in result], None), call.status)
    return shown(call.result, result, raw=raw, status=call.status)


def _path_names(path: str, operation: type) -> frozenset[str]:
    """The parameters of the operation that stand in the path."""
    return frozenset(_PARAMETER.findall(path)) & {field.name for field in fields(operation)}
