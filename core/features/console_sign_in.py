"""The console's sign-in: a key becomes a session that is kept here, and whoever guesses keys waits.

A session is a random text in the browser and a row under its hash on this side. It ends when
it is idle, after half a day in any case, at the sign-out, and with the key it was made with;
what it may do is what the key's scopes say at that moment. A guess is counted before it is
looked at: per address with lockouts, for all addresses together with short pauses that are
waited out. Neither concerns anybody who is signed in already; and a browser that was signed in
before is counted by itself, so that nobody who guesses can keep its owner out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from core.domain.api_access import Caller
from core.domain.audit import AuditEntry
from core.domain.guessing import ADDRESS, EVERYBODY
from core.domain.secret import Secret
from core.ports.api_keys import ApiKeys
from core.ports.audit_trail import AuditTrail
from core.ports.sign_in_guards import GuessLimit, Sessions
from core.ports.system import Clock, Ids

IDLE: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(hours=12)

SIGNED_IN: Final = "console.signed_in"
SIGNED_OUT: Final = "console.signed_out"
LOCKED_OUT: Final = "console.locked_out"
_NOBODY: Final = "visitor"
_ALL: Final = "everybody"
_PATIENCE: Final = 10.0
"""Seconds that one sign-in waits for its turn among all."""
_MOST_WAITING: Final = 32
"""Sign-ins that wait in one process."""


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """Somebody who is signed in, and what their key opens now."""

    session_id: str
    caller: Caller
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """What guesses are counted by: an address, or a browser that is `known` from a sign-in before."""

    name: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The browser is to keep the session's id."""

    session: ConsoleSession


@dataclass(frozen=True, slots=True)
class WrongKey:
    """No such key. For so many seconds this address need not try again."""

    pause: float


@dataclass(frozen=True, slots=True)
class LockedOut:
    """The key was not looked at; after so many seconds the next one is."""

    wait: float


class ConsoleSignIn:
    """Sessions of people. All of it raises Unavailable."""

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        sessions: Sessions,
        limit: GuessLimit,
        trail: AuditTrail,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._api_keys = api_keys
        self._sessions = sessions
        self._limit = limit
        self._trail = trail
        self._clock = clock
        self._ids = ids
        self._waiting = 0

    async def sign_in(
        self, key: Secret, visitor: Visitor, *, replaces: str | None = None, request_id: str | None = None
    ) -> SignedIn | WrongKey | LockedOut:
        """A session of its own, never one that the browser brought: that one (`replaces`) ends.

        A right key forgives the guesses before it.
        """
        turn = await self._limit.guess(visitor.name, ADDRESS)
        if wait := turn.wait or (0.0 if visitor.known else await self._turn_among_all()):
            return LockedOut(wait)
        caller = await self._api_keys.caller(key)
        if caller is None:
            await self._note_lockout(turn.pause, request_id)
            return WrongKey(turn.pause)
        await self._limit.forgive(visitor.name)
        await self._limit.forgive(_ALL)
        if replaces is not None:
            await self._sessions.end(_name(replaces))
        return SignedIn(await self._begin(caller, request_id))

    async def session(self, session_id: str) -> ConsoleSession | None:
        """Who this is; it counts as a use, so the session stays for another while. None when it has ended."""
        return await self._read(session_id, await self._sessions.use(_name(session_id), idle=IDLE.total_seconds()))

    async def look(self, session_id: str) -> ConsoleSession | None:
        """The same for what a page does by itself: nobody is there because of it."""
        return await self._read(session_id, await self._sessions.look(_name(session_id)))

    async def sign_out(self, session: ConsoleSession, *, request_id: str | None = None) -> None:
        """Ended for every process: the text in the browser is worth nothing from now on."""
        await self._sessions.end(_name(session.session_id))
        await self._trail.note(AuditEntry(SIGNED_OUT, actor=session.caller.actor, request_id=request_id))

    async def _begin(self, caller: Caller, request_id: str | None) -> ConsoleSession:
        session = ConsoleSession(self._ids.secret_text(), caller, self._clock.now() + LONGEST)
        await self._trail.note(AuditEntry(SIGNED_IN, actor=caller.actor, request_id=request_id))
        content = json.dumps({"holder": caller.reference, "ends_at": session.ends_at.timestamp()})
        await self._sessions.begin(_name(session.session_id), content, idle=IDLE.total_seconds())
        return session

    async def _read(self, session_id: str, content: str | None) -> ConsoleSession | None:
        if content is None:
            return None
        kept = json.loads(content)
        ends_at = datetime.fromtimestamp(kept["ends_at"], UTC)
        caller = await self._api_keys.holder(kept["holder"]) if self._clock.now() < ends_at else None
        if caller is None:
            await self._sessions.end(_name(session_id))
            return None
        return ConsoleSession(session_id, caller, ends_at)

    async def _turn_among_all(self) -> float:
        """Waits for it, so long as that is bearable; 0 when it came, else what is left to wait."""
        until = self._clock.monotonic() + _PATIENCE
        while wait := (await self._limit.guess(_ALL, EVERYBODY)).wait:
            if self._waiting >= _MOST_WAITING or self._clock.monotonic() + wait > until:
                return wait
            self._waiting += 1
            try:
                await self._clock.sleep(wait)
            finally:
                self._waiting -= 1
        return 0.0

    async def _note_lockout(self, pause: float, request_id: str | None) -> None:
        """Where from is not written down: an address may be a person's."""
        if pause:
            details = {"seconds": round(pause)}
            await self._trail.note(AuditEntry(LOCKED_OUT, actor=_NOBODY, request_id=request_id, details=details))


def _name(session_id: str) -> str:
    """What is kept in place of the session's id: it finds the session and opens none."""
    return sha256(session_id.encode(errors="replace")).hexdigest()
