"""Console sessions and counted guesses inside one process."""

from __future__ import annotations

from core.domain.guessing import Guesses, Patience, Turn, guess
from core.ports.sign_in_guards import GuessLimit, Sessions
from core.ports.system import Clock


class MemorySessions(Sessions):
    """Content in a dict; expiry by the given clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[str, float]] = {}

    async def begin(self, name: str, content: str, *, idle: float) -> None:
        self._kept[name] = (content, self._clock.monotonic() + idle)

    async def use(self, name: str, *, idle: float) -> str | None:
        content = await self.look(name)
        if content is not None:
            await self.begin(name, content, idle=idle)
        return content

    async def look(self, name: str) -> str | None:
        content, until = self._kept.get(name, (None, 0.0))
        return content if self._clock.monotonic() < until else None

    async def end(self, name: str) -> None:
        self._kept.pop(name, None)

    def forget_all(self) -> None:
        """As a server that was emptied."""
        self._kept.clear()


class MemoryGuessLimit(GuessLimit):
    """The rules themselves."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Guesses] = {}

    async def guess(self, who: str, patience: Patience) -> Turn:
        turn, self._known[who] = guess(self._known.get(who, Guesses()), patience, self._clock.monotonic())
        return turn

    async def forgive(self, who: str) -> None:
        self._known.pop(who, None)
