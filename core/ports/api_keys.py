"""Whose API key this is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.api_access import Caller
from core.domain.secret import Secret


class ApiKeys(Protocol):
    """The keys that exist now."""

    @abstractmethod
    async def caller(self, key: Secret) -> Caller | None:
        """Who holds the key; None for one that does not exist, in time that tells nothing about it.

        Raises Unavailable.
        """
