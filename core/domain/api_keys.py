"""API keys: what one looks like, what is kept of it, and when it opens something.

A key is `wasl_`, 256 random bits as 43 characters, and a checksum of 6: whoever mistypes or
cuts a key learns so without a look at the database, and scanners find keys that leaked.
Only the SHA-256 is kept. A slow hash protects words that people choose; nobody tries
2^256 texts, and a slow one would let strangers spend our processor.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from binascii import crc32
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from core.domain.api_access import ApiScope, Caller, KeyId
from core.domain.bounds import OutOfBounds, bounded_text
from core.domain.secret import Secret, same

PREFIX: Final = "wasl_"
NAME_LENGTH: Final = 100
MOST_PER_MINUTE: Final = 1_000_000
LONGEST_OVERLAP: Final = timedelta(days=30)
USE_NOTED_EVERY: Final = timedelta(minutes=1)
_SECRET: Final = 43
_CHECKSUM: Final = 6
_HINT: Final = 4
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FORM: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{{_SECRET + _CHECKSUM}}}")


def make_key(secret_text: str) -> Secret:
    """A key of 43 URL-safe characters that hold 256 random bits."""
    if len(secret_text) != _SECRET:
        raise ValueError("a key is made of 43 random characters")
    return Secret(f"{PREFIX}{secret_text}{_checksum(secret_text)}")


def is_whole(text: str) -> bool:
    """Whether this can be a key at all: every mistyped character and every swap of two neighbours is noticed."""
    if not _FORM.fullmatch(text):
        return False
    secret, checksum = text[len(PREFIX) : -_CHECKSUM], text[-_CHECKSUM:]
    return same(checksum, _checksum(secret))


def digest_of(key: Secret) -> bytes:
    """What is kept of a key: 32 bytes that find it and do not tell it."""
    return sha256(key.reveal().encode()).digest()


def hint_of(key: Secret) -> str:
    """The first characters, by which people recognise a key; 232 random bits stay untold."""
    return key.reveal()[: len(PREFIX) + _HINT]


def _checksum(secret_text: str) -> str:
    """CRC-32: it notices every change that spans 32 bits or less."""
    return urlsafe_b64encode(crc32(secret_text.encode()).to_bytes(4, "big")).decode().rstrip("=")


class KeyState(StrEnum):
    """Whether a key opens anything."""

    LIVE = "live"
    """It opens what its scopes say."""
    EXPIRED = "expired"
    """Its time is over, by its own end or by a rotation's."""
    REVOKED = "revoked"
    """Somebody ended it."""


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """What a new key shall be. Make it with `of`."""

    name: str
    scopes: tuple[ApiScope, ...]
    expires_at: datetime | None = None
    rate_per_minute: int | None = None

    @classmethod
    def of(
        cls,
        name: str,
        scopes: Iterable[ApiScope],
        *,
        now: datetime,
        expires_at: datetime | None = None,
        rate_per_minute: int | None = None,
    ) -> KeyDraft:
        """OutOfBounds names the field that cannot be, and what can."""
        wanted = set(scopes)
        if not wanted:
            raise OutOfBounds("scopes", f"at least one of {', '.join(ApiScope)}")
        if expires_at is not None and expires_at <= now:
            raise OutOfBounds("expires_at", "has to lie ahead")
        if rate_per_minute is not None and not 1 <= rate_per_minute <= MOST_PER_MINUTE:
            raise OutOfBounds("rate_per_minute", f"1 to {MOST_PER_MINUTE}")
        ordered = tuple(scope for scope in ApiScope if scope in wanted)
        return cls(_name(name), ordered, expires_at, rate_per_minute)


def _name(text: str) -> str:
    name = bounded_text("name", text.strip(), NAME_LENGTH)
    if not name or _CONTROL.search(name):
        raise OutOfBounds("name", "has to say whose key it is, on one line")
    return name


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: everything but itself."""

    key_id: KeyId
    first_id: KeyId
    name: str
    scopes: tuple[ApiScope, ...]
    hint: str
    rate_per_minute: int | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    rotated_to: KeyId | None = None

    def state(self, now: datetime) -> KeyState:
        if self.revoked_at is not None:
            return KeyState.REVOKED
        return KeyState.EXPIRED if self.expires_at is not None and self.expires_at <= now else KeyState.LIVE

    @property
    def caller(self) -> Caller:
        """Who uses it."""
        return Caller(
            self.name,
            frozenset(self.scopes),
            key_id=self.key_id,
            rate_per_minute=self.rate_per_minute,
            first_id=self.first_id,
            reference=reference_of(self.key_id),
        )

    def use_is_due(self, now: datetime) -> bool:
        """Whether a use now is worth a write."""
        return self.last_used_at is None or now - self.last_used_at >= USE_NOTED_EVERY

    def successor(self, now: datetime) -> KeyDraft:
        """The same for the same span of time, from now on."""
        lasting = now + (self.expires_at - self.created_at) if self.expires_at is not None else None
        return KeyDraft(self.name, self.scopes, lasting, self.rate_per_minute)


_REFERENCE: Final = re.compile(r"key:([0-9]{1,18})", re.ASCII)


def reference_of(key_id: KeyId) -> str:
    return f"key:{key_id}"


def referred(reference: str) -> KeyId | None:
    """The key of a reference, or None for one of the configuration."""
    found = _REFERENCE.fullmatch(reference)
    return KeyId(int(found[1])) if found else None


def overlap_of(seconds: float) -> timedelta:
    """How long a rotated key goes on; OutOfBounds for what is no such time."""
    if not 0 <= seconds <= LONGEST_OVERLAP.total_seconds():
        raise OutOfBounds("overlap", f"0 seconds to {LONGEST_OVERLAP.days} days")
    return timedelta(seconds=seconds)
