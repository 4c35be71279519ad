"""What we keep about a customer ourselves: preferences, notes and tags of our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from core.domain.customer_records import NOTES_LENGTH, TAG_LENGTH, TAGS, CustomerRecord, RecordChange
from entrypoints.http.api.asking import entry, known_store
from entrypoints.http.api.customers import CUSTOMERS
from entrypoints.http.api.shapes import NOT_BLANK, Asked, Moment, Told, json, utc
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import Refusal
from entrypoints.http.reading import no_query, read_body, read_object
from entrypoints.http.routing import Access, NoQuery, Route
from entrypoints.http.services import SERVICES

ZIDS_OWN: Final = frozenset(
    {
        "name", "nickname", "email", "mobile", "telephone", "gender", "birth_date", "type", "business_name",
        "tax_number", "commercial_registration", "city", "country", "address", "addresses", "is_active", "verified",
        "points", "password",
    }
)  # fmt: skip
"""Fields of a customer that only Zid could change, and publishes no path for."""

Preferences = Annotated[
    dict[str, Any], msgspec.Meta(description="Merged as RFC 7396 says: null removes a key. At most 16 KiB.")
]
Notes = Annotated[str, msgspec.Meta(max_length=NOTES_LENGTH, description="Replaced whole.")]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=TAG_LENGTH, pattern=NOT_BLANK)]
Tags = Annotated[list[Tag], msgspec.Meta(max_length=TAGS, description="Replaced whole; each is kept once.")]


class CustomerPatch(Asked, frozen=True):
    """What is left out or null stays as it is."""

    preferences: Preferences | None = None
    notes: Notes | None = None
    tags: Tags | None = None


class PreferencesPatch(Asked, frozen=True):
    preferences: Preferences


class RecordView(Told, frozen=True):
    """Kept by us; Zid knows nothing of it."""

    customer_id: str
    preferences: dict[str, Any]
    notes: str
    tags: list[str]
    updated_at: Moment | None


async def show(request: web.Request) -> web.Response:
    no_query(request)
    install = await known_store(request)
    record = await request.app[SERVICES].customers.records.get(install.store_id, path_id(request, "customer_id"))
    return json(_view(record))


async def change(request: web.Request) -> web.Response:
    no_query(request)
    _refuse_zids_own(await read_object(request))
    body = await read_body(request, CustomerPatch)
    return await _change(request, RecordChange(body.preferences, body.notes, body.tags))


async def change_preferences(request: web.Request) -> web.Response:
    no_query(request)
    body = await read_body(request, PreferencesPatch)
    return await _change(request, RecordChange(preferences=body.preferences))


async def _change(request: web.Request, wanted: RecordChange) -> web.Response:
    install = await known_store(request)
    audit = entry(request, "customer.record_changed", install, fields=",".join(wanted.fields))
    customer_id = path_id(request, "customer_id")
    records = request.app[SERVICES].customers.records
    return json(_view(await records.change(install.store_id, customer_id, wanted, audit=audit)))


def _refuse_zids_own(given: Mapping[str, object]) -> None:
    """501 where only Zid could do it: no path for it is published (U23)."""
    if named := sorted(ZIDS_OWN & given.keys()):
        raise Refusal(
            "not-offered",
            f"Zid publishes no path to change a customer's {', '.join(named)}; the store's own dashboard can",
            fields=named,
        )


def _view(record: CustomerRecord) -> RecordView:
    return RecordView(
        record.customer_id, dict(record.preferences), record.notes, list(record.tags), utc(record.updated_at)
    )


ROUTES = (
    Route(
        "PATCH",
        f"{CUSTOMERS}/{{customer_id}}",
        change,
        "Change our preferences, notes and tags of a customer; Zid's own fields cannot be changed",
        Access.API_KEY,
        query=NoQuery,
        body=CustomerPatch,
        answer=RecordView,
        problems=("not-offered",),
    ),
    Route(
        "GET",
        f"{CUSTOMERS}/{{customer_id}}/preferences",
        show,
        "What we keep about a customer: preferences, notes, tags",
        Access.API_KEY,
        query=NoQuery,
        answer=RecordView,
    ),
    Route(
        "PATCH",
        f"{CUSTOMERS}/{{customer_id}}/preferences",
        change_preferences,
        "Change a customer's preferences",
        Access.API_KEY,
        query=NoQuery,
        body=PreferencesPatch,
        answer=RecordView,
    ),
)
