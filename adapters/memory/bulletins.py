"""What took long to count, in a mapping."""

from __future__ import annotations

from collections.abc import Mapping

from core.ports.bulletins import Bulletin, Bulletins


class MemoryBulletins(Bulletins):
    """One board."""

    def __init__(self) -> None:
        self._board: dict[str, Bulletin] = {}

    async def post(self, name: str, bulletin: Bulletin) -> None:
        known = self._board.get(name)
        if known is None or known.posted_at <= bulletin.posted_at:
            self._board[name] = bulletin

    async def read(self) -> Mapping[str, Bulletin]:
        return dict(self._board)
