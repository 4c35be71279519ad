"""Counted guesses in Redis, reckoned on its clock."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import Final, cast

from adapters.redis.connection import RedisClients, driver_errors
from core.domain.guessing import Patience, Turn
from core.ports.sign_in_guards import GuessLimit

# A hash: who guesses is told by an address. The tag spreads guessers over the nodes of a cluster.
_KEY: Final = "wasl:guess:{%s}"


class RedisGuessLimit(GuessLimit):
    """One hash per guesser, gone when it is forgotten."""

    def __init__(self, clients: RedisClients) -> None:
        script = files("adapters.redis") / "scripts" / "guess.lua"
        self._script = clients.writer.register_script(script.read_text())
        self._redis = clients.writer

    async def guess(self, who: str, patience: Patience) -> Turn:
        return (await self.reckon(who, patience))[0]

    async def reckon(self, who: str, patience: Patience) -> tuple[Turn, float]:
        """A guess, with the time it was reckoned at."""
        policy = [patience.free, patience.first, patience.longest, patience.quiet]
        with driver_errors():
            answer = await self._script([_key(who)], policy)
        wait, pause, now = cast("tuple[str, str, str]", answer)
        return Turn(float(wait), float(pause)), float(now)

    async def forgive(self, who: str) -> None:
        with driver_errors():
            await self._redis.delete(_key(who))


def _key(who: str) -> str:
    return _KEY % sha256(who.encode()).hexdigest()
