"""The vault as it lies there, sealed: what the change of keys reads and writes. Nothing here opens anything."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType, Protocol

from core.domain.audit import AuditEntry
from core.ids import Generation, InstallId, StoreId
from core.ports.sealing import WrappedKey

RotationId = NewType("RotationId", int)


class RotationKind(StrEnum):
    """What is changed."""

    RING = "ring"
    """Every data key is sealed by the first key of the ring; the data keys stay."""
    DATA_KEYS = "data_keys"
    """Every install gets a new data key, and its tokens are sealed by it."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """One change of keys. `done` counts the installs it has reached, over all the runs that went on with it."""

    rotation_id: RotationId
    kind: RotationKind
    key_id: str
    begun_at: datetime
    done: int = 0


@dataclass(frozen=True, slots=True)
class SealedRow:
    """What an install has in the vault; without tokens `sealed` and `generation` are None."""

    store_id: StoreId
    install_id: InstallId
    key: WrappedKey
    generation: Generation | None
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a row that was read as `before`. `sealed` None leaves the tokens as they are."""

    before: SealedRow
    key: WrappedKey
    sealed: bytes | None = None


class Part(StrEnum):
    """What does not open."""

    DATA_KEY = "data_key"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class SetAside:
    """An install whose rows do not open. They are kept as they are and work again when the right key is back."""

    store_id: StoreId
    install_id: InstallId
    part: Part
    key_id: str
    problem: str
    found_at: datetime | None = None

    def entry(self, action: str) -> AuditEntry:
        """What the trail says of it."""
        details = {"part": self.part.value, "key_id": self.key_id}
        return AuditEntry(action, self.store_id, self.install_id, details=details)


QUARANTINED: Final = "keys.quarantined"
RELEASED: Final = "keys.released"
"""How the trail calls it."""


class SealedVault(Protocol):
    """Rows of live installs. Safe beside renewals, installs, uninstalls and another rotation. All raise Unavailable."""

    @abstractmethod
    async def begin(self, kind: RotationKind, key_id: str, *, audit: AuditEntry) -> Rotation:
        """The unfinished rotation of this kind to this key, else a new one; one to another key ends unfinished.

        Only a new one is audited.
        """

    @abstractmethod
    async def left(self, rotation: Rotation) -> int:
        """Installs that the rotation has not reached, those in quarantine left out."""

    @abstractmethod
    async def page(self, rotation: Rotation, *, after: InstallId | None, limit: int) -> Sequence[SealedRow]:
        """The next that it has not reached, by ascending install id, those in quarantine included."""

    @abstractmethod
    async def swap(self, rotation: Rotation, changes: Sequence[Change], *, audit: AuditEntry) -> Sequence[InstallId]:
        """Writes every change whose row still is what was read, all of it or nothing of it; who was changed.

        Waits for nobody: a row that somebody else is at is passed over. Generation, expiry and what is due
        stay. The rotation's count grows with it. Audited where anything changed.
        """

    @abstractmethod
    async def finish(self, rotation: Rotation, *, audit: AuditEntry) -> None:
        """The rotation is over; the next `begin` makes a new one."""


class KeyCensus(Protocol):
    """What seals what, and what does not open. All raise Unavailable."""

    @abstractmethod
    async def sealed_by(self) -> Mapping[str, int]:
        """Data keys by the id of the ring key that seals them, quarantined ones left out."""

    @abstractmethod
    async def lacking(self, held: Sequence[str]) -> Mapping[str, int]:
        """The same for keys that are not held; quick, however many stores there are."""

    @abstractmethod
    async def set_aside(self, found: Sequence[SetAside]) -> int:
        """Puts installs in quarantine, each audited once; how many were not there yet. Their rows stay untouched."""

    @abstractmethod
    async def quarantined(self, *, after: InstallId | None = None, limit: int = 500) -> Sequence[SetAside]:
        """Those of live installs, by ascending install id."""

    @abstractmethod
    async def rows(self, install_ids: Sequence[InstallId]) -> Sequence[SealedRow]:
        """What these installs have in the vault now."""

    @abstractmethod
    async def release(self, install_ids: Sequence[InstallId]) -> int:
        """They open again: out of quarantine, each audited; how many were in it."""

    @abstractmethod
    async def last_rotation(self, kind: RotationKind) -> tuple[Rotation, datetime | None] | None:
        """The newest of this kind, and when it was finished."""
