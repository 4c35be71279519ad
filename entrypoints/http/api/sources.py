"""Lists and single things, from Zid or from the mirror, as clean values or as Zid's own JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, Self, TypeVar

import orjson
from aiohttp import web

from core.domain import keyset, paging
from core.domain.documents import Document, as_document
from core.domain.entities.catalogue import unwrap
from core.domain.keyset import Position
from core.domain.mirror_queries import Seen
from core.domain.operations.operation import Listing, Operation
from core.domain.paging import START, Place
from core.errors import UnknownShape
from core.ids import StoreId
from entrypoints.http import cursors
from entrypoints.http.api.asking import ask, known_store
from entrypoints.http.api.openapi import AGE_HEADER
from entrypoints.http.api.shapes import DEFAULT_LIMIT, Asked, Cursor, Limit, Told, json
from entrypoints.http.api.views import tell
from entrypoints.http.problems import bad_request, not_found
from entrypoints.http.reading import read_query
from entrypoints.http.services import SERVICES


class Source(StrEnum):
    """Where an answer comes from."""

    ZID = "zid"
    """Asked now: slower, and of the store's allowance of 60 requests a minute."""
    MIRROR = "mirror"
    """As last seen; `X-Data-Age` tells how long ago."""


class ListAsked(Asked, frozen=True):
    """`raw`: the items as Zid's own JSON."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None
    source: Source = Source.MIRROR
    raw: bool = False


class OneAsked(Asked, frozen=True):
    """`raw`: Zid's own JSON."""

    source: Source = Source.ZID
    raw: bool = False


class ZidListAsked(Asked, frozen=True):
    """For lists that only Zid has."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None
    raw: bool = False


class ZidOneAsked(Asked, frozen=True):
    """For things that only Zid has."""

    raw: bool = False


class Readable(Protocol):
    """A clean value that is read from Zid's JSON and keeps it."""

    @property
    def raw(self) -> Document: ...

    @classmethod
    def read(cls, document: Document, /) -> Self: ...


V = TypeVar("V", bound=Readable)
L = TypeVar("L")


class Listed(Told, frozen=True):
    """One page of anything that can be encoded."""

    items: Sequence[object]
    next_cursor: str | None


ZID_CURSOR: Final = "zid"


# --- from Zid ---------------------------------------------------------------------


def place_of(cursor: str | None) -> Place:
    """Where Zid's list goes on; 400 for a cursor that is not one of it."""
    if cursor is None:
        return START
    try:
        return Place.parse(cursors.open_text(ZID_CURSOR, cursor))
    except UnknownShape:
        raise cursors.foreign() from None


def page_size(listing: type[Listing[L]], limit: int) -> int:
    """As many rows as were asked for and Zid gives at once."""
    return min(limit, listing.most_per_page)


async def zid_page(
    request: web.Request, kind: type[V], operation: Operation[paging.Page[V]], *, raw: bool
) -> web.Response:
    """One page as Zid has it now."""
    page = await ask(request, operation)
    following = cursors.seal_text(ZID_CURSOR, page.next.token) if page.next else None
    return json(Listed(_items(kind, page.items, raw=raw), following))


async def zid_one(
    request: web.Request, kind: type[V], operation: Operation[V], *, raw: bool, status: int = 200
) -> web.Response:
    """One thing as Zid has it now; what a write answers, too."""
    return shown(kind, await ask(request, operation), raw=raw, status=status)


def shown(kind: type[V], value: V, *, raw: bool = False, status: int = 200) -> web.Response:
    """The value's answer."""
    if raw:
        return web.Response(body=orjson.dumps(value.raw), status=status, content_type="application/json")
    return _json(kind, value, status)


def _json(kind: type, value: object, status: int) -> web.Response:
    return json(tell(kind, value), status)


def _items(kind: type[V], values: Iterable[V], *, raw: bool) -> Sequence[object]:
    return [value.raw if raw else tell(kind, value) for value in values]


# --- from the mirror -----------------------------------------------------------------


def position_of(cursor: str | None) -> Position | None:
    """Where a list of ours goes on; 400 for a cursor that is not one of ours."""
    return Position.from_cursor(cursor) if cursor is not None else None


async def mirror_page(request: web.Request, kind: type[V], page: keyset.Page[Seen], *, raw: bool) -> web.Response:
    """One page as last seen."""
    items = [document_of(seen) if raw else tell(kind, value_of(kind, seen)) for seen in page.items]
    following = page.next.to_cursor() if page.next else None
    return aged(request, json(Listed(items, following)), [seen.seen_at for seen in page.items])


class Mirrored(Protocol):
    """What single things of the mirror are got from."""

    async def get(self, store_id: StoreId, entity_id: str, /) -> Seen | None: ...


async def one(request: web.Request, kind: type[V], operation: Operation[V], mirrored: Mirrored) -> web.Response:
    """One thing from where the query says. The last part of the path is its id."""
    query = read_query(request, OneAsked)
    if query.source is Source.ZID:
        return await zid_one(request, kind, operation, raw=query.raw)
    entity_id = request.path.rpartition("/")[2]
    seen = await mirrored.get(await known_store_id(request), entity_id)
    return await mirror_one(request, kind, seen, f"{kind.__name__.lower()} {entity_id}", raw=query.raw)


async def mirror_one(request: web.Request, kind: type[V], seen: Seen | None, what: str, *, raw: bool) -> web.Response:
    """One thing as last seen; 404 when the mirror has none."""
    if seen is None:
        raise not_found(f"{what} in the mirror; `source=zid` asks Zid")
    if raw:
        answer = web.Response(body=orjson.dumps(document_of(seen)), content_type="application/json")
    else:
        answer = _json(kind, value_of(kind, seen), 200)
    return aged(request, answer, [seen.seen_at])


def document_of(seen: Seen) -> Document:
    """Zid's own JSON of the entity, without what it came wrapped in."""
    return unwrap(seen.entity.kind, as_document(orjson.loads(seen.body)))


def value_of(kind: type[V], seen: Seen) -> V:
    return kind.read(document_of(seen))


def aged(request: web.Request, answer: web.Response, seen: Sequence[datetime]) -> web.Response:
    """Tells how long ago the oldest of it was seen; nothing where nothing is shown."""
    if seen:
        age = request.app[SERVICES].clock.now() - min(seen)
        answer.headers[AGE_HEADER] = str(max(0, int(age.total_seconds())))
    return answer


async def known_store_id(request: web.Request) -> StoreId:
    return (await known_store(request)).store_id


def only_mirrored(asked: Mapping[str, object]) -> None:
    """400 for a filter that Zid does not have."""
    for name, value in asked.items():
        if value is not None:
            raise bad_request(name, "Zid cannot filter by it; leave `source` out or say `source=mirror`")
