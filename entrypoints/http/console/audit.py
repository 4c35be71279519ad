"""`/console/audit`: who did what, one entry's facts, the seals, and a download of what was looked for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec
from aiohttp import web

from core.domain.alerts import AlertKind
from core.domain.audit import AuditRecord
from core.domain.audit_chain import Seal
from core.ids import StoreId
from entrypoints.http import cursors
from entrypoints.http.api.audit import audit_view
from entrypoints.http.console.access import signed_in
from entrypoints.http.console.framing import address, console_page
from entrypoints.http.console.navigation import Crumb
from entrypoints.http.pages import Texts, language_of
from entrypoints.http.pages.times import STORE_ZONE
from entrypoints.http.path_ids import path_id
from entrypoints.http.problems import not_found
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES, HttpServices

AUDIT: Final = "/console/audit"
DOWNLOAD: Final = "/console/audit/download"
ROWS: Final = 50
MOST: Final = 10_000
"""Entries of one download."""
_AT_ONCE: Final = 500
_FIELDS: Final = ("actor", "action", "store_id", "since", "until")
_STORE: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What was typed, what it means, and by field the text that says how to write it."""

    given: Mapping[str, str]
    store_id: StoreId | None = None
    since: datetime | None = None
    until: datetime | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, request: web.Request) -> AuditSearch:
        """Blank fields choose nothing."""
        given = {name: request.query.get(name, "").strip().replace("\0", "")[:_LONGEST] for name in _FIELDS}
        problems: dict[str, str] = {}
        since, until = (_moment(name, given[name], problems) for name in ("since", "until"))
        store = _store(given["store_id"], problems)
        if since and until and since >= until:
            problems["until"] = "audit.fix.order"
        return cls(given, store, since, until, problems)

    @property
    def is_empty(self) -> bool:
        return not any(self.given.values())

    def address(self, path: str = AUDIT) -> str:
        """The same search at this path."""
        return address(path, **self.given)

    async def page(self, services: HttpServices, *, before: int | None, limit: int) -> Sequence[AuditRecord]:
        """Newest first. Raises Unavailable."""
        return await services.audit.page(
            store_id=self.store_id,
            action=self.given["action"] or None,
            actor=self.given["actor"] or None,
            since=self.since,
            until=self.until,
            before=before,
            limit=limit,
        )


def _store(text: str, problems: dict[str, str]) -> StoreId | None:
    if text and not _STORE.fullmatch(text):
        problems["store_id"] = "audit.fix.store_id"
        return None
    return StoreId(int(text)) if text else None


def _moment(name: str, text: str, problems: dict[str, str]) -> datetime | None:
    """As a browser's field writes it, in the stores' zone; or with an offset of its own."""
    try:
        found = datetime.fromisoformat(text) if text else None
        return found.replace(tzinfo=found.tzinfo or STORE_ZONE).astimezone(UTC) if found else None
    except (ValueError, OverflowError):
        problems[name] = "audit.fix.moment"
        return None


@dataclass(frozen=True, slots=True)
class SealStanding:
    """How far the chain of seals reaches, and whether somebody is known to have altered it."""

    last: Seal | None
    unsealed: int
    more: bool
    altered: bool


async def index(request: web.Request) -> web.Response:
    services, search = request.app[SERVICES], AuditSearch.read(request)
    before = cursors.decode("audit", request.query.get("cursor") or None)
    found = [] if search.problems else await search.page(services, before=before, limit=ROWS + 1)
    page, last = cursors.cut(found, ROWS)
    shown = {
        "search": search,
        "rows": [audit_view(one) for one in page],
        "next": cursors.encode("audit", last.audit_id) if last else None,
        "first": before is None,
        "seals": await _seals(services),
        "download": search.address(DOWNLOAD),
        "most": MOST,
    }
    return console_page(request, "console/audit.html", shown, status=422 if search.problems else 200)


async def _seals(services: HttpServices) -> SealStanding:
    """What is not sealed yet is counted up to a bound."""
    last = await services.inside.seals.last()
    rest = await services.inside.seals.entries(after=last.to_id if last else None, upto=None, limit=_AT_ONCE)
    counts = await services.alerts.open_counts()
    return SealStanding(last, len(rest), len(rest) == _AT_ONCE, bool(counts.get(AlertKind.AUDIT_ALTERED)))


async def show(request: web.Request) -> web.Response:
    number = int(path_id(request, "audit_id"))
    found = await request.app[SERVICES].audit.page(before=number + 1, limit=1)
    if not found or found[0].audit_id != number:
        raise not_found(f"audit entry {number}")
    last = await request.app[SERVICES].inside.seals.last()
    shown = {"entry": audit_view(found[0]), "sealed": last is not None and number <= last.to_id}
    crumbs = (Crumb(Texts(language_of(request))("nav.audit"), AUDIT),)
    return console_page(request, "console/audit_entry.html", shown, crumbs=crumbs)


async def download(request: web.Request) -> web.StreamResponse:
    """JSON lines, the newest MOST of them; what cannot be meant leads back to the form, which says why."""
    services, search = request.app[SERVICES], AuditSearch.read(request)
    if search.problems:
        return web.Response(status=303, headers={"Location": search.address()})
    name = f"audit-{services.clock.now():%Y%m%d-%H%M%S}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": "application/x-ndjson"}
    response = web.StreamResponse(headers={**headers, "Cache-Control": "no-store"})
    found = await search.page(services, before=None, limit=_AT_ONCE)
    await response.prepare(request)
    written = 0
    while found and written < MOST:
        await response.write(b"".join(msgspec.json.encode(audit_view(one)) + b"\n" for one in found))
        written += len(found)
        found = await search.page(services, before=found[-1].audit_id, limit=min(_AT_ONCE, max(1, MOST - written)))
    await response.write_eof()
    return response


ROUTES = (
    Route("GET", AUDIT, signed_in(index), access=Access.OWN, page=True),
    Route("GET", DOWNLOAD, signed_in(download), access=Access.OWN, page=True),
    Route("GET", f"{AUDIT}/{{audit_id}}", signed_in(show), access=Access.OWN, page=True),
)
