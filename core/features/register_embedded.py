"""Giving Zid the UUID by which its dashboard opens the app: at the install, again when it failed, and anew in time.

The hash is kept before Zid is told, so that a lost answer locks nobody out: whichever
UUID Zid holds in the end opens the app.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.domain.audit import SYSTEM, AuditEntry
from core.domain.embedded import Dashboard, fingerprint, new_token, wait_after
from core.domain.operations.account import RegisterEmbeddedToken, RevokeEmbeddedToken
from core.domain.stores import LIVE, Install
from core.errors import OutcomeUnknown, Unavailable, WaslError
from core.ids import InstallId, StoreId
from core.ports.embedded import EmbeddedTokens
from core.ports.installations import Installations
from core.ports.system import Chance, Ids
from core.ports.zid_gateway import ZidGateway

HOLD: Final = timedelta(minutes=5)
"""A claimed registration whose worker died comes back after this."""
_TOLD: Final = 200


@dataclass(frozen=True, slots=True)
class Registration:
    """What became of one try: Zid's dashboard shows the app at `page`, or `problem` says why it does not yet."""

    store_id: StoreId
    problem: str | None = None
    page: str | None = None


@dataclass(frozen=True, kw_only=True)
class RegisterEmbedded:
    """Registers UUIDs. `every` is how long one is in use before a new one replaces it; zero keeps it."""

    gateway: ZidGateway
    tokens: EmbeddedTokens
    installations: Installations
    chance: Chance
    ids: Ids
    every: timedelta
    dashboard: Dashboard

    async def register(self, install: Install) -> Registration:
        """A new UUID for a new install. A failure is told, not raised, and tried again later.

        Raises Unavailable where the database is away.
        """
        return await self._register(install.store_id, install.install_id, failures=0)

    async def renew(self, store_id: StoreId, *, actor: str) -> Registration | None:
        """A new UUID at once, after which the older ones open nothing; None where the store has no live install.

        Raises Unavailable where the database is away.
        """
        install = await self.installations.current(store_id)
        if install is None or install.state not in LIVE:
            return None
        return await self._register(store_id, install.install_id, failures=0, actor=actor, only=True)

    async def withdraw(self, store_id: StoreId) -> None:
        """Asks Zid to forget the UUID, as far as it can be asked: it opens nothing once the install is over (U10)."""
        with suppress(WaslError):
            await self.gateway.perform(store_id, RevokeEmbeddedToken())

    async def run_due(self, *, limit: int) -> Sequence[Registration]:
        """Installs that have none, or an old one. Raises Unavailable where the database is away."""
        due = await self.tokens.claim_due(hold=HOLD, limit=limit)
        return [await self._register(one.store_id, one.install_id, failures=one.failures) for one in due]

    async def _register(
        self, store_id: StoreId, install_id: InstallId, *, failures: int, actor: str = SYSTEM, only: bool = False
    ) -> Registration:
        token = new_token(self.ids.secret_text())
        token_hash = fingerprint(token.reveal())
        if not await self.tokens.offer(store_id, install_id, token_hash):
            return _over(store_id)
        try:
            await self.gateway.perform(store_id, RegisterEmbeddedToken(token))
        except WaslError as error:
            return await self._failed(store_id, install_id, error, failures, token_hash)
        entry = AuditEntry("embedded.registered", store_id, install_id, actor, details={"older_ended": only})
        accepted = await self.tokens.accept(token_hash, again_in=self._again_in(), only=only, audit=entry)
        return Registration(store_id, page=self.dashboard.page_of(store_id)) if accepted else _over(store_id)

    async def _failed(
        self, store_id: StoreId, install_id: InstallId, error: WaslError, failures: int, token_hash: bytes
    ) -> Registration:
        problem = str(error)[:_TOLD]
        wait = wait_after(error, failures, self.chance.fraction())
        withdrawn = None if _may_have_arrived(error) else token_hash
        await self.tokens.postpone(install_id, wait=wait, problem=problem, withdrawn=withdrawn)
        return Registration(store_id, problem)

    def _again_in(self) -> timedelta | None:
        """Spread over a tenth of the time, so that many installs of one day are not renewed on one day."""
        return self.every * (0.9 + 0.1 * self.chance.fraction()) if self.every else None


def _over(store_id: StoreId) -> Registration:
    return Registration(store_id, "the install is over")


def _may_have_arrived(error: WaslError) -> bool:
    """Whether Zid may hold the UUID although it did not say so."""
    return isinstance(error, OutcomeUnknown | Unavailable)
