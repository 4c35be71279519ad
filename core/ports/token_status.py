"""What may be known about tokens without opening them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.ids import Generation, InstallId


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """How an install's tokens stand. `failures` counts renewals that failed since the last success.

    `in_doubt_since`: the refresh token was sent then, and the answer was lost; the old tokens are used while Zid
    takes them. `refresh_due_at` is None while they are not to be renewed, `renewed_at` before the first renewal.
    """

    generation: Generation
    expires_at: datetime | None
    refresh_due_at: datetime | None
    failures: int = 0
    in_doubt_since: datetime | None = None
    renewed_at: datetime | None = None


class TokenStatuses(Protocol):
    """Reads the vault's labels, never its content: no key is needed."""

    @abstractmethod
    async def of(self, install_ids: Sequence[InstallId]) -> Mapping[InstallId, TokenStatus]:
        """The status of each install that has tokens; installs without tokens are left out. Raises Unavailable."""
