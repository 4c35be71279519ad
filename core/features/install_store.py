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

from core.domain.audit import SYSTEM, AuditEntry, word_of
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
from core.domain.return_urls import NOWHERE_ELSE, ReturnUrls
from core.domain.secret import Secret
from core.domain.stores import Install, StoreIdentity, read_profile
from core.domain.tokens import Tokens, read_tokens, refresh_due
from core.errors import OutcomeUnknown, Refused, Unavailable, WaslError
from core.features.authorization_links import AuthorizationLinks
from core.features.register_embedded import RegisterEmbedded, Registration
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
    """The app as it presents itself at Zid's authorize page.

    `state_secret` seals states; what `older_secrets` sealed is recognised until it is over.
    """

    client_id: str
    redirect_uri: str
    oauth_url: str
    state_secret: Secret
    embedded: bool = False
    return_urls: ReturnUrls = NOWHERE_ELSE
    older_secrets: tuple[Secret, ...] = ()

    def made(self, state: str) -> bool:
        """Whether the state is one of this service's; says nothing about its age."""
        return any([is_ours(secret, state) for secret in (self.state_secret, *self.older_secrets)])

    @property
    def start_url(self) -> str:
        """Where a browser begins: the Redirection URL of the Partner Dashboard."""
        return self.redirect_uri.removesuffix("/callback")

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
    """The store is installed. `subscriptions` may tell of webhooks that are missing; they can be repaired.

    `return_to` is where the browser goes: a path of this site, or an allowed address of the app's.
    """

    install: Install
    subscriptions: SubscriptionReport
    return_to: str | None = None
    embedded: Registration | None = None
    """Of an embedded app: where Zid's dashboard shows it, or why it does not yet."""


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
    LINK_OVER = "link_over"
    """The authorization link led to an install already, or its day has passed."""


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
    embedded: RegisterEmbedded | None = None
    """For an embedded app."""

    @property
    def links(self) -> AuthorizationLinks:
        """For merchants who are to authorize by hand."""
        return AuthorizationLinks(
            start_url=self.app.start_url,
            secret=self.app.state_secret,
            older_secrets=self.app.older_secrets,
            return_urls=self.app.return_urls,
            states=self.states,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
        )

    async def start(self, *, return_path: str | None = None) -> Started:
        """A fresh single-use state, valid for ten minutes in one browser. Raises Unavailable."""
        return await self._start(self.ids.secret_text(), return_path)

    async def open_link(self, ticket: str) -> Started | BadState:
        """`start` for whoever opened an authorization link; any number of browsers may. Raises Unavailable."""
        if not self.links.works(ticket):
            return BadState(BadStateReason.LINK_OVER)
        return await self._start(self.ids.secret_text(), None, ticket)

    async def finish(self, callback: Callback) -> Finished:
        """What the callback led to. Raises ClientRejected, Unavailable and UnknownShape; nothing is installed then."""
        if callback.error:
            return await self._refused(callback, callback.error)
        if callback.code is None:
            return await self._restarted(callback)
        pending = await self._pending(callback)
        if isinstance(pending, BadStateReason):
            return await self._bad(pending)
        if pending.ticket is not None:
            return await self._install_by_link(callback.code, pending.ticket)
        return await self._install(callback.code, pending.return_path)

    async def _bad(self, why: BadStateReason) -> BadState:
        await self.trail.note(AuditEntry("install.bad_state", details={"why": why}))
        return BadState(why)

    async def _start(self, binding: str, return_path: str | None, ticket: str | None = None) -> Started:
        state = make_state(self.app.state_secret, self.ids.secret_text())
        pending = Pending.of(binding, safe_return_path(return_path), ticket)
        await self.states.put(state, pending.write(), ttl=STATE_TTL)
        return Started(self.app.authorize_url(state), state, binding)

    async def _restarted(self, callback: Callback) -> Restart | BadState:
        if is_restart(callback.binding):
            return BadState(BadStateReason.NOTHING_CAME)
        started = await self._start(RESTART_MARK + self.ids.secret_text(), None)
        return Restart(started.authorize_url, started.state, started.binding)

    async def _refused(self, callback: Callback, error: str) -> RefusedByMerchant | ZidError:
        """Told as Zid tells it; a state that came along is used up."""
        if callback.state and self.app.made(callback.state):
            await self.states.take(callback.state)
        await self.trail.note(AuditEntry("install.refused", details={"error": word_of(error)}))
        if error == "access_denied":
            return RefusedByMerchant(callback.error_description)
        return ZidError(error, callback.error_description)

    async def _pending(self, callback: Callback) -> Pending | BadStateReason:
        """What was started with this state, or why it is not taken. Takes the state, whatever follows."""
        if not callback.state or not self.app.made(callback.state):
            return BadStateReason.FORGED
        kept = await self.states.take(callback.state)
        if kept is None:
            return BadStateReason.EXPIRED_OR_USED
        pending = Pending.read(kept)
        return pending if pending.bound_to(callback.binding) else BadStateReason.OTHER_BROWSER

    async def _install_by_link(self, code: str, ticket: str) -> Installed | CodeRejected | BadState:
        """At most one install by each link; one that fails leaves it as it was."""
        granted = await self.links.take(ticket)
        if granted is None:
            return await self._bad(BadStateReason.LINK_OVER)
        finished = None
        try:
            finished = await self._install(code, granted.return_url)
        finally:
            if not isinstance(finished, Installed):
                await self.links.give_back(granted)
        return finished

    async def _install(self, code: str, return_to: str | None) -> Installed | CodeRejected:
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
        return Installed(install, subscriptions, return_to, await self._embed(install))

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

    async def _embed(self, install: Install) -> Registration | None:
        """A failure does not undo the install either: it is tried again by itself."""
        if self.embedded is None:
            return None
        try:
            return await self.embedded.register(install)
        except Unavailable as problem:
            return Registration(install.store_id, str(problem))

    async def _begin_backfills(self, install: Install) -> None:
        """Changes from here on come by webhook. Where this fails they begin a little later, by themselves."""
        with suppress(Unavailable):
            await self.backfills.begin(install.install_id)


def _identity(profile: Document | None) -> StoreIdentity | None:
    return None if profile is None else read_profile(profile)
