"""What needs a person first, out of everything that is known; in the order in which to look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from core.domain.alerts import AlertKind
from core.domain.breaker import BreakerState
from core.domain.refresh_census import DaysLeft
from core.domain.stores import InstallState
from core.domain.webhook_states import SICK
from entrypoints.sheets import StoresSheet

_TOLD_BY_FACTS: Final = frozenset(
    {
        AlertKind.NEEDS_REAUTHORIZATION,
        AlertKind.REFRESH_IN_DOUBT,
        AlertKind.STORES_DO_NOT_OPEN,
        AlertKind.DEAD_LETTERS,
        AlertKind.BOOKS_NOT_BALANCED,
        AlertKind.WEBHOOKS_NOT_DELIVERED,
        AlertKind.GAPS_STAY_OPEN,
    }
)
"""Alerts about what is counted here anyway."""


@dataclass(frozen=True, slots=True)
class Need:
    """Its title is the text `attention.<name>`, what to do is `attention.<name>.do`; `path` is where."""

    name: str
    number: int
    path: str | None = None
    tone: str = "warn"


@dataclass(frozen=True, slots=True)
class Known:
    """What is looked at. `is_watched`: a scheduler has counted within the last minutes."""

    dead: int
    is_balanced: bool
    is_watched: bool
    stores: StoresSheet | None
    alerts: Mapping[AlertKind, int] = field(default_factory=dict)
    breakers: Mapping[str, tuple[BreakerState, int]] = field(default_factory=dict)


def needs(known: Known) -> Sequence[Need]:
    """Nothing when all is well."""
    found = [*_of_the_service(known), *(_of_the_stores(known.stores) if known.stores else ())]
    return sorted((one for one in found if one.number), key=lambda one: one.tone != "bad")


def _of_the_service(known: Known) -> Iterator[Need]:
    yield Need("scheduler", int(not known.is_watched), "/console/settings", "bad")
    yield Need("balance", int(not known.is_balanced), "/console/events", "bad")
    for kind, number in known.alerts.items():
        if kind not in _TOLD_BY_FACTS:
            yield Need(f"alert.{kind.value}", number, "/console/alerts", "bad")
    yield Need("dead", known.dead, "/console/dead", "bad")
    families = [state for state, _ in known.breakers.values() if state is not BreakerState.CLOSED]
    yield Need("family", len(families))
    yield Need("breakers", sum(number for _, number in known.breakers.values()))


def _of_the_stores(sheet: StoresSheet) -> Iterator[Need]:
    left = dict(sheet.days_left)
    refused = InstallState.NEEDS_REAUTHORIZATION.value
    yield Need("reauthorize", sheet.states.get(refused, 0), f"/console/stores?state={refused}")
    yield Need("expired", left.get(DaysLeft.EXPIRED.value, 0), "/console/stores", "bad")
    yield Need("expiring", left.get(DaysLeft.DAY.value, 0) + left.get(DaysLeft.WEEK.value, 0), "/console/stores")
    yield Need("quarantined", sheet.quarantined, "/console/settings", "bad")
    yield Need("webhooks", sum(sheet.webhooks.get(state.value, 0) for state in SICK), "/console/stores")
    yield Need("in_doubt", sheet.in_doubt, "/console/stores")
    yield Need("gaps", sheet.open_gaps, "/console/stores", "calm")
