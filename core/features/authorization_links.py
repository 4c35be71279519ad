"""Links that let a merchant authorize by hand: made by the app over the API, opened in any browser.

A link names a ticket, not a state: a state belongs to the browser that it is made for, and
the one who asks for the link is another. Opening it makes a fresh state with its cookie, so
that programs which look into links (mail filters, previews) use nothing up. A ticket leads
to one install at most: it is taken when Zid's answer has come back.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from core.domain.audit import AuditEntry
from core.domain.bounds import OutOfBounds
from core.domain.oauth_state import LINK_TTL, make_ticket, ticket_seconds
from core.domain.return_urls import ReturnUrls
from core.domain.secret import Secret
from core.errors import Unavailable
from core.ports.audit_trail import AuditTrail
from core.ports.guards import StateStore
from core.ports.system import Clock, Ids


@dataclass(frozen=True, slots=True)
class AuthorizationLink:
    """What a merchant opens, and until when."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Granted:
    """A ticket that was taken: what it was made for."""

    ticket: str
    return_url: str | None


@dataclass(frozen=True, kw_only=True)
class AuthorizationLinks:
    """Makes links and takes their tickets. `start_url` is where opening begins."""

    start_url: str
    secret: Secret
    return_urls: ReturnUrls
    states: StateStore
    trail: AuditTrail
    clock: Clock
    ids: Ids
    older_secrets: tuple[Secret, ...] = ()

    async def make(self, return_url: str | None, *, actor: str, request_id: str | None = None) -> AuthorizationLink:
        """Raises OutOfBounds for a return URL that no allowed place holds, Unavailable."""
        if return_url is not None and not self.return_urls.allows(return_url):
            raise OutOfBounds("return_url", "must be an absolute https address at or below one of AUTH_RETURN_URLS")
        expires_at = self.clock.now() + timedelta(seconds=LINK_TTL)
        ticket = make_ticket(self.secret, self.ids.secret_text(), expires_at)
        await self._keep(Granted(ticket, return_url), LINK_TTL)
        await self.trail.note(AuditEntry("install.link_made", actor=actor, request_id=request_id))
        return AuthorizationLink(f"{self.start_url}?{urlencode({'ticket': ticket})}", expires_at)

    def works(self, ticket: str) -> bool:
        """Whether it is ours and not over; whether it was taken already shows when it is."""
        return self._seconds(ticket) > 0

    async def take(self, ticket: str) -> Granted | None:
        """What the ticket was made for, once; None when it was taken or is over. Raises Unavailable."""
        kept = await self.states.take(_name(ticket)) if self.works(ticket) else None
        return None if kept is None else Granted(ticket, kept or None)

    async def give_back(self, granted: Granted) -> None:
        """Nothing was installed with it: it may be tried again. Where that cannot be kept, a new link helps."""
        if seconds := self._seconds(granted.ticket):
            with suppress(Unavailable):
                await self._keep(granted, seconds)

    async def _keep(self, granted: Granted, seconds: float) -> None:
        await self.states.put(_name(granted.ticket), granted.return_url or "", ttl=seconds)

    def _seconds(self, ticket: str) -> float:
        now = self.clock.now()
        return max([ticket_seconds(secret, ticket, now) for secret in (self.secret, *self.older_secrets)])


def _name(ticket: str) -> str:
    return f"link.{ticket}"
