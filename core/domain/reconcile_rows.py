"""Whether a listed row and the mirror agree, and which webhook would have told of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from core.domain.entities.reading import Reading, Scalar
from core.domain.mirror import MirrorRow
from core.domain.topics import RECONCILED_TOPICS
from core.ids import EntityKind


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What we hold of an entity: its row, if any, and the hash of how a list showed it last.

    `pending`: something about it is taken in and not in the mirror yet.
    """

    row: MirrorRow | None = None
    hash: bytes | None = None
    pending: bool = False


class Found(StrEnum):
    """What a comparison says."""

    SAME = "same"
    MISSED = "missed"
    """A webhook should have told and did not."""
    CATCH_UP = "catch_up"
    """The mirror lags, but no webhook is proven missing: one may be on its way, or Zid has none for it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`topics` are what is entered in the ledger for it; none where nothing is to be done."""

    found: Found
    topics: tuple[str, ...] = ()


SAME = Verdict(Found.SAME)


def row_hash(document: bytes) -> bytes:
    """What a list row is recognised by."""
    return sha256(document).digest()


def compare(
    kind: EntityKind, reading: Reading, listed: bytes, mirrored: Mirrored, *, settled_before: datetime | None
) -> Verdict:
    """What a listed row means. What changed after `settled_before` is left to the webhook that may be coming."""
    row = mirrored.row
    if row is not None and not _may_be_newer(row, reading):
        return SAME
    differs = row is None or row.deleted or _is_newer(row, reading) or _differs(row, reading)
    looks_new = mirrored.hash is not None and mirrored.hash != listed and reading.version is None
    if not differs and not looks_new:
        return SAME
    if settled_before is not None and reading.version is not None and reading.version > settled_before:
        return SAME
    topics = _topics(kind, row, reading) if differs else ()
    if mirrored.pending or not topics:
        return Verdict(Found.CATCH_UP, (RECONCILED_TOPICS[kind].name,))
    return Verdict(Found.MISSED, topics)


def _may_be_newer(row: MirrorRow, reading: Reading) -> bool:
    """The mirror's own rule: a tombstone yields only to a newer version."""
    if row.deleted:
        return reading.version is not None and row.version is not None and reading.version > row.version
    return reading.version is None or row.version is None or reading.version >= row.version


def _is_newer(row: MirrorRow, reading: Reading) -> bool:
    return reading.version is not None and (row.version is None or reading.version > row.version)


def _differs(row: MirrorRow, reading: Reading) -> bool:
    """Two changes within one second share a version, so what is watched is compared too. Absent fields say nothing.

    A column that is empty here under a known version was emptied on purpose: somebody was erased.
    """
    if any(name in row.facts and row.facts[name] != value for name, value in reading.facts.items()):
        return True
    return any(_tells(reading, value, row.columns.get(name)) for name, value in reading.columns.items())


def _tells(reading: Reading, listed: Scalar, held: Scalar) -> bool:
    if listed is None or (held is None and reading.version is not None):
        return False
    return not _equal(listed, held)


def _equal(left: Scalar, right: Scalar) -> bool:
    """Amounts are kept with four decimals."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return abs(left - right) < Decimal("0.0001")
    return left == right


def _topics(kind: EntityKind, row: MirrorRow | None, reading: Reading) -> tuple[str, ...]:
    """Zid's events for a row that is new here, or changed; none where Zid sends none."""
    is_new = row is None or row.deleted
    match kind:
        case EntityKind.ORDER:
            return ("order.create",) if row is None or row.deleted else _order_topics(row, reading)
        case EntityKind.CART:
            return _cart_topics(row, reading)
        case _:
            return (f"{kind}.create" if is_new else f"{kind}.update",)


def _order_topics(row: MirrorRow, reading: Reading) -> tuple[str, ...]:
    watched = {"status": "order.status.update", "payment_status": "order.payment_status.update"}
    return tuple(topic for name, topic in watched.items() if row.facts.get(name) != reading.facts.get(name))


def _cart_topics(row: MirrorRow | None, reading: Reading) -> tuple[str, ...]:
    phase = reading.columns.get("phase")
    if phase == "completed" and (row is None or row.columns.get("phase") != phase):
        return ("abandoned_cart.completed",)
    return ("abandoned_cart.created",) if row is None or row.deleted else ()
