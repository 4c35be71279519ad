"""Sealing with Fernet: a ring of keys seals data keys, a data key seals one store's secrets.

Fernet has no associated data, so a sealed value does not know where it belongs: whoever
seals puts the identity inside the content and compares it after opening.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from adapters.sealing.ring_keys import key_id, ring_of
from core.domain.secret import Secret
from core.errors import KeyMissing, SealBroken
from core.ports.sealing import Sealer, WrappedKey

OPENED_KEYS: Final = 1024


@dataclass(frozen=True, slots=True)
class _DataKey:
    raw: bytes = field(repr=False)
    fernet: Fernet = field(repr=False)


class FernetSealer(Sealer):
    """The first key of the ring seals data keys, every key opens them. Shows key ids, never keys."""

    def __init__(self, ring: tuple[Secret, ...], *, opened_keys: int = OPENED_KEYS) -> None:
        """Raises SettingInvalid when the ring is empty or holds what is no Fernet key."""
        self._ring = MultiFernet(ring_of(ring))
        self.key_ids: Final = tuple(key_id(secret) for secret in ring)
        # Opening a data key costs more than opening what it seals; errors are not kept.
        self._data_key = lru_cache(maxsize=opened_keys)(self._open_data_key)

    def __repr__(self) -> str:
        return f"FernetSealer(seals with {self.key_ids[0]}, opens with {', '.join(self.key_ids)})"

    @property
    def seals_with(self) -> str:
        return self.key_ids[0]

    def new_data_key(self) -> WrappedKey:
        return self._wrap(Fernet.generate_key())

    def rewrap(self, key: WrappedKey) -> WrappedKey:
        if key.key_id == self.key_ids[0]:
            return key
        return self._wrap(self._data_key(key).raw)

    def seal(self, key: WrappedKey, content: bytes) -> bytes:
        return self._data_key(key).fernet.encrypt(content)

    def open(self, key: WrappedKey, sealed: bytes) -> bytes:
        try:
            return self._data_key(key).fernet.decrypt(sealed)
        except InvalidToken:
            fingerprint = sha256(sealed).hexdigest()[:8]
            raise SealBroken(f"the sealed value {fingerprint} was changed, or sealed by another data key") from None

    def _wrap(self, data_key: bytes) -> WrappedKey:
        return WrappedKey(self.key_ids[0], self._ring.encrypt(data_key))

    def _open_data_key(self, key: WrappedKey) -> _DataKey:
        raw = self._unwrap(key)
        return _DataKey(raw, Fernet(raw))

    def _unwrap(self, key: WrappedKey) -> bytes:
        if key.key_id not in self.key_ids:
            raise KeyMissing(key.key_id)
        try:
            return self._ring.decrypt(key.wrapped)
        except InvalidToken:
            raise SealBroken(f"the data key sealed by {key.key_id} was changed") from None
