"""This process's voice among the others: what it says goes out in order, and never holds up a call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog

from core.domain.breaker import BreakerName, News
from core.errors import Unavailable
from core.ports.guards import BreakerNews
from core.ports.system import Clock

log = structlog.get_logger()

PATIENCE: Final = 0.5
"""Seconds that the others may take to say whether to probe; then this process decides alone."""
UNSAID: Final = 1000
"""What is not said yet is forgotten beyond this."""
LISTEN_AGAIN_AFTER: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Hold:
    name: BreakerName
    seconds: float


class BreakerTalk:
    """Speaks and listens while `run` runs; until then it keeps what there is to say."""

    def __init__(self, news: BreakerNews, clock: Clock, process: str) -> None:
        self._news = news
        self._clock = clock
        self._process = process
        self._unsaid: asyncio.Queue[News | _Hold] = asyncio.Queue(UNSAID)

    async def may_probe(self, name: BreakerName, seconds: float) -> bool:
        """Whether this process is the one; yes when nobody can say."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._news.may_probe(name, seconds=seconds)
        except (Unavailable, TimeoutError):
            return True

    def tell(self, name: BreakerName, *, opened: bool) -> None:
        self._say(News(name, opened, self._process))

    def hold_probes(self, name: BreakerName, seconds: float) -> None:
        self._say(_Hold(name, seconds))

    def _say(self, word: News | _Hold) -> None:
        if self._unsaid.full():
            self._unsaid.get_nowait()
        self._unsaid.put_nowait(word)

    async def run(self, hear: Callable[[News], None]) -> None:
        """Speaks and listens until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._speak())
            tasks.create_task(self._listen(hear))

    async def _speak(self) -> None:
        while True:
            word = await self._unsaid.get()
            try:
                await self._spoken(word)
            except Unavailable as problem:
                log.debug("breaker_news_unsaid", why=str(problem))

    async def _spoken(self, word: News | _Hold) -> None:
        match word:
            case News():
                await self._news.tell(word)
            case _Hold(name, seconds):
                await self._news.hold_probes(name, seconds=seconds)

    async def _listen(self, hear: Callable[[News], None]) -> None:
        told_deaf = False
        while True:
            try:
                async with aclosing(self._news.listen()) as heard:
                    async for news in heard:
                        told_deaf = False
                        if news.teller != self._process:
                            hear(news)
            except Unavailable as problem:
                if not told_deaf:
                    log.info("breaker_news_unheard", why=str(problem))
                told_deaf = True
            await self._clock.sleep(LISTEN_AGAIN_AFTER)
