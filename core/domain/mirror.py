"""The mirror: what an entity is now, and what happened between two versions of it.

A version watermark guards each row: older versions are skipped and recorded; equal
or missing versions count by arrival; a delete leaves a tombstone that only a newer
version lifts. First sight derives nothing. What was read quietly shows in a known row
at once, but its watched facts stay as they were last told: the next loud arrival tells
of the way from there, so the emitted chain has no hole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from core.domain.entities.product import INFINITE
from core.domain.entities.reading import Facts, Reading, Scalar, Step
from core.ids import Entity, EntityKind


@dataclass(frozen=True, slots=True)
class MirrorRow:
    """An entity as last seen. `body` is Zid's own JSON; a tombstone has none."""

    entity: Entity
    version: datetime | None
    facts: Facts = field(default_factory=dict)
    columns: Mapping[str, Scalar] = field(default_factory=dict)
    body: bytes = b""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """One version of an entity that came in. `reading` is None for a delete; `quiet` is read by a backfill."""

    entity: Entity
    received_at: datetime
    body: bytes
    reading: Reading | None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened: the topic to emit and its content, old and new as text.

    `snapshot` marks a first sight, meant only for handlers that asked for it.
    """

    topic: str
    entity: Entity
    data: Mapping[str, str | int | None]
    snapshot: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What one arrival did: the row to keep, the changes to emit; `stale` when an older version was skipped."""

    row: MirrorRow
    changes: tuple[Change, ...] = ()
    stale: bool = False


def apply(row: MirrorRow | None, arrival: Arrival) -> Applied:
    """The row after one arrival and what it means."""
    if arrival.reading is None:
        return _bury(row, arrival)
    if row is not None and not _is_newer(row, arrival.reading.version):
        return Applied(row, stale=True)
    if arrival.quiet and row is not None and not row.deleted:
        return _adopt(row, arrival, arrival.reading)
    kept = _row_of(row, arrival, arrival.reading)
    if row is None or row.deleted:
        return Applied(kept, _snapshot(kept))
    return Applied(kept, tuple(_changes(row, kept, arrival.reading.steps)))


def _is_newer(row: MirrorRow, version: datetime | None) -> bool:
    if row.deleted:
        return version is not None and row.version is not None and version > row.version
    return version is None or row.version is None or version >= row.version


def _adopt(row: MirrorRow, arrival: Arrival, reading: Reading) -> Applied:
    """Only what is certainly not older than the row: a list's row holds less than a webhook's body."""
    newer = reading.version is not None and row.version is not None and reading.version > row.version
    if not newer and (reading.version, row.version) != (None, None):
        return Applied(row, stale=True)
    shown = _row_of(row, arrival, reading)
    return Applied(replace(shown, facts={**shown.facts, **row.facts}))


def _row_of(row: MirrorRow | None, arrival: Arrival, reading: Reading) -> MirrorRow:
    """Facts that a version does not mention are kept: a short payload must not undo what is known."""
    known = row.facts if row and not row.deleted else {}
    watermark = reading.version or (row.version if row else None)
    return MirrorRow(arrival.entity, watermark, {**known, **reading.facts}, reading.columns, arrival.body)


def _bury(row: MirrorRow | None, arrival: Arrival) -> Applied:
    """A tombstone stands at the time of the delete, so that only what was changed after it lifts it."""
    if row is not None and row.deleted:
        return Applied(row, stale=True)
    latest = max(filter(None, (row.version if row else None, arrival.received_at)))
    return Applied(MirrorRow(arrival.entity, latest, deleted=True))


def _snapshot(row: MirrorRow) -> tuple[Change, ...]:
    nothing: Facts = dict.fromkeys(row.facts)
    empty = MirrorRow(row.entity, None, nothing)
    return tuple(Change(change.topic, change.entity, change.data, snapshot=True) for change in _changes(empty, row, ()))


def _changes(old: MirrorRow, new: MirrorRow, steps: Sequence[Step]) -> Iterable[Change]:
    match new.entity.kind:
        case EntityKind.ORDER:
            yield from _status_changes(old, new, steps)
            yield from _payment_changes(old, new)
        case EntityKind.PRODUCT:
            yield from _product_changes(old, new)
        case _:
            return


def _status_changes(old: MirrorRow, new: MirrorRow, steps: Sequence[Step]) -> Iterable[Change]:
    """Old → new through the intermediate statuses that the order's own history names."""
    before, after = old.facts.get("status"), new.facts.get("status")
    if before == after or after is None:
        return
    between = [step.status for step in steps if old.version is not None and step.at > old.version]
    for here, there in _pairs([before, *between, after]):
        yield Change("order.status_changed", new.entity, {"old": here, "new": there})


def _pairs(path: Sequence[str | None]) -> Iterable[tuple[str | None, str | None]]:
    """Neighbours of a path with repeats folded."""
    folded = [status for i, status in enumerate(path) if i == 0 or status != path[i - 1]]
    return pairwise(folded)


_PAYMENT_TOPICS = frozenset({"pending", "paid", "refunded", "voided"})


def _payment_changes(old: MirrorRow, new: MirrorRow) -> Iterable[Change]:
    before, after = old.facts.get("payment_status"), new.facts.get("payment_status")
    if before != after and after in _PAYMENT_TOPICS:
        yield Change(f"payment.{after}", new.entity, {"old": before, "new": after})


def _product_changes(old: MirrorRow, new: MirrorRow) -> Iterable[Change]:
    """A field first seen (a new variant) is a first sight of its own: nothing happened to it yet."""
    for name in sorted(new.facts):
        before, after = old.facts.get(name), new.facts[name]
        if name not in old.facts or before == after:
            continue
        prefix, _, field_name = name.rpartition("/")
        variant = prefix.removeprefix("variant/") or None
        if field_name == "quantity":
            yield _inventory_change(new.entity, variant, before, after)
        else:
            what = {"field": field_name, "variant_id": variant, "old": before, "new": after}
            yield Change("product.price_changed", new.entity, what)


def _inventory_change(entity: Entity, variant: str | None, before: str | None, after: str | None) -> Change:
    """`delta` is None where either side is infinite or unknown."""
    countable = before not in (None, INFINITE) and after not in (None, INFINITE)
    delta = int(after or 0) - int(before or 0) if countable else None
    return Change("inventory.changed", entity, {"variant_id": variant, "old": before, "new": after, "delta": delta})
