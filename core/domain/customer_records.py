"""What we keep about a customer that Zid has no place for: preferences, notes, tags of our own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isfinite
from typing import Final

from core.domain.bounds import OutOfBounds, bounded_text

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]

PREFERENCES_BYTES: Final = 16 * 1024
PREFERENCES_DEPTH: Final = 8
NOTES_LENGTH: Final = 4000
TAGS: Final = 50
TAG_LENGTH: Final = 64
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """A customer's preferences, notes and tags; empty where nobody wrote any."""

    customer_id: str
    preferences: Mapping[str, Json] = field(default_factory=dict)
    notes: str = ""
    tags: tuple[str, ...] = ()
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What to change; None leaves as it is.

    `preferences` are merged as RFC 7396 says: a key with null goes, objects are merged
    in depth, anything else is replaced. `notes` and `tags` are replaced whole.
    """

    preferences: Mapping[str, Json] | None = None
    notes: str | None = None
    tags: Sequence[str] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what changes, for the audit; never the content."""
        given = {"preferences": self.preferences, "notes": self.notes, "tags": self.tags}
        return tuple(name for name, value in given.items() if value is not None)


def changed(record: CustomerRecord, change: RecordChange) -> CustomerRecord:
    """The record after the change. OutOfBounds names the field that would not fit, and nothing is changed."""
    if change.preferences is not None:
        record = replace(record, preferences=_bounded(_merged(record.preferences, change.preferences)))
    if change.notes is not None:
        record = replace(record, notes=bounded_text("notes", change.notes, NOTES_LENGTH))
    if change.tags is not None:
        record = replace(record, tags=_tags(change.tags))
    return record


def _tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Trimmed, each once, in the order given."""
    found = tuple(dict.fromkeys(tag.strip() for tag in tags))
    if len(found) > TAGS:
        raise OutOfBounds("tags", f"at most {TAGS}, these are {len(found)}")
    for tag in found:
        if not tag:
            raise OutOfBounds("tags", "a tag is empty")
        bounded_text("tags", tag, TAG_LENGTH)
    return found


def _merged(old: Mapping[str, Json], patch: Mapping[str, Json], depth: int = 1) -> dict[str, Json]:
    """RFC 7396; a patch nested too deeply is refused on the way."""
    if depth > PREFERENCES_DEPTH:
        raise OutOfBounds("preferences", f"nested more than {PREFERENCES_DEPTH} deep")
    merged = dict(old)
    for key, value in patch.items():
        before = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            merged[key] = _merged(before if isinstance(before, Mapping) else {}, value, depth + 1)
        else:
            merged[key] = value
    return merged


def _bounded(preferences: dict[str, Json]) -> dict[str, Json]:
    _check(preferences, 0)
    size = len(json.dumps(preferences, ensure_ascii=False).encode())
    if size > PREFERENCES_BYTES:
        raise OutOfBounds("preferences", f"at most {PREFERENCES_BYTES} bytes as JSON, these are {size}")
    return preferences


def _check(value: Json, depth: int) -> None:
    """Only what comes back from storage as it went in."""
    if depth > PREFERENCES_DEPTH:
        raise OutOfBounds("preferences", f"nested more than {PREFERENCES_DEPTH} deep")
    match value:
        case str():
            bounded_text("preferences", value, PREFERENCES_BYTES)
        case int() if not -_LARGEST <= value <= _LARGEST:
            raise OutOfBounds("preferences", "a whole number beyond 64 bits")
        case float() if not isfinite(value):
            raise OutOfBounds("preferences", "a number that JSON cannot write")
        case Mapping():
            for key in value:
                bounded_text("preferences", key, PREFERENCES_BYTES)
            _check_all(value.values(), depth + 1)
        case list() | tuple():
            _check_all(value, depth + 1)


def _check_all(values: Iterable[Json], depth: int) -> None:
    for value in values:
        _check(value, depth)
