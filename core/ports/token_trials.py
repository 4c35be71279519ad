"""Asking Zid what it makes of a set of tokens."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.token_trials import Dialect, Trial
from core.domain.tokens import TokenSet


class TokenTrials(Protocol):
    """Tries tokens out; nothing is renewed, changed or repeated on the way."""

    @abstractmethod
    async def ask(self, seen: TokenSet, dialect: Dialect) -> Trial:
        """One question with exactly these tokens, under the headers of one dialect and no others.

        A Zid that does not answer, throttles or fails leaves it undecided. Raises RateLimited
        when the store's allowance is used up, having asked nothing.
        """
