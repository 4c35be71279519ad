"""`GET /v1/ledger`: received against accounted for."""

from __future__ import annotations

from aiohttp import web

from core.domain.event_states import Books, EventState, Ledger, Origin
from core.ids import StoreId
from entrypoints.http.api.shapes import Asked, StoreNumber, Told, json
from entrypoints.http.reading import read_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES


class LedgerQuery(Asked, frozen=True):
    store_id: StoreNumber | None = None


class BooksView(Told, frozen=True):
    """One origin's books: what came in, and in which state it is now."""

    received: int
    queued: int
    running: int
    waiting: int
    done: int
    dead: int
    cancelled: int
    erased: int
    duplicates: int


class LedgerView(BooksView, frozen=True):
    """The books of what Zid delivered; `balanced` and `by_origin` tell about the rest."""

    spooled: int
    balanced: bool
    by_origin: dict[str, BooksView]


async def show(request: web.Request) -> web.Response:
    query = read_query(request, LedgerQuery)
    store_id = StoreId(query.store_id) if query.store_id is not None else None
    return json(ledger_view(await request.app[SERVICES].reader.books(store_id)))


def ledger_view(ledger: Ledger) -> LedgerView:
    others = {origin.value: BooksView(**_numbers(ledger.of(origin))) for origin in Origin if origin is not Origin.ZID}
    return LedgerView(
        **_numbers(ledger.of(Origin.ZID)), spooled=ledger.spooled, balanced=ledger.balanced, by_origin=others
    )


def _numbers(books: Books) -> dict[str, int]:
    states = {state.value: books.count(state) for state in EventState}
    return {"received": books.received, **states, "duplicates": books.duplicates}


ROUTES = (
    Route(
        "GET",
        "/v1/ledger",
        show,
        "The ledger: received against accounted for",
        Access.API_KEY,
        query=LedgerQuery,
        answer=LedgerView,
    ),
)
