"""Renewing a store's tokens: each generation's refresh token is spent once, fleet-wide.

The row in the refresh book decides who exchanges, the vault's compare-and-swap keeps
older answers out; locks decide nothing. Zid's refresh tokens are taken to be
single-use and rotating (X26, U1), so an exchange whose answer was lost is never
repeated blindly: the old tokens are probed, and one last resort remains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from core.domain.alerts import APP, Alert, AlertKind
from core.domain.audit import SYSTEM, AuditEntry
from core.domain.documents import Document
from core.domain.stores import LIVE, Install, InstallState
from core.domain.tokens import RefreshOutcome, Tokens, TokenSet, last_try_at, next_refresh, read_tokens
from core.errors import (
    ClientRejected,
    KeyMissing,
    NeedsReauthorization,
    OutcomeUnknown,
    RefreshInProgress,
    Refused,
    ServerFault,
    Unavailable,
    Unreadable,
    WaslError,
)
from core.ids import Generation, InstallId, StoreId, WorkerId
from core.ports.alerts import Alerts
from core.ports.audit_trail import AuditTrail
from core.ports.installations import Installations, Intent, RefreshBook, TokenVault
from core.ports.metrics import Metrics
from core.ports.system import Chance, Clock
from core.ports.zid_gateway import Exchange, Probe, TokenSource

PATIENCE: Final = 60.0
"""Seconds to wait for another worker's exchange, or for the database while holding an answer."""
SERVER_FAULT_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Renewal:
    """How a renewal ended, and the tokens to use from now on."""

    outcome: RefreshOutcome
    tokens: TokenSet


