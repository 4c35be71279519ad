"""Who calls the API and what they may do there."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum


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
    """The holder of a key. `name` is what the audit calls them; it never tells the key."""

    name: str
    scopes: Set[ApiScope]

    def may(self, scope: ApiScope) -> bool:
        """Whether one of the scopes is, or contains, this one."""
        return any(_ORDER.index(held) >= _ORDER.index(scope) for held in self.scopes)
