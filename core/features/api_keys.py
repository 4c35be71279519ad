"""API keys: made, shown once, rotated with an overlap, ended; and whose key a request carries."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.domain.api_access import ApiScope, Caller, KeyId
from core.domain.api_keys import ApiKey, KeyDraft, digest_of, hint_of, is_whole, make_key, referred
from core.domain.audit import SYSTEM, AuditEntry
from core.domain.secret import Secret, derive, matches_any, same
from core.errors import Unavailable
from core.ports.api_keys import ApiKeys, KeyBook
from core.ports.system import Clock, Ids

CREATED: Final = "api_key.created"
ROTATED: Final = "api_key.rotated"
REVOKED: Final = "api_key.revoked"
BOOTSTRAP: Final = "admin"
"""What the holder of the key of the configuration is called."""


class KnowCallers(ApiKeys):
    """The keys of the configuration (ADMIN_API_KEY), which may do everything, and those that were made.

    Nothing is remembered from one request to the next: a key that was ended opens nothing more.
    """

    def __init__(self, *, book: KeyBook, configured: tuple[Secret, ...], clock: Clock) -> None:
        self._book = book
        self._configured = configured
        self._clock = clock

    async def caller(self, key: Secret) -> Caller | None:
        if matches_any(key.reveal(), self._configured):
            return _bootstrap(key)
        if not is_whole(key.reveal()):
            return None
        return await self._used(await self._book.live(digest_of(key)))

    async def holder(self, reference: str) -> Caller | None:
        key_id = referred(reference)
        if key_id is not None:
            return await self._used(await self._book.live(key_id))
        known = [caller for caller in map(_bootstrap, self._configured) if same(caller.reference, reference)]
        return known[0] if known else None

    async def _used(self, key: ApiKey | None) -> Caller | None:
        """Somebody's request does not fail for a note that cannot be written."""
        if key is None:
            return None
        if key.use_is_due(self._clock.now()):
            with suppress(Unavailable):
                await self._book.note_use(key.key_id)
        return key.caller


def _bootstrap(key: Secret) -> Caller:
    """The reference names the key without telling it, so that a session ends when the key is changed."""
    reference = f"{BOOTSTRAP}:{derive(key, 'console-key').hex()[:32]}"
    return Caller(BOOTSTRAP, frozenset(ApiScope), reference=reference)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment at which its text is known."""

    key: ApiKey
    text: Secret


class KeepApiKeys:
    """Making and ending keys, each with its audit entry."""

    def __init__(self, *, book: KeyBook, ids: Ids) -> None:
        self._book = book
        self._ids = ids

    async def create(self, draft: KeyDraft, *, actor: str = SYSTEM, request_id: str | None = None) -> NewKey:
        """Raises Unavailable."""
        text = make_key(self._ids.secret_text())
        until = draft.expires_at.isoformat() if draft.expires_at else None
        details = {"scopes": ",".join(draft.scopes), "expires_at": until}
        audit = AuditEntry(CREATED, actor=actor, request_id=request_id, details=details)
        key = await self._book.add(draft, digest=digest_of(text), hint=hint_of(text), audit=audit)
        return NewKey(key, text)

    async def rotate(
        self, key_id: KeyId, *, overlap: timedelta, actor: str = SYSTEM, request_id: str | None = None
    ) -> NewKey | None:
        """The successor; both open the same during the overlap. None when the key is over or was rotated before."""
        text = make_key(self._ids.secret_text())
        details = {"rotated_from": key_id, "overlap_seconds": int(overlap.total_seconds())}
        audit = AuditEntry(ROTATED, actor=actor, request_id=request_id, details=details)
        key = await self._book.rotate(key_id, digest=digest_of(text), hint=hint_of(text), overlap=overlap, audit=audit)
        return NewKey(key, text) if key else None

    async def revoke(self, key_id: KeyId, *, actor: str = SYSTEM, request_id: str | None = None) -> ApiKey | None:
        """The ended key; None when there is none of this number. What it signed in to ends with it."""
        return await self._book.revoke(key_id, audit=AuditEntry(REVOKED, actor=actor, request_id=request_id))
