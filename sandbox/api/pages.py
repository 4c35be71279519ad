"""Pages of the products family: `count`, `next`, `previous`, with URLs that say http:// whatever was asked."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from sandbox.api.answers import BadRequestError, InvalidError
from sandbox.api.gateway import Call
from sandbox.api.paging import page_of, whole
from sandbox.world.records import Json


def page_asked(call: Call, cap: int = 100, default: int = 10, name: str = "page_size") -> tuple[int, int]:
    """Page and size of the query; a size above `cap` is capped, one that is no number is 400."""
    try:
        return whole(call.query, "page", 1), whole(call.query, name, default, most=cap)
    except InvalidError as refusal:
        raise BadRequestError(refusal.fields) from None


def page_links(call: Call, count: int, page: int, size: int, name: str = "page_size") -> Json:
    """`next`, `previous`, `count`."""
    last = max(1, -(-count // size))

    def link(number: int) -> str | None:
        if not 1 <= number <= last:
            return None
        query = urlencode(dict(call.query) | {"page": str(number), name: str(size)})
        return f"http://{call.incoming.host}{call.incoming.path}?{query}"

    return {"next": link(page + 1), "previous": link(page - 1), "count": count}


def listed(call: Call, rows: Sequence[Json], *, default: int = 10) -> Json:
    """A whole page of the family: count, next, previous, results."""
    page, size = page_asked(call, default=default)
    chosen = page_of(rows, page, size, call.sandbox.knobs)
    return page_links(call, len(rows), page, size) | {"results": list(chosen)}
