"""The App Market's events: hints about a store's install and subscription, believed only after asking Zid.

They come without credentials and without an id, all in one structure with the name in
the body (docs.zid.sa "app-events-878234m0"). Only `event_name`, `app_id` and
`store_id` are relied on (U8); the merchant's e-mail and telephone are never kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from core.domain.documents import Document, text
from core.domain.names import Name
from core.domain.timestamps import parse_time
from core.ids import StoreId

AUTHORIZED: Final = "app.market.application.authorized"
INSTALL: Final = "app.market.application.install"
UNINSTALL: Final = "app.market.application.uninstall"
APP_EVENTS: Final = (
    AUTHORIZED,
    INSTALL,
    UNINSTALL,
    "app.market.application.rated",
    "app.market.subscription.active",
    "app.market.subscription.warning",
    "app.market.subscription.suspended",
    "app.market.subscription.expired",
    "app.market.subscription.renew",
    "app.market.subscription.upgrade",
    "app.market.subscription.refunded",
    "app.market.private.plan.request",
    "app.market.subscription.usage_based.payment_success",
    "app.market.subscription.usage_based.payment_failure",
)
"""Every event of docs.zid.sa "events-878234m0" and of the dashboard's list."""

LONGEST_NAME: Final = 200

FIRST_LOOKS: Final = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=5))
"""`install` is told while the callback is still being answered: the first looks come soon."""
RECHECK_EVERY: Final = timedelta(minutes=15)
RECHECK_FOR: Final = timedelta(hours=24)
"""An uninstall may outrun the end of the tokens (U36), a subscription may precede the install."""


@dataclass(frozen=True, slots=True)
class PlanClaim:
    """What an event says about the subscription; shown as unverified until Zid was asked."""

    status: str | None = None
    plan_id: str | None = None
    plan_name: Name = field(default_factory=Name)
    plan_type: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppEvent:
    """What is kept of an app event. `store_id` is None where the body names no usable one."""

    name: str
    app_id: str | None
    store_id: StoreId | None
    plan: PlanClaim = field(default_factory=PlanClaim)
    request_id: str | None = None

    @property
    def key(self) -> bytes:
        """32 bytes that a repeat shares.

        Not the content: install and uninstall repeat with equal content within one period.
        """
        start = self.plan.starts_at.isoformat() if self.plan.starts_at else ""
        parts = (str(self.store_id), self.name, start, self.plan.status or "", self.request_id or "")
        return sha256("\0".join(parts).encode(errors="replace")).digest()


class AppEventOutcome(StrEnum):
    """What an app event led to; the value is what metrics, logs and lists show."""

    ENDED = "ended"
    """Zid refuses the install's tokens: it is over."""
    STILL_INSTALLED = "still_installed"
    """A day later its tokens still work: the hint was late, wrong or forged."""
    NOT_INSTALLED = "not_installed"
    """There was no live install to end, or to ask for."""
    SUBSCRIPTION_READ = "subscription_read"
    """Zid was asked what the store pays for, and the answer is kept."""
    SUBSCRIPTION_UNVERIFIED = "subscription_unverified"
    """Zid would not say (no permission, or unknown to it): what the event claims is kept, marked as a claim."""
    NOTED = "noted"
    """Nothing to be done: it is in the list."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The event is dealt with."""

    outcome: AppEventOutcome


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Not decided yet: after `wait`. `why` is shown to people."""

    wait: timedelta
    why: str


@dataclass(frozen=True, slots=True)
class StoreSubscription:
    """What a store pays the app for. `verified` says that Zid itself answered it."""

    store_id: StoreId
    plan: PlanClaim
    is_usage_based: bool | None
    verified: bool
    told_by: str
    """The event that led to it."""
    seen_at: datetime


def concerns_subscription(name: str) -> bool:
    """Whether the event is a reason to ask what the store pays for: an install is one as well."""
    return name.startswith("app.market.subscription.") or name in {INSTALL, AUTHORIZED}


def read_app_event(document: Document, request_id: str | None = None) -> AppEvent | None:
    """The event of a body, or None for what names no event."""
    name = text(document.get("event_name"))
    if name is None:
        return None
    return AppEvent(name[:LONGEST_NAME], text(document.get("app_id")), _store_id(document), _plan(document), request_id)


def next_look(tries: int) -> timedelta:
    """How long after the `tries`-th look the next one comes; the first look is number 1."""
    return FIRST_LOOKS[tries - 1] if tries <= len(FIRST_LOOKS) else RECHECK_EVERY


def later_or_never(age: timedelta, tries: int, why: str, otherwise: AppEventOutcome) -> Settled | LookAgain:
    """Soon at first, then every quarter of an hour, until the event is a day old."""
    return LookAgain(next_look(tries), why) if age < RECHECK_FOR else Settled(otherwise)


def handler_data(event: AppEvent, found: StoreSubscription | None) -> Mapping[str, str | bool | None]:
    """What an app's handler of the event is given: no personal data, and Zid's answer where there is one."""
    plan = found.plan if found else event.plan
    return {
        "event_name": event.name,
        "status": plan.status,
        "plan_id": plan.plan_id,
        "plan_name": plan.plan_name.ar or plan.plan_name.en,
        "start_date": plan.starts_at.isoformat() if plan.starts_at else None,
        "end_date": plan.ends_at.isoformat() if plan.ends_at else None,
        "verified": bool(found and found.verified),
    }


def _store_id(document: Document) -> StoreId | None:
    number = text(document.get("store_id")) or ""
    return StoreId(int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else None


def _plan(document: Document) -> PlanClaim:
    return PlanClaim(
        status=text(document.get("status")),
        plan_id=text(document.get("plan_id")),
        plan_name=Name.read(document.get("plan_name")),
        plan_type=text(document.get("plan_type")),
        starts_at=parse_time(document.get("start_date")),
        ends_at=parse_time(document.get("end_date")),
    )
