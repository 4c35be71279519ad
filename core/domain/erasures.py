"""Erasures: what was asked for, how far it is, and what is certified at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import NewType

from core.domain.people import Person
from core.ids import StoreId

ErasureId = NewType("ErasureId", int)


class ErasureKind(StrEnum):
    """Whose data."""

    STORE = "store"
    """A whole store's, its customers' included."""
    CUSTOMER = "customer"
    """One customer's of a store."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One that was asked for. `person` is known only until it is finished."""

    erasure_id: ErasureId
    kind: ErasureKind
    store_id: StoreId
    asked_at: datetime
    asked_by: str
    person: Person | None = None
    finished_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErasureLine:
    """One line of the erasure file. It names the person: that is what a restored backup has to be told."""

    at: datetime
    kind: ErasureKind
    store_id: StoreId
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """What one transaction removed: so many rows (or bodies) of one table; `busy` were left to whoever is at them."""

    table: str
    rows: int
    busy: int = 0


def last_backup_expires(finished_at: datetime, kept_for: timedelta) -> date:
    """The day after which no backup holds what was erased."""
    return (finished_at + kept_for).date()


def pseudonym(store_id: StoreId, person: Person) -> str:
    """Names a person in a certificate for those who know the id, and for nobody else at sight."""
    named = sorted(person.ids) or sorted(person.emails | person.phones)
    return sha256("\0".join([str(store_id), *named]).encode()).hexdigest()[:16]
