"""Runs coroutines one step at a time, in an order the test chooses; no event loop is involved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from adapters.memory.system import ManualClock
from core.errors import WaslError


class Turn:
    """Awaiting it lets any other coroutine go first."""

    def __await__(self) -> Generator[Turn, None, None]:
        yield self


async def take_turn() -> None:
    await Turn()


class TurnTaking:
    """Every call of the wrapped port lets others go first, before it is made and before its answer is seen."""

    def __init__(self, port: object) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        method = getattr(self._port, name)

        async def call(*given: object, **named: object) -> object:
            await Turn()
            result = await method(*given, **named)
            await Turn()
            return result

        return call


class TurnClock(ManualClock):
    """Sleeping passes time for everybody and lets others go first."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await Turn()


class Interleaver:
    """Named coroutines, each paused at a turn, finished, or killed."""

    def __init__(self) -> None:
        self._running: dict[str, Coroutine[Any, Any, object]] = {}
        self.results: dict[str, object] = {}

    def start(self, name: str, coroutine: Coroutine[Any, Any, object]) -> None:
        self._running[name] = coroutine

    @property
    def running(self) -> list[str]:
        return sorted(self._running)

    def step(self, name: str) -> None:
        """Runs one coroutine up to its next turn; an error of ours is its result."""
        try:
            self._running[name].send(None)
        except StopIteration as end:
            self._finish(name, end.value)
        except WaslError as error:
            self._finish(name, error)

    def kill(self, name: str) -> None:
        """As SIGKILL would: nothing of it runs any more."""
        self._running.pop(name).close()

    def __enter__(self) -> Interleaver:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing stays half run when the test stops early."""
        for name in self.running:
            self.kill(name)

    def _finish(self, name: str, result: object) -> None:
        del self._running[name]
        self.results[name] = result
