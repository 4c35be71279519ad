"""Visits to the embedded app: a UUID of Zid's dashboard is traded for a session of its one store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.domain.embedded import OVERLAP, EmbeddedSession, fingerprint, read_token
from core.domain.secret import Secret
from core.domain.stores import LIVE, Install
from core.ids import InstallId, StoreId
from core.ports.embedded import EmbeddedSessions, EmbeddedTokens
from core.ports.installations import Installations
from core.ports.metrics import Metrics
from core.ports.system import Clock, Ids


@dataclass(frozen=True, slots=True)
class Visit:
    """The merchant of this install is here; `bearer` proves it to the page's own requests."""

    install: Install
    bearer: Secret


@dataclass(frozen=True, kw_only=True)
class EmbeddedVisits:
    """Sessions end after `idle` without a request, after `longest` in any case, and at once with their install.

    So do they when the UUIDs of the install are ended because one has leaked.
    """

    tokens: EmbeddedTokens
    sessions: EmbeddedSessions
    installations: Installations
    metrics: Metrics
    clock: Clock
    ids: Ids
    idle: timedelta
    longest: timedelta

    async def enter(self, token: str | None) -> Visit | None:
        """A new session; None for a UUID that is malformed, unknown, replaced, or of an install that is over.

        Raises Unavailable.
        """
        visit = await self._enter(read_token(token))
        self.metrics.count("embedded_visits_total", outcome="accepted" if visit else "refused")
        return visit

    async def visitor(self, bearer: str) -> Install | None:
        """The install whose page is asking; None when its session is over. Raises Unavailable."""
        session = await self.sessions.use(fingerprint(bearer), idle=self.idle.total_seconds())
        if session is None or session.ends_at <= self.clock.now() or await self._disowned(session):
            return None
        return await self._live(session.store_id, session.install_id)

    async def leave(self, bearer: str) -> None:
        """Ends the session. Raises Unavailable."""
        await self.sessions.close(fingerprint(bearer))

    async def _enter(self, token: str | None) -> Visit | None:
        holder = await self.tokens.redeem(fingerprint(token), overlap=OVERLAP) if token else None
        install = await self._live(*holder) if holder else None
        if install is None:
            return None
        bearer = Secret(self.ids.secret_text())
        now = self.clock.now()
        session = EmbeddedSession(install.store_id, install.install_id, now, now + self.longest)
        await self.sessions.open(fingerprint(bearer.reveal()), session, idle=self.idle.total_seconds())
        return Visit(install, bearer)

    async def _disowned(self, session: EmbeddedSession) -> bool:
        """Whether it was opened before the UUIDs of then were ended because one had leaked."""
        standing = await self.tokens.of_install(session.install_id)
        return bool(standing and standing.visits_since and session.began_at < standing.visits_since)

    async def _live(self, store_id: StoreId, install_id: InstallId) -> Install | None:
        """The install, while it is the store's current one: a reinstall is another."""
        install = await self.installations.current(store_id)
        if install is None or install.install_id != install_id or install.state not in LIVE:
            return None
        return install
