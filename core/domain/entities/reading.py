"""What every entity reader returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

Scalar = str | int | bool | Decimal | datetime | None
Facts = Mapping[str, str | None]
"""Watched field → value as text; what two versions are compared by. `None` = known to be without value."""


@dataclass(frozen=True, slots=True)
class Step:
    """A status the entity went through, as its own history tells."""

    at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One version of an entity.

    `version` is Zid's own `updated_at`, None where it sends none; `facts` are what
    changes are derived from; `columns` what lists are filtered by; `steps` the
    intermediate order statuses named by the entity itself, oldest first.
    """

    version: datetime | None
    facts: Facts = field(default_factory=dict)
    columns: Mapping[str, Scalar] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
