"""Whether a store's tokens are good: by what they say of themselves, and by asking Zid in each of its dialects.

Looking changes nothing: a refusal is reported, and neither renews the tokens nor disconnects the store.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.audit import AuditEntry
from core.domain.stores import LIVE, Install
from core.domain.token_claims import LocalCheck, check_locally
from core.domain.token_trials import Dialect, RemoteCheck
from core.domain.tokens import TokenSet
from core.errors import KeyMissing, Unreadable
from core.ids import StoreId
from core.ports.audit_trail import AuditTrail
from core.ports.installations import Installations, TokenVault
from core.ports.system import Clock
from core.ports.token_trials import TokenTrials


@dataclass(frozen=True, slots=True)
class Validation:
    """What is known without asking Zid. `local` is None where there are no tokens, or (`problem`) they do not open."""

    local: LocalCheck | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Both validations of one install's tokens."""

    install: Install
    local: LocalCheck
    remote: RemoteCheck

    @property
    def works(self) -> bool | None:
        """Whether Zid takes the tokens, and takes them for this store's; None while it has not said."""
        if self.remote.store_id not in {None, self.install.store_id}:
            return False
        return self.remote.works


@dataclass(frozen=True, kw_only=True)
class CheckTokens:
    """Reads the vault, never writes it."""

    vault: TokenVault
    installations: Installations
    trials: TokenTrials
    trail: AuditTrail
    clock: Clock
    client_id: str | None

    async def validate(self, install: Install) -> Validation:
        """The local validation, for showing. Raises Unavailable."""
        try:
            seen = await self._open(install)
        except (KeyMissing, Unreadable) as unreadable:
            return Validation(None, str(unreadable))
        return Validation(self._locally(seen) if seen else None)

    async def prove(self, store_id: StoreId, *, actor: str, request_id: str | None = None) -> Proof | None:
        """Both validations; None when the store has no live install.

        Raises what opening tokens raises, RateLimited and Unavailable.
        """
        install = await self.installations.current(store_id)
        seen = await self._open(install) if install else None
        if install is None or seen is None:
            return None
        remote = RemoteCheck(tuple([await self.trials.ask(seen, dialect) for dialect in Dialect]))
        proof = Proof(install, self._locally(seen), remote)
        details = {"generation": seen.generation, "works": proof.works}
        await self.trail.note(AuditEntry("token.tested", store_id, install.install_id, actor, request_id, details))
        return proof

    async def _open(self, install: Install) -> TokenSet | None:
        """The tokens of exactly this install."""
        seen = await self.vault.open(install.store_id) if install.state in LIVE else None
        return seen if seen and seen.install_id == install.install_id else None

    def _locally(self, seen: TokenSet) -> LocalCheck:
        return check_locally(seen.tokens, client_id=self.client_id, now=self.clock.now())
