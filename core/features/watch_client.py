"""Whether Zid knows our own client: noted at every exchange of tokens, for all processes to read.

A wrong client id or secret is nobody's fault but ours (`Client authentication failed`, live
2026-09-30): no store is touched by it, and until it is corrected none can be installed or renewed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from core.domain.alerts import APP, Alert, AlertKind
from core.domain.documents import Document
from core.domain.secret import Secret, derive
from core.errors import ClientRejected, Refused, Unavailable
from core.ports.alerts import Alerts
from core.ports.cache import Cache
from core.ports.system import Clock
from core.ports.zid_gateway import Exchange

BELIEVED_FOR: Final = 3600.0
"""Seconds after which a refusal that was not repeated is no news any more."""
LOOK_EVERY: Final = 30.0
"""Seconds between two looks at what other processes noted: tokens in hand are not kept waiting for it."""
_REFUSED: Final = "refused"
_ACCEPTED: Final = "accepted"


def client_name(client_id: str, client_secret: Secret) -> str:
    """Tells one pair of credentials from another without telling them: a corrected secret starts afresh."""
    return f"zid-client.{derive(client_secret, 'zid-client', client_id).hex()[:16]}"


class ClientStanding:
    """What was last heard of one pair of credentials. What cannot be noted is not noted: nothing depends on it."""

    def __init__(self, cache: Cache, alerts: Alerts, clock: Clock, *, name: str) -> None:
        self._cache = cache
        self._alerts = alerts
        self._clock = clock
        self._name = name
        self._quiet_until = 0.0

    async def refused(self, problem: ClientRejected) -> None:
        self._quiet_until = 0.0
        with suppress(Unavailable):
            await self._cache.put(self._name, _REFUSED, ttl=BELIEVED_FOR)
        with suppress(Unavailable):
            await self._alerts.raise_once(Alert(AlertKind.CLIENT_REJECTED, APP, str(problem)))

    async def accepted(self) -> None:
        """Takes a refusal back. Asks what others noted only now and then."""
        if self._clock.monotonic() < self._quiet_until:
            return
        self._quiet_until = self._clock.monotonic() + LOOK_EVERY
        with suppress(Unavailable):
            if await self._cache.get(self._name) == _REFUSED:
                await self._cache.put(self._name, _ACCEPTED, ttl=BELIEVED_FOR)
                await self._alerts.heal(AlertKind.CLIENT_REJECTED, APP)

    async def check(self) -> None:
        """Raises ClientRejected while Zid refuses our client, Unavailable when nobody can say."""
        if await self._cache.get(self._name) == _REFUSED:
            raise ClientRejected(
                "Zid refused the app itself (ZID_CLIENT_ID, ZID_CLIENT_SECRET, Callback URL) within the last hour"
            )


class WatchedExchange(Exchange):
    """The token endpoint, its answers overheard. Raises what the inner one raises."""

    def __init__(self, inner: Exchange, standing: ClientStanding) -> None:
        self._inner = inner
        self._standing = standing

    async def redeem_code(self, code: str) -> Document:
        async with self._overheard():
            return await self._inner.redeem_code(code)

    async def refresh(self, refresh_token: str) -> Document:
        async with self._overheard():
            return await self._inner.refresh(refresh_token)

    @asynccontextmanager
    async def _overheard(self) -> AsyncIterator[None]:
        """Zid that refuses a code or a token knows our client; one that is silent says nothing about it."""
        try:
            yield
        except ClientRejected as problem:
            await self._standing.refused(problem)
            raise
        except Refused:
            await self._standing.accepted()
            raise
        await self._standing.accepted()
