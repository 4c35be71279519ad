"""Doubt, in memory."""

from __future__ import annotations

from adapters.memory.database import MemoryDatabase
from adapters.memory.rows import IntentRow
from core.ids import WorkerId
from core.ports.restoring import TokenDoubts

NOBODY = WorkerId(0)


class MemoryTokenDoubts(TokenDoubts):
    """An intent for every token."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def doubt_all(self) -> int:
        for install_id, token in self._database.tokens.items():
            intent = self._database.intents.setdefault(
                (install_id, token.generation), IntentRow(NOBODY, taken_at=self._database.now())
            )
            if intent.state == IntentRow.SENDING:
                intent.state = IntentRow.UNKNOWN
        return len(self._database.tokens)
