"""Installing a store: from the merchant's click to a live install, its webhooks subscribed, its backfills begun.

The sequence is the one seen live (2026-08-22): redirection URL → authorize → consent →
callback → token exchange → profile. Nothing but a code with a state of our own, used
once by the browser that started, ever installs.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from core.domain.audit import SYSTEM, AuditEntry
from core.domain.documents import Document
from core.domain.oauth_state import (
    RESTART_MARK,
    STATE_TTL,
    Pending,
    is_ours,
    is_restart,
    make_state,
    safe_return_path,
)
from core.domain.secret import Secret
from core.domain.stores import Install, StoreIdentity, read_profile
from core.domain.tokens import Tokens, read_tokens, refresh_due
from core.errors import OutcomeUnknown, Refused, Unavailable, WaslError
from core.features.subscribe_webhooks import SubscribeWebhooks, SubscriptionReport
from core.ports.audit_trail import AuditTrail
from core.ports.backfills import Backfills
from core.ports.guards import StateStore
from core.ports.installations import Installations
from core.ports.system import Chance, Clock, Ids
from core.ports.zid_gateway import Exchange, Probe

EMBEDDED_SCOPE: Final = "embedded_apps_tokens_write"
"""The one scope that is asked for here; all others are ticked in the Partner Dashboard (X6)."""
PROFILE_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """The app as it presents itself at Zid's authorize page. `state_secret` seals states."""

    client_id: str
    redirect_uri: str
    oauth_url: str
    state_secret: Secret
    embedded: bool = False

    def authorize_url(self, state: str) -> str:
        query = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "state": state,
        }
        scope = {"scope": EMBEDDED_SCOPE} if self.embedded else {}
        return f"{self.oauth_url}/oauth/authorize?{urlencode({**query, **scope})}"


@dataclass(frozen=True, slots=True)
class Started:
    """Send the browser to `authorize_url` and keep `binding` in its HttpOnly cookie."""

    authorize_url: str
    state: str
    binding: str


@dataclass(frozen=True, slots=True)
class Callback:
    """What came back from Zid; `binding` is the cookie's."""

    code: str | None = None
    state: str | None = None
    error: str | None = None
    error_description: str | None = None
    binding: str | None = None


@dataclass(frozen=True, slots=True)
class Installed:
    """The store is installed. `subscriptions` may tell of webhooks that are missing; they can be repaired."""

    install: Install
    subscriptions: SubscriptionReport
    return_path: str | None = None


@dataclass(frozen=True, slots=True)
class Restart:
    """Some activations land on the callback with nothing (X5): authorize from here, once."""

    authorize_url: str
    state: str
    binding: str


class BadStateReason(StrEnum):
    """Why a callback is not taken."""

    FORGED = "forged"
    """No state, or one that this service did not make."""
    EXPIRED_OR_USED = "expired_or_used"
    OTHER_BROWSER = "other_browser"
    """The state belongs to another browser, or the cookie did not come back."""
    NOTHING_CAME = "nothing_came"
    """Neither a code nor an error, although authorize was restarted already."""


@dataclass(frozen=True, slots=True)
class BadState:
    """Nothing was installed and nothing was asked of Zid."""

    why: BadStateReason


@dataclass(frozen=True, slots=True)
class RefusedByMerchant:
    """The merchant said no."""

    description: str | None = None


@dataclass(frozen=True, slots=True)
class ZidError:
    """Zid sent the browser back with an error of its own; any code is possible (U2)."""

    code: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class CodeRejected:
    """The code brought no usable tokens: refused, already used, or the answer was lost. Start again."""

    reason: str


Finished = Installed | Restart | BadState | RefusedByMerchant | ZidError | CodeRejected


