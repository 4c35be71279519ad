"""What several routes share: the kinds of text, number and time they take, and how they answer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from aiohttp import web

Limit = Annotated[int, msgspec.Meta(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[
    str, msgspec.Meta(max_length=2000, pattern=r"^[A-Za-z0-9_-]+$", description="`next_cursor` of the page before.")
]
# PostgreSQL's text holds every character but NUL.
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
_BLANK: Final = r"\x00-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
NOT_BLANK: Final = rf"^[^\x00]*[^{_BLANK}][^\x00]*$"
"""At least one character that shows: spelled out, since `\\s` is not the same everywhere."""
StoreNumber = Annotated[int, msgspec.Meta(ge=0, lt=10**18, description="Zid's numeric store id.")]
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="RFC 3339 with an offset or Z.")]
Amount = Annotated[
    str,
    msgspec.Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$", description="A decimal number as text.", examples=["12.50"]),
]

DEFAULT_LIMIT: Final = 50


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query or body: what it does not name is refused."""


class AskedPage(Asked, frozen=True):
    """A list's query: how much of it, and from where on."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor | None = None


class Told(msgspec.Struct, frozen=True):
    """An answer."""


def json(answer: Told, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json")


def decimal(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def utc(moment: datetime | None) -> datetime | None:
    """The same moment, written with Z."""
    return moment.astimezone(UTC) if moment else None
