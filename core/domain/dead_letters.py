"""Dead letters of one cause under one name, so that a person decides about causes and not about thousands of events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NewType

Fingerprint = NewType("Fingerprint", str)
"""`0a1b2c3d4e@1.4.0`: handler and normalised reason, hashed; behind the @ the version that gave up."""

LONGEST_REASON: Final = 1000
LONGEST_VERSION: Final = 40

_CLASS: Final = re.compile(r"[A-Z]\w*(?=: )")
_NOT_IN_VERSIONS: Final = re.compile(r"[^A-Za-z0-9._+-]+")
# In this order: what contains others goes first.
_VARIABLE: Final = (
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w"), "<email>"),
    (re.compile(r"\b[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"""(?<!\w)(?:'[^'\n]*'|"[^"\n]*"|`[^`\n]*`)(?!\w)|«[^»\n]*»|“[^”\n]*”|‘[^’\n]*’"""), "<text>"),
    (re.compile(r"\b0[xX][0-9a-fA-F]+\b|\b(?=[0-9a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{8,}\b"), "<hex>"),
    (re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w{20,}\b"), "<token>"),
    (re.compile(r"[-+]?\d(?:[\d.,:T/-]*\d)?"), "#"),
    (re.compile(r"\s+"), " "),
)


def fingerprint(handler: str, reason: str | None, version: str) -> Fingerprint:
    """The same for letters that died of the same cause in the same handler and version; holds no data of theirs.

    `handler` is empty for what died before any handler had it. `reason` starts with
    the exception's type where there was one.
    """
    cause = blake2b(f"{handler}\0{normalised(reason or '')}".encode(errors="replace"), digest_size=5).hexdigest()
    under = _NOT_IN_VERSIONS.sub("-", version)[:LONGEST_VERSION]
    return Fingerprint(f"{cause}@{under}" if under else cause)


def normalised(reason: str) -> str:
    """The reason without what differs from event to event: numbers, ids, quoted values, addresses, hex, spacing."""
    text = reason[:LONGEST_REASON]
    head = _CLASS.match(text)
    kept, rest = (head.group(), text[head.end() :]) if head else ("", text)
    for variable, sign in _VARIABLE:
        rest = variable.sub(sign, rest)
    return f"{kept}{rest}".strip()


def cause_of(mark: Fingerprint) -> str:
    """The part that a new version does not change."""
    return mark.partition("@")[0]


def version_of(mark: Fingerprint) -> str | None:
    return mark.partition("@")[2] or None


class AlarmLevel(StrEnum):
    """How the number of dead letters stands to its threshold."""

    QUIET = "quiet"
    """Below it, and not about to reach it."""
    GROWING = "growing"
    """Reaches it within the horizon if it goes on like in the last hour."""
    REACHED = "reached"
    """At the threshold or above."""


@dataclass(frozen=True, slots=True)
class DeadGrowth:
    """How many dead events there are, and how many of them died within the last hour."""

    total: int = 0
    last_hour: int = 0


@dataclass(frozen=True, slots=True)
class GrowthAlarm:
    """`reached_in` is how long until the threshold is reached; zero when it is, None when nothing grows."""

    level: AlarmLevel
    reached_in: timedelta | None

    def reached_at(self, now: datetime) -> datetime | None:
        return None if self.reached_in is None else now + self.reached_in


HORIZON: Final = timedelta(hours=24)
LONGEST_PROJECTION: Final = timedelta(days=3650)


def growth_alarm(growth: DeadGrowth, threshold: int) -> GrowthAlarm:
    """What the last hour's growth means; straight on, since nobody knows better at night."""
    if growth.total >= threshold:
        return GrowthAlarm(AlarmLevel.REACHED, timedelta(0))
    if growth.last_hour <= 0:
        return GrowthAlarm(AlarmLevel.QUIET, None)
    seconds = 3600 * (threshold - growth.total) / growth.last_hour
    reached_in = timedelta(seconds=min(seconds, LONGEST_PROJECTION.total_seconds()))
    return GrowthAlarm(AlarmLevel.GROWING if reached_in <= HORIZON else AlarmLevel.QUIET, reached_in)
