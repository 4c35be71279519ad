"""What is known about a repeated write: pure values, no storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from core.ids import StoreId

KEPT: Final = timedelta(hours=24)
"""How long a key and its answer are remembered, counted from the begin."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's key within its scope (API key and route): the same text in two scopes is two keys."""

    scope: str
    text: str
    store_id: StoreId | None = None
    """Whose data the answer may hold; no part of what tells keys apart."""

    @property
    def digest(self) -> bytes:
        """32 bytes that tell it from every other key; what is stored instead of the text."""
        return sha256(f"{len(self.scope)}:{self.scope}{self.text}".encode(errors="replace")).digest()


def fingerprint(method: str, path: str, body: bytes) -> bytes:
    """32 bytes that two requests share exactly when they ask for the same."""
    return sha256(f"{method} {path}\0".encode(errors="replace") + body).digest()


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was sent, to be sent again."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fresh:
    """Nobody used the key in its 24 hours: go on, then finish or abandon with this claim."""

    claim: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The same request was answered: send this again."""

    answer: KeptAnswer


@dataclass(frozen=True, slots=True)
class InProgress:
    """The same request is being handled by a living worker: wait, or refuse for now."""

    since: datetime


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class OutcomeLost:
    """The same request was begun by a worker that is gone: it may or may not have happened. Never repeat it."""

    since: datetime


Begun = Fresh | Replay | InProgress | Mismatch | OutcomeLost
