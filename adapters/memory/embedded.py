"""The embedded app's UUIDs and sessions, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapters.memory.database import MemoryDatabase
from core.domain.audit import AuditEntry
from core.domain.embedded import EmbeddedSession
from core.domain.stores import InstallState
from core.ids import InstallId, StoreId
from core.ports.embedded import DueEmbedded, EmbeddedSessions, EmbeddedTokens, Registered
from core.ports.system import Clock

OFFERED_FOR = timedelta(minutes=5)


@dataclass
class _Token:
    number: int
    store_id: StoreId
    install_id: InstallId
    presented: bool = False
    expires_at: datetime | None = None


@dataclass(frozen=True)
class _Row:
    store_id: StoreId
    due_at: datetime | None
    """None: never again."""
    failures: int = 0
    registered: Registered = field(default_factory=lambda: Registered(None, None))


class MemoryEmbeddedTokens(EmbeddedTokens):
    """Dicts by install and by hash."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._installs: dict[InstallId, _Row] = {}
        self._tokens: dict[bytes, _Token] = {}

    async def offer(self, store_id: StoreId, install_id: InstallId, token_hash: bytes) -> bool:
        if not self._is_live(install_id):
            return False
        self._installs.setdefault(install_id, _Row(store_id, self._database.now() + OFFERED_FOR))
        self._tokens[token_hash] = _Token(next(self._database.numbers), store_id, install_id)
        return True

    async def accept(
        self, token_hash: bytes, *, again_in: timedelta | None, only: bool = False, audit: AuditEntry
    ) -> bool:
        token, now = self._tokens.get(token_hash), self._database.now()
        if token is None:
            return False
        due_at = now + again_in if again_in is not None else None
        row = self._installs[token.install_id]
        since = now if only else row.registered.visits_since
        self._installs[token.install_id] = _Row(token.store_id, due_at, 0, Registered(now, None, since))
        if only:
            self._end_older(token, now)
        self._database.note(audit)
        return True

    async def postpone(
        self, install_id: InstallId, *, wait: timedelta, problem: str, withdrawn: bytes | None = None
    ) -> None:
        if (row := self._installs.get(install_id)) is None:
            return
        registered = replace(row.registered, problem=problem)
        self._installs[install_id] = _Row(row.store_id, self._database.now() + wait, row.failures + 1, registered)
        if withdrawn is not None:
            del self._tokens[withdrawn]

    async def claim_due(self, *, hold: timedelta, limit: int) -> Sequence[DueEmbedded]:
        now = self._database.now()
        found: list[DueEmbedded] = []
        for install_id, install in self._database.installs.items():
            if not self._is_live(install_id) or install.state is not InstallState.ACTIVE or len(found) == limit:
                continue
            row = self._installs.setdefault(install_id, _Row(install.store_id, now))
            if row.due_at is not None and row.due_at <= now:
                self._installs[install_id] = replace(row, due_at=now + hold)
                found.append(DueEmbedded(install.store_id, install_id, row.failures))
        return found

    async def redeem(self, token_hash: bytes, *, overlap: timedelta) -> tuple[StoreId, InstallId] | None:
        token = self._tokens.get(token_hash)
        if token is None or not self._opens(token):
            return None
        if not token.presented:
            token.presented = True
            self._end_older(token, self._database.now() + overlap)
        return token.store_id, token.install_id

    async def of_install(self, install_id: InstallId) -> Registered | None:
        row = self._installs.get(install_id)
        return row.registered if row else None

    async def forget(self, *, limit: int) -> int:
        for install_id in [one for one in self._installs if not self._is_live(one)][:limit]:
            del self._installs[install_id]
        spent = [token_hash for token_hash, token in self._tokens.items() if not self._opens(token)][:limit]
        for token_hash in spent:
            del self._tokens[token_hash]
        return len(spent)

    def _opens(self, token: _Token) -> bool:
        over = token.expires_at is not None and token.expires_at <= self._database.now()
        return not over and self._is_live(token.install_id)

    def _end_older(self, newer: _Token, at: datetime) -> None:
        for token in self._tokens.values():
            if token.install_id == newer.install_id and token.number < newer.number:
                token.expires_at = min(at, token.expires_at or at)

    def _is_live(self, install_id: InstallId) -> bool:
        return self._database.live_install(install_id) is not None


class MemoryEmbeddedSessions(EmbeddedSessions):
    """A dict; being idle by the given clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[bytes, tuple[EmbeddedSession, float]] = {}

    async def open(self, key: bytes, session: EmbeddedSession, *, idle: float) -> None:
        self._kept[key] = (session, self._clock.monotonic() + idle)

    async def use(self, key: bytes, *, idle: float) -> EmbeddedSession | None:
        session, until = self._kept.pop(key, (None, 0.0))
        if session is None or self._clock.monotonic() >= until:
            return None
        self._kept[key] = (session, self._clock.monotonic() + idle)
        return session

    async def close(self, key: bytes) -> None:
        self._kept.pop(key, None)