@dataclass(frozen=True, kw_only=True)
class InstallStore:
    """Starts and finishes installs. `topics` are the webhooks that every store gets."""

    app: OAuthApp
    topics: Sequence[str]
    states: StateStore
    exchange: Exchange
    probe: Probe
    installations: Installations
    webhooks: SubscribeWebhooks
    backfills: Backfills
    trail: AuditTrail
    clock: Clock
    chance: Chance
    ids: Ids

    async def start(self, *, return_path: str | None = None) -> Started:
        """A fresh single-use state, valid for ten minutes in one browser. Raises Unavailable."""
        return await self._start(self.ids.secret_text(), return_path)

    async def finish(self, callback: Callback) -> Finished:
        """What the callback led to. Raises ClientRejected, Unavailable and UnknownShape; nothing is installed then."""
        if callback.error:
            return await self._refused(callback, callback.error)
        if callback.code is None:
            return await self._restarted(callback)
        pending = await self._pending(callback)
        if isinstance(pending, BadStateReason):
            await self.trail.note(AuditEntry("install.bad_state", details={"why": pending}))
            return BadState(pending)
        return await self._install(callback.code, pending)

    async def _start(self, binding: str, return_path: str | None) -> Started:
        state = make_state(self.app.state_secret, self.ids.secret_text())
        pending = Pending.of(binding, safe_return_path(return_path))
        await self.states.put(state, pending.write(), ttl=STATE_TTL)
        return Started(self.app.authorize_url(state), state, binding)

    async def _restarted(self, callback: Callback) -> Restart | BadState:
        if is_restart(callback.binding):
            return BadState(BadStateReason.NOTHING_CAME)
        started = await self._start(RESTART_MARK + self.ids.secret_text(), None)
        return Restart(started.authorize_url, started.state, started.binding)

    async def _refused(self, callback: Callback, error: str) -> RefusedByMerchant | ZidError:
        """Told as Zid tells it; a state that came along is used up."""
        if callback.state and is_ours(self.app.state_secret, callback.state):
            await self.states.take(callback.state)
        await self.trail.note(AuditEntry("install.refused", details={"error": error[:64]}))
        if error == "access_denied":
            return RefusedByMerchant(callback.error_description)
        return ZidError(error, callback.error_description)

    async def _pending(self, callback: Callback) -> Pending | BadStateReason:
        """What was started with this state, or why it is not taken. Takes the state, whatever follows."""
        if not callback.state or not is_ours(self.app.state_secret, callback.state):
            return BadStateReason.FORGED
        kept = await self.states.take(callback.state)
        if kept is None:
            return BadStateReason.EXPIRED_OR_USED
        pending = Pending.read(kept)
        return pending if pending.bound_to(callback.binding) else BadStateReason.OTHER_BROWSER

    async def _install(self, code: str, pending: Pending) -> Installed | CodeRejected:
        answer = await self._redeem(code)
        if isinstance(answer, CodeRejected):
            return answer
        tokens = read_tokens(answer, self.clock.now())
        identity = await self._identify(tokens)
        if identity is None:
            return await self._rejected("Zid refuses the tokens that it just gave")
        install = await self._activate(identity, tokens)
        subscriptions = await self._subscribe(install)
        await self._begin_backfills(install)
        return Installed(install, subscriptions, pending.return_path)

    async def _redeem(self, code: str) -> Document | CodeRejected:
        """The tokens' document. A code is sent once."""
        try:
            return await self.exchange.redeem_code(code)
        except Refused as refusal:
            return await self._rejected(refusal.message)
        except OutcomeUnknown:
            return await self._rejected("the answer of Zid was lost")

    async def _rejected(self, reason: str) -> CodeRejected:
        await self.trail.note(AuditEntry("install.code_rejected", details={"reason": reason[:200]}))
        return CodeRejected(reason)

    async def _identify(self, tokens: Tokens) -> StoreIdentity | None:
        """Whose tokens these are. They exist only here, so a Zid that stumbles is asked again."""
        for attempt in range(1, PROFILE_TRIES):
            try:
                return _identity(await self.probe.profile(tokens))
            except Unavailable:
                await self.clock.sleep(attempt * (0.5 + self.chance.fraction()))
        return _identity(await self.probe.profile(tokens))

    async def _activate(self, identity: StoreIdentity, tokens: Tokens) -> Install:
        install_id = self.ids.install_id()
        return await self.installations.activate(
            identity,
            install_id,
            tokens,
            refresh_at=refresh_due(tokens, self.clock.now(), self.chance.fraction()),
            audit=AuditEntry("install.activated", identity.store_id, install_id, SYSTEM),
        )

    async def _subscribe(self, install: Install) -> SubscriptionReport:
        """A failure does not undo the install: it is reported, audited, and can be repaired."""
        try:
            return await self.webhooks.ensure(install, self.topics)
        except WaslError as problem:
            details = {"problem": str(problem)[:200]}
            await self.trail.note(
                AuditEntry("webhooks.subscription_failed", install.store_id, install.install_id, details=details)
            )
            return SubscriptionReport.nothing(self.topics, str(problem))

    async def _begin_backfills(self, install: Install) -> None:
        """Changes from here on come by webhook. Where this fails they begin a little later, by themselves."""
        with suppress(Unavailable):
            await self.backfills.begin(install.install_id)


def _identity(profile: Document | None) -> StoreIdentity | None:
    return None if profile is None else read_profile(profile)
