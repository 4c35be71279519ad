"""A Zid that knows which tokens are good, as its two families do."""

from __future__ import annotations

import asyncio

from core.domain.token_trials import Dialect, Trial, TrialVerdict
from core.domain.tokens import TokenSet
from core.ids import StoreId
from core.ports.token_trials import TokenTrials


class MemoryTokenTrials(TokenTrials):
    """Takes what was put into `good`. Dialects in `deaf` refuse everybody; while `away` nobody is answered."""

    def __init__(self) -> None:
        self.good: dict[tuple[str, str], StoreId] = {}
        """(bearer, manager token) → their store."""
        self.deaf: set[Dialect] = set()
        self.away = False
        self.asked: list[tuple[TokenSet, Dialect]] = []

    def admit(self, seen: TokenSet) -> None:
        """These tokens work from now on."""
        self.good[_pair(seen)] = seen.store_id

    async def ask(self, seen: TokenSet, dialect: Dialect) -> Trial:
        self.asked.append((seen, dialect))
        await asyncio.sleep(0)
        if self.away:
            return Trial(dialect, TrialVerdict.UNDECIDED, note="it does not answer")
        store_id = self.good.get(_pair(seen))
        if store_id is None or dialect in self.deaf:
            return Trial(dialect, TrialVerdict.REFUSED, 401)
        if dialect is not Dialect.PRODUCTS:
            return Trial(dialect, TrialVerdict.ACCEPTED, 200, store_id)
        taken = seen.store_id == store_id
        return Trial(dialect, TrialVerdict.ACCEPTED, 200) if taken else Trial(dialect, TrialVerdict.REFUSED, 401)


def _pair(seen: TokenSet) -> tuple[str, str]:
    return seen.tokens.authorization.reveal(), seen.tokens.manager_token.reveal()
