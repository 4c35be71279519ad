"""API keys in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from adapters.memory.database import MemoryDatabase
from core.domain.api_access import KeyId
from core.domain.api_keys import ApiKey, KeyDraft, KeyState
from core.domain.audit import AuditEntry
from core.ports.api_keys import KeyBook


class MemoryKeyBook(KeyBook):
    """A dict by number, another from hash to number."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._keys: dict[KeyId, ApiKey] = {}
        self._numbers: dict[bytes, KeyId] = {}

    async def add(self, draft: KeyDraft, *, digest: bytes, hint: str, audit: AuditEntry) -> ApiKey:
        return self._enter(draft, digest, hint, audit)

    async def rotate(
        self, key_id: KeyId, *, digest: bytes, hint: str, overlap: timedelta, audit: AuditEntry
    ) -> ApiKey | None:
        key, now = await self.live(key_id), self._database.now()
        if key is None or key.rotated_to is not None:
            return None
        successor = self._enter(key.successor(now), digest, hint, audit, first_id=key.first_id)
        ends = now + overlap if key.expires_at is None else min(key.expires_at, now + overlap)
        self._keys[key_id] = replace(key, expires_at=ends, rotated_to=successor.key_id)
        return successor

    async def revoke(self, key_id: KeyId, *, audit: AuditEntry) -> ApiKey | None:
        key = self._keys.get(key_id)
        if key is None or key.revoked_at is not None:
            return key
        self._keys[key_id] = replace(key, revoked_at=self._database.now())
        self._note(audit, key_id)
        return self._keys[key_id]

    async def live(self, key: bytes | KeyId) -> ApiKey | None:
        number = self._numbers.get(key) if isinstance(key, bytes) else key
        found = self._keys.get(number) if number is not None else None
        return found if found and found.state(self._database.now()) is KeyState.LIVE else None

    async def get(self, key_id: KeyId) -> ApiKey | None:
        return self._keys.get(key_id)

    async def page(self, *, before: KeyId | None = None, limit: int = 50) -> Sequence[ApiKey]:
        older = (key for key_id, key in self._keys.items() if before is None or key_id < before)
        return sorted(older, key=lambda key: -key.key_id)[:limit]

    async def note_use(self, key_id: KeyId) -> None:
        key, now = self._keys.get(key_id), self._database.now()
        if key is not None and key.use_is_due(now):
            self._keys[key_id] = replace(key, last_used_at=now)

    def _enter(
        self, draft: KeyDraft, digest: bytes, hint: str, audit: AuditEntry, *, first_id: KeyId | None = None
    ) -> ApiKey:
        key_id = KeyId(len(self._keys) + 1)
        self._keys[key_id] = ApiKey(
            key_id=key_id,
            first_id=first_id or key_id,
            name=draft.name,
            scopes=draft.scopes,
            hint=hint,
            rate_per_minute=draft.rate_per_minute,
            created_at=self._database.now(),
            expires_at=draft.expires_at,
        )
        self._numbers[digest] = key_id
        self._note(audit, key_id)
        return self._keys[key_id]

    def _note(self, audit: AuditEntry, key_id: KeyId) -> None:
        self._database.note(replace(audit, details={**audit.details, "key_id": key_id}))
