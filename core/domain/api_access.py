"""Who calls the API and what they may do there."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

KeyId = NewType("KeyId", int)
"""Number of an API key, as lists show it."""


class ApiScope(StrEnum):
    """What a key opens; each scope contains the ones before it."""

    READ = "read"
    """Look at everything but secrets."""
    OPERATE = "operate"
    """Change things at Zid, in what we keep, and in the ledger."""
    ADMIN = "admin"
    """End installs, erase data, make keys."""


_ORDER = tuple(ApiScope)


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key, told without the key itself.

    `name` is what people called the key. `key_id` is None for a key of the configuration.
    `rate_per_minute` is the key's own limit of requests, None where it has none.
    `first_id` is the key that this one descends from by rotation. `reference` finds the
    caller again while the key exists (`ApiKeys.holder`).
    """

    name: str
    scopes: Set[ApiScope]
    key_id: KeyId | None = None
    rate_per_minute: int | None = None
    first_id: KeyId | None = None
    reference: str = ""

    def may(self, scope: ApiScope) -> bool:
        """Whether one of the scopes is, or contains, this one."""
        return any(_ORDER.index(held) >= _ORDER.index(scope) for held in self.scopes)

    @property
    def actor(self) -> str:
        """What the audit calls them: a number, since names are chosen freely and may be a person's."""
        return self.name if self.key_id is None else f"key:{self.key_id}"

    @property
    def holder(self) -> str:
        """The same before and after a rotation: who repeats a request under the new key is the one who began it."""
        return self.name if self.first_id is None else f"key:{self.first_id}"
