"""Rows for listings: how a page is asked for, and how the next one is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from adapters.zid.answers import read_document, readable, rows_of
from adapters.zid.headers import Family
from adapters.zid.route import Route
from core.domain.documents import Document, sub, text
from core.domain.exchange import Answer
from core.domain.operations.operation import Listing
from core.domain.paging import START, Page, Place, after_cursor, after_link, after_numbered
from core.domain.results.fields import whole

T = TypeVar("T")
Query = Callable[[Any], Mapping[str, str]]
Next = Callable[[Document, int, Listing[Any]], Place | None]

_TOTALS = ("grand_total", "total_order_count", "total_customers_count", "total", "count")


def no_filters(_: object) -> Mapping[str, str]:
    return {}


def numbered(
    path: str,
    read: Callable[[Document], T],
    *keys: str,
    query: Query = no_filters,
    size: str = "per_page",
    family: Family = Family.MANAGERS,
) -> Route[Listing[T], Page[T]]:
    """Pages by number (managers family): totals or a last page say where they end."""

    def ask(listing: Listing[T]) -> Mapping[str, str]:
        return {**query(listing), "page": str(listing.at.page), size: str(listing.per_page)}

    return Route("GET", family, path, _pages(read, keys, _next_number), query=ask)


def linked(
    path: str, read: Callable[[Document], T], *, query: Query = no_filters, sizes: tuple[str, ...] = ("page_size",)
) -> Route[Listing[T], Page[T]]:
    """Pages by `next` URL (products family), of which the query alone is followed."""

    def ask(listing: Listing[T]) -> Mapping[str, str]:
        size = {name: str(listing.per_page) for name in sizes}
        return {**query(listing), **size, "page": str(listing.at.page), **dict(listing.at.query)}

    return Route("GET", Family.PRODUCTS, path, _pages(read, ("results",), _next_link), query=ask)


def by_cursor(path: str, read: Callable[[Document], T], *keys: str) -> Route[Listing[T], Page[T]]:
    """Pages by cursor, `after=0` first; by number where Zid hands out no cursor (X32)."""

    def ask(listing: Listing[T]) -> Mapping[str, str]:
        size = {"per_page": str(listing.per_page)}
        if listing.at == START or listing.at.cursor:
            return {**size, "after": listing.at.cursor or "0"}
        return {**size, "page": str(listing.at.page)}

    return Route("GET", Family.MANAGERS, path, _pages(read, keys, _next_cursor), query=ask)


def _pages(
    read: Callable[[Document], T], keys: tuple[str, ...], following: Next
) -> Callable[[Answer, Listing[T]], Page[T]]:
    def page(answer: Answer, listing: Listing[T]) -> Page[T]:
        document = read_document(answer)
        listed = rows_of(document, keys)
        items, problems = readable(read, listed)
        return Page(items, following(document, len(listed), listing), _total(document), problems)

    return page


def _next_number(document: Document, rows: int, listing: Listing[Any]) -> Place | None:
    """`pagination{last_page}` and a root `last_page` are exact; totals come next; a short page is last."""
    last = whole(sub(document, "pagination").get("last_page")) or whole(document.get("last_page"))
    return after_numbered(listing.at, rows, listing.per_page, _total(document), last)


def _next_link(document: Document, rows: int, listing: Listing[Any]) -> Place | None:
    return after_link(listing.at, rows, text(document.get("next")))


def _next_cursor(document: Document, rows: int, listing: Listing[Any]) -> Place | None:
    """Where the first answer has no cursor, numbered pages begin, at the first: `after` may order otherwise."""
    if "next_cursor" in document:
        return after_cursor(listing.at, rows, text(document.get("next_cursor")))
    following = _next_number(document, rows, listing)
    return Place(cursor="") if following is not None and listing.at == START else following


def _total(document: Document) -> int | None:
    counted = (whole(document.get(name)) for name in _TOTALS)
    paged = (whole(sub(document, "pagination").get(name)) for name in ("count", "result_count"))
    return next((found for found in (*counted, *paged) if found is not None), None)
