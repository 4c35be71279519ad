"""Time, chance and ids from the operating system."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from datetime import UTC, datetime
from typing import Final

# The plain package's UUID is not an instance of uuid.UUID; the compat one makes those.
from uuid_utils.compat import uuid7

from core.ids import EventId, InstallId
from core.ports.system import Chance, Clock, Ids

_LARGEST_BIGINT: Final = 2**63 - 1
_SECRET_BYTES: Final = 32


class SystemClock(Clock):
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class SystemChance(Chance):
    """Jitter; not for secrets."""

    def fraction(self) -> float:
        return random.random()


class SystemIds(Ids):
    """Ids nobody can guess (installs, secrets) or that sort by time (events)."""

    def event_id(self) -> EventId:
        return EventId(uuid7())

    def install_id(self) -> InstallId:
        return InstallId(1 + secrets.randbelow(_LARGEST_BIGINT))

    def secret_text(self) -> str:
        return secrets.token_urlsafe(_SECRET_BYTES)
