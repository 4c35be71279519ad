"""What is wrong with an audit, line by line and seal by seal. The rules alone: who reads the rows is elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.domain.audit import AuditRecord
from core.domain.audit_chain import ORIGIN, Seal, SealingKey, digest_of, genuine
from core.domain.secret import same

SEALED_WITHIN: Final = timedelta(seconds=60)
"""A line that stays unsealed for longer is a finding. A scheduler seals within ten seconds."""
_MARK: Final = re.compile(r"(?P<number>[0-9]{1,18}):(?P<head>[0-9a-f]{64})", re.ASCII)


class FlawKind(StrEnum):
    """What shows."""

    CHANGED = "changed"
    """The line is not what was sealed."""
    REMOVED = "removed"
    """The line was sealed and is gone."""
    INSERTED = "inserted"
    """The line stands where none was when its neighbours were sealed."""
    UNSEALED = "unsealed"
    """The line is old enough to be sealed, and is not: no scheduler runs, or seals were cut off."""
    SEAL_REMOVED = "seal_removed"
    """Seals before this one are missing."""
    SEAL_CHANGED = "seal_changed"
    """The seal does not follow from the one before it: one of them was changed."""
    SEAL_FORGED = "seal_forged"
    """The seal was not made with the key it names."""
    NOT_VOUCHED = "not_vouched"
    """The last seal's key is not in TOKEN_KEYS: put it back at the end of the list, and a scheduler seals anew."""
    CUT = "cut"
    """The chain does not hold the head that was noted before: what followed it is gone or was made anew."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One finding and where: a line, a seal, or both."""

    kind: FlawKind
    audit_id: int | None = None
    seal: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A head noted earlier, from the log of a scheduler or a run of verify."""

    number: int
    head: str


def read_mark(text: str) -> Mark | None:
    """`12:9f86…`, as logged; None for anything else."""
    found = _MARK.fullmatch(text.strip())
    return Mark(int(found["number"]), found["head"]) if found else None


def flaws_of_seal(before: Seal | None, seal: Seal, keys: Sequence[SealingKey]) -> Iterator[Flaw]:
    """Whether the seal follows from the one before it, and was made by its key where that is known."""
    if seal.number != (before.number + 1 if before else 1):
        yield Flaw(FlawKind.SEAL_REMOVED, seal=seal.number)
    elif seal.previous != (before.head if before else ORIGIN) or seal.from_id != (before.to_id + 1 if before else 1):
        yield Flaw(FlawKind.SEAL_CHANGED, seal=seal.number)
    if genuine(seal, keys) is False:
        yield Flaw(FlawKind.SEAL_FORGED, seal=seal.number)


def flaws_of_lines(seal: Seal, records: Sequence[AuditRecord]) -> Iterator[Flaw]:
    """Each line of the seal against the records in its range, in the order of their ids."""
    sealed = {line.audit_id: line.digest for line in seal.lines}
    found = {record.audit_id: record for record in records}
    for audit_id in sorted(sealed.keys() | found.keys()):
        if audit_id not in found:
            yield Flaw(FlawKind.REMOVED, audit_id, seal.number)
        elif audit_id not in sealed:
            yield Flaw(FlawKind.INSERTED, audit_id, seal.number)
        elif digest_of(found[audit_id]) != sealed[audit_id]:
            yield Flaw(FlawKind.CHANGED, audit_id, seal.number)


def flaws_of_end(last: Seal | None, keys: Sequence[SealingKey]) -> Iterator[Flaw]:
    """Whether somebody vouches for the chain as a whole."""
    if last is not None and genuine(last, keys) is None:
        yield Flaw(FlawKind.NOT_VOUCHED, seal=last.number)


def flaws_of_tail(records: Sequence[AuditRecord], now: datetime) -> Iterator[Flaw]:
    """The first of the lines after the last seal that has waited too long."""
    late = [record.audit_id for record in records if now - record.at > SEALED_WITHIN]
    if late:
        yield Flaw(FlawKind.UNSEALED, min(late))


def holds(seal: Seal, mark: Mark) -> bool:
    """Whether the seal is the one that the mark names."""
    return seal.number == mark.number and same(seal.head.hex(), mark.head)
