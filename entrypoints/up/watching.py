"""Tells what happens while everything runs: installs, counters, and the warnings of the processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from entrypoints.up.account import Counted, Json, changes, counter
from entrypoints.up.log_tail import LogTail, Repeats, kind_of, readable
from entrypoints.up.parts import Part
from entrypoints.up.screen import Screen, Tone
from entrypoints.up.service_api import ServiceApi

LOOK_EVERY: Final = 1.0
LOOK_EVERY_WITHOUT_TERMINAL: Final = 5.0
READ_LOGS_EVERY: Final = 0.3
NOTHING: Final = Counted(0, 0, 0, 0, 0)
SHARE_OF_TIME: Final = 10
"""Looking may take a tenth of the time: a ledger of millions is counted less often."""


class Watcher:
    """Looks every second; silent while nothing changes."""

    def __init__(self, api: ServiceApi, screen: Screen) -> None:
        self._api = api
        self._screen = screen
        self._stores: dict[int, Json] | None = None
        self._counted: tuple[float, Counted] | None = None
        self._told: Counted | None = None
        self._told_at = 0.0
        self._turn = asyncio.Lock()

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            started = time.monotonic()
            await self.look()
            await asyncio.sleep(max(LOOK_EVERY, SHARE_OF_TIME * (time.monotonic() - started)))

    async def look(self) -> None:
        """Tells what changed since the last look."""
        async with self._turn:
            await self._look_at_stores()
            await self._look_at_ledger()

    async def _look_at_stores(self) -> None:
        stores = await self._api.stores()
        if stores is None:
            return
        if self._stores is None and stores:
            self._screen.line(f"{len(stores)} store{'s' if len(stores) > 1 else ''} known from before", Tone.QUIET)
        elif self._stores is not None:
            for line in changes(self._stores, stores):
                self._screen.line(line, Tone.GOOD if line.startswith("✓") else Tone.WARN)
        self._stores = {store["store_id"]: store for store in stores}

    async def _look_at_ledger(self) -> None:
        ledger = await self._api.ledger()
        if ledger is None:
            return
        now, counted = time.monotonic(), Counted.of(ledger)
        before = self._counted
        self._counted = (now, counted)
        rate = (counted.received - before[1].received) / (now - before[0]) if before else 0.0
        if self._screen.is_terminal:
            self._screen.live(counter(counted, rate))
        elif self._worth_a_line(counted, now, resting=before is not None and counted == before[1]):
            self._told, self._told_at = counted, now
            self._screen.line(counter(counted, rate))

    def _worth_a_line(self, counted: Counted, now: float, *, resting: bool) -> bool:
        """Without a terminal: what changed, now and then, and once it comes to rest."""
        if counted == (self._told or NOTHING):
            return False
        return resting or now - self._told_at >= LOOK_EVERY_WITHOUT_TERMINAL


class LogReader:
    """Shows the processes' warnings in one line each, or with `everything` all they write."""

    def __init__(self, parts: Sequence[Part], screen: Screen, *, everything: bool) -> None:
        self._tails = [(part, LogTail(part.log)) for part in parts]
        self._screen = screen
        self._everything = everything
        self._repeats = Repeats()

    async def read(self) -> None:
        """Until cancelled."""
        while True:
            self.read_once()
            await asyncio.sleep(READ_LOGS_EVERY)

    def read_once(self) -> None:
        for part, tail in self._tails:
            for line in tail.new_lines():
                self._show(part, line)

    def _show(self, part: Part, line: str) -> None:
        if self._everything:
            self._screen.line(f"{part.name}: {line}", Tone.QUIET)
        elif text := readable(line):
            held = self._repeats.admit(f"{part.name} {kind_of(text)}")
            if held is not None:
                more = f" ({held} more like it)" if held else ""
                self._screen.line(f"! {part.name}: {text}{more}", Tone.WARN)
