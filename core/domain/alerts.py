"""What a person should know of and may have to act on: raised once, healed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from core.ids import InstallId, StoreId


class AlertKind(StrEnum):
    """What is wrong."""

    NEEDS_REAUTHORIZATION = "needs_reauthorization"
    """Zid refused a store's tokens: its merchant has to install the app again."""
    REFRESH_IN_DOUBT = "refresh_in_doubt"
    """The answer to a store's renewal was lost. Its old tokens are used as long as Zid takes them."""
    CLIENT_REJECTED = "client_rejected"
    """Zid does not know our client id or secret: no store's tokens can be renewed until that is corrected."""
    STORES_DO_NOT_OPEN = "stores_do_not_open"
    """A key of TOKEN_KEYS is missing, or rows were changed: the tokens of some stores cannot be read."""
    AUDIT_ALTERED = "audit_altered"
    """The audit's seals are not as they were left: somebody changed them, or their key left TOKEN_KEYS too early."""
    DEAD_LETTERS = "dead_letters"
    """As many dead events as DEAD_LETTER_ALARM allows, or more, wait for a person."""
    BOOKS_NOT_BALANCED = "books_not_balanced"
    """What was received is not what is accounted for: something was lost, or counted twice."""
    EVENTS_STUCK = "events_stuck"
    """Work that could be done is taken up by nobody."""
    WEBHOOKS_NOT_DELIVERED = "webhooks_not_delivered"
    """Zid delivers nothing for some subscriptions, and they could not be put right."""
    GAPS_STAY_OPEN = "gaps_stay_open"
    """Deliveries may be missing, and nobody has read the rows that would tell."""
    RENEWALS_LATE = "renewals_late"
    """Tokens that should have been renewed were not."""
    SPOOL_STAYS_FULL = "spool_stays_full"
    """Deliveries wait outside the database although it answers; the subject names the machine they are on."""
    PROCESS_ABSENT = "process_absent"
    """No process of a kind that is needed is alive; the subject names the kind."""
    DATABASE_AWAY = "database_away"
    """Postgres does not answer. Told by each scheduler itself, since there is nowhere to write it down."""


APP: Final = "app"
"""The subject of what concerns every store alike."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Kind and subject are the stable key: of each there is one open alert at most. `reason` holds no secret."""

    kind: AlertKind
    subject: str
    reason: str = ""
    store_id: StoreId | None = None
    install_id: InstallId | None = None


def about_store(kind: AlertKind, store_id: StoreId, install_id: InstallId, reason: str = "") -> Alert:
    """An alert whose subject is a store, whichever install it has."""
    return Alert(kind, subject_of(store_id), reason, store_id, install_id)


def subject_of(store_id: StoreId) -> str:
    return str(store_id)


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """An alert as it is written down. `told_at` is when people were told that it was raised."""

    alert_id: int
    alert: Alert
    raised_at: datetime
    healed_at: datetime | None = None
    told_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.healed_at is None


class Change(StrEnum):
    """What there is to tell about an alert."""

    RAISED = "raised"
    HEALED = "healed"


@dataclass(frozen=True, slots=True)
class News:
    """One change of one alert, to be told once."""

    known: KnownAlert
    change: Change
