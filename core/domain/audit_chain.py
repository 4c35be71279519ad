"""A chain of seals over the audit: a line that was changed, removed, inserted or cut off shows.

A seal covers the lines after those of the seal before it, by a digest of each, and the
head of the seal before it. Its head is a hash of all that; its MAC proves that the head
was made by a holder of a key. So the MAC of one seal vouches for every line before it, and
a key may leave the ring as soon as a seal by a newer key follows.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from core.domain.audit import AuditRecord
from core.domain.secret import Secret, derive, same

DIGEST_BYTES: Final = 16
ORIGIN: Final = bytes(32)
"""The head that the first seal follows."""
_PURPOSE: Final = "audit-seal"


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One key of the ring; `key_id` names it and tells nothing about it."""

    key_id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """What a seal remembers of one record."""

    audit_id: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """One link. Of the ids from `from_id` to `to_id` those in `lines` exist, with these contents, and no others."""

    number: int
    from_id: int
    to_id: int
    lines: tuple[Line, ...]
    previous: bytes
    sealed_at: datetime
    key_id: str
    mac: bytes = b""

    @property
    def head(self) -> bytes:
        """A hash of everything in this seal but its MAC, hence of every seal before it."""
        when = self.sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
        named = json.dumps([self.number, self.from_id, self.to_id, when, self.key_id]).encode()
        lines = b"".join(line.audit_id.to_bytes(8, "big", signed=True) + line.digest for line in self.lines)
        return sha256(b"\0".join([named, self.previous, lines])).digest()

    @property
    def mark(self) -> str:
        """The head as it is logged and given to `wasl audit verify --head`."""
        return f"{self.number}:{self.head.hex()}"


def sealing_keys(ring: Iterable[Secret]) -> tuple[SealingKey, ...]:
    """A key for seals from each key of the ring; the first one seals, all are recognised."""
    derived = [derive(secret, _PURPOSE) for secret in ring]
    return tuple(SealingKey(sha256(key).hexdigest()[:8], key) for key in derived)


def digest_of(record: AuditRecord) -> bytes:
    """Of all that was written, in one spelling."""
    entry = record.entry
    when = record.at.astimezone(UTC).isoformat(timespec="microseconds")
    ids = [record.audit_id, when, entry.action, entry.actor, entry.store_id, entry.install_id, entry.request_id]
    spelled = json.dumps([*ids, dict(entry.details)], sort_keys=True, separators=(",", ":"))
    return sha256(spelled.encode()).digest()[:DIGEST_BYTES]


def next_seal(last: Seal | None, records: Sequence[AuditRecord], key: SealingKey, *, at: datetime) -> Seal:
    """The seal over the records after the last one; over none it only lets a new key vouch for what is there."""
    from_id = last.to_id + 1 if last else 1
    seal = Seal(
        number=last.number + 1 if last else 1,
        from_id=from_id,
        to_id=records[-1].audit_id if records else from_id - 1,
        lines=tuple(Line(record.audit_id, digest_of(record)) for record in records),
        previous=last.head if last else ORIGIN,
        sealed_at=at,
        key_id=key.key_id,
    )
    return replace(seal, mac=mac_of(seal, key))


def mac_of(seal: Seal, key: SealingKey) -> bytes:
    return hmac.new(key.key, seal.head, sha256).digest()


def genuine(seal: Seal, keys: Sequence[SealingKey]) -> bool | None:
    """Whether the seal's key made it; None when that key is not in the ring."""
    key = _by_id(keys).get(seal.key_id)
    return None if key is None else same(mac_of(seal, key).hex(), seal.mac.hex())


def _by_id(keys: Sequence[SealingKey]) -> Mapping[str, SealingKey]:
    return {key.key_id: key for key in keys}