@dataclass(frozen=True, kw_only=True)
class RefreshTokens(TokenSource):
    """Gives tokens out and renews them. `worker` names a live lease of this process."""

    vault: TokenVault
    installations: Installations
    book: RefreshBook
    exchange: Exchange
    probe: Probe
    trail: AuditTrail
    alerts: Alerts
    metrics: Metrics
    clock: Clock
    chance: Chance
    worker: Callable[[], WorkerId]
    patience: float = PATIENCE

    async def current(self, store_id: StoreId) -> TokenSet:
        install, tokens = await self._look(store_id)
        if install.state is InstallState.NEEDS_REAUTHORIZATION:
            raise NeedsReauthorization(store_id, "Zid refused its tokens")
        return tokens

    async def renew(self, seen: TokenSet) -> TokenSet:
        return (await self.attempt(seen)).tokens

    async def refresh_now(self, store_id: StoreId, *, actor: str) -> Renewal:
        """Renews because a person asks. Raises what `renew` raises."""
        install, seen = await self._look(store_id)
        await self.trail.note(AuditEntry("token.refresh_asked", store_id, install.install_id, actor))
        return await self.attempt(seen)

    async def attempt_latest(self, store_id: StoreId, install_id: InstallId) -> Renewal | None:
        """`attempt` with what the vault holds; None when the install is no longer its store's. Raises as `renew`."""
        install, seen = await self._look(store_id)
        if seen.install_id != install_id:
            return None
        return await self.attempt(seen, just_read=install.state is InstallState.ACTIVE)

    async def attempt(self, seen: TokenSet, *, just_read: bool = False) -> Renewal:
        """`renew`, telling how it ended. Raises what `renew` raises.

        Tokens that were `just_read` go to the book at once, which refuses what is no longer the latest.
        """
        try:
            renewal = (await self._act(seen) if just_read else None) or await self._renew(seen)
        except WaslError as problem:
            self.metrics.count("token_refresh_total", outcome=outcome_of(problem))
            if isinstance(problem, ClientRejected):
                await self._tell_of_client(problem)
            raise
        self.metrics.count("token_refresh_total", outcome=renewal.outcome)
        return renewal

    async def _renew(self, seen: TokenSet) -> Renewal:
        """Looks, asks the book, acts or waits, until the generation has moved or nobody can move it."""
        for pause in self._pauses():
            if newer := await self._newer(seen):
                return Renewal(RefreshOutcome.RENEWED, newer)
            if renewal := await self._act(seen):
                return renewal
            await self.clock.sleep(pause)
        raise RefreshInProgress(
            f"the tokens of store {seen.store_id} are being renewed; that takes unusually long", 5.0
        )

    async def _act(self, seen: TokenSet) -> Renewal | None:
        """None: somebody else is at it."""
        worker = self.worker()
        match await self.book.begin(seen.install_id, seen.generation, worker):
            case Intent.TAKEN:
                return await self._spend(seen, worker)
            case Intent.UNKNOWN:
                return await self._doubt(seen, worker)
            case Intent.SPENT:
                return await self._give_up(seen, "the answer to the exchange of its refresh token was lost")
            case Intent.HELD:
                return None

    async def _spend(self, seen: TokenSet, worker: WorkerId) -> Renewal | None:
        """The exchange of a generation, ours alone."""
        try:
            # A second look: the intent of a generation ends when the next one is stored.
            if newer := await self._newer(seen):
                await self.book.drop(seen.install_id, seen.generation, worker)
                return Renewal(RefreshOutcome.RENEWED, newer)
            answer = await self._ask(seen)
        except OutcomeUnknown:
            await self.book.mark_unknown(seen.install_id, seen.generation, worker)
            await self.trail.note(_entry("token.refresh_lost", seen))
            return await self._doubt(seen, worker)
        except Refused as refusal:
            return await self._give_up(seen, f"Zid refused its refresh token ({refusal.status})")
        except WaslError:
            await self.book.drop(seen.install_id, seen.generation, worker)
            raise
        return await self._keep(seen, answer, worker)

    async def _ask(self, seen: TokenSet) -> Document:
        """Zid's answer; a fault of its OAuth server is met three times before giving up."""
        pauses = self._pauses(first=0.5)
        for _ in range(SERVER_FAULT_TRIES - 1):
            try:
                return await self.exchange.refresh(seen.tokens.refresh_token.reveal())
            except ServerFault:
                await self.clock.sleep(next(pauses) * (0.5 + self.chance.fraction()))
        return await self.exchange.refresh(seen.tokens.refresh_token.reveal())

    async def _doubt(self, seen: TokenSet, worker: WorkerId) -> Renewal | None:
        """After a lost answer: tokens that still work are kept until Zid refuses them or their end is near."""
        works = await self.probe.profile(seen.tokens) is not None
        now = self.clock.now()
        if works and now < last_try_at(seen.tokens, now):
            return Renewal(RefreshOutcome.UNKNOWN, seen)
        if not await self.book.take_last_resort(seen.install_id, seen.generation, worker):
            return None
        return await self._last_resort(seen, worker)

    async def _last_resort(self, seen: TokenSet, worker: WorkerId) -> Renewal:
        """The one further exchange of a generation; if it is lost or refused, only the merchant can help."""
        try:
            if newer := await self._newer(seen):
                await self.book.drop(seen.install_id, seen.generation, worker)
                return Renewal(RefreshOutcome.RENEWED, newer)
            answer = await self.exchange.refresh(seen.tokens.refresh_token.reveal())
        except (OutcomeUnknown, Refused):
            await self.book.mark_unknown(seen.install_id, seen.generation, worker)
            return await self._give_up(seen, "the answer to its renewal was lost and the last resort failed")
        except WaslError:
            await self.book.drop(seen.install_id, seen.generation, worker)
            raise
        return await self._keep(seen, answer, worker)

    async def _keep(self, seen: TokenSet, answer: Document, worker: WorkerId) -> Renewal:
        """Stores the next generation, unless somebody stored one first."""
        tokens = read_tokens(answer, self.clock.now(), seen.tokens)
        try:
            stored = await self._store(seen, tokens)
        except Unavailable:
            await self.book.mark_unknown(seen.install_id, seen.generation, worker)
            raise
        if stored:
            await self._tell_of_client(None)
            await self._restore_state(seen, "the renewal succeeded after all")
            following = TokenSet(seen.store_id, seen.install_id, Generation(seen.generation + 1), tokens)
            return Renewal(RefreshOutcome.RENEWED, following)
        if newer := await self._newer(seen):
            return Renewal(RefreshOutcome.RENEWED, newer)
        raise RefreshInProgress(f"the tokens of store {seen.store_id} changed while they were renewed")

    async def _store(self, seen: TokenSet, tokens: Tokens) -> bool:
        """Tries as long as patience lasts: these tokens exist nowhere else."""
        due = next_refresh(tokens, self.clock.now(), self.chance.fraction())
        audit = _entry("token.refreshed", seen)
        for pause in self._pauses():
            try:
                return await self.vault.replace(seen, tokens, refresh_at=due, audit=audit)
            except Unavailable:
                await self.clock.sleep(pause)
        raise Unavailable("the database", "renewed tokens could not be stored")

    async def _give_up(self, seen: TokenSet, reason: str) -> Renewal:
        """Says once that the merchant has to act, unless somebody won meanwhile."""
        if newer := await self._newer(seen):
            return Renewal(RefreshOutcome.RENEWED, newer)
        entry = _entry("install.needs_reauthorization", seen, reason=reason)
        await self.installations.change_state(seen.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=entry)
        # A frozen worker may have woken and stored its answer between the look and the change.
        latest = await self.vault.open(seen.store_id)
        if latest is not None and _moved(latest, seen):
            await self._restore_state(seen, "its tokens were renewed meanwhile")
            return Renewal(RefreshOutcome.RENEWED, latest)
        raise NeedsReauthorization(seen.store_id, reason)

    async def _restore_state(self, seen: TokenSet, reason: str) -> None:
        install = await self.installations.current(seen.store_id)
        if install and install.install_id == seen.install_id and install.state is InstallState.NEEDS_REAUTHORIZATION:
            entry = _entry("install.active_again", seen, reason=reason)
            await self.installations.change_state(seen.install_id, InstallState.ACTIVE, audit=entry)

    async def _newer(self, seen: TokenSet) -> TokenSet | None:
        """What the vault holds, if it moved. Raises NeedsReauthorization when there is nothing to wait for."""
        install, latest = await self._look(seen.store_id)
        if _moved(latest, seen):
            return latest
        if install.state is InstallState.NEEDS_REAUTHORIZATION:
            raise NeedsReauthorization(seen.store_id, "Zid refused its tokens")
        return None

    async def _look(self, store_id: StoreId) -> tuple[Install, TokenSet]:
        install = await self.installations.current(store_id)
        tokens = await self.vault.open(store_id) if install and install.state in LIVE else None
        if install is None or tokens is None:
            raise NeedsReauthorization(store_id, "the app is not installed there")
        return install, tokens

    async def _tell_of_client(self, problem: ClientRejected | None) -> None:
        """Whether Zid knows our client concerns every store: one alert, until an exchange succeeds."""
        with suppress(Unavailable):
            if problem:
                await self.alerts.raise_once(Alert(AlertKind.CLIENT_REJECTED, APP, str(problem)))
            else:
                await self.alerts.heal(AlertKind.CLIENT_REJECTED, APP)

    def _pauses(self, first: float = 0.05) -> Iterator[float]:
        """Growing steps until patience ends."""
        until = self.clock.monotonic() + self.patience
        pause = first
        while self.clock.monotonic() < until:
            yield pause
            pause = min(2.0, pause * 1.6)


def _moved(latest: TokenSet, seen: TokenSet) -> bool:
    return latest.install_id != seen.install_id or latest.generation > seen.generation


def _entry(action: str, seen: TokenSet, **details: str) -> AuditEntry:
    return AuditEntry(
        action, seen.store_id, seen.install_id, SYSTEM, details={"generation": seen.generation, **details}
    )


def outcome_of(problem: WaslError) -> RefreshOutcome:
    """The outcome that a failed renewal counts as."""
    match problem:
        case ServerFault():
            return RefreshOutcome.SERVER_ERROR
        case ClientRejected():
            return RefreshOutcome.CLIENT_FAULT
        case NeedsReauthorization():
            return RefreshOutcome.REFUSED
        case RefreshInProgress():
            return RefreshOutcome.HELD
        case KeyMissing() | Unreadable():
            return RefreshOutcome.UNREADABLE
        case _:
            return RefreshOutcome.NOT_SENT
