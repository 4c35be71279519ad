"""Takes a world from its state file and keeps the file up to date."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time

import orjson
import structlog

from sandbox.events.opening import open_shop
from sandbox.sandbox import Sandbox
from sandbox.state import Change, StateFile, UnreadableStateError, set_aside
from sandbox.world.records import Json

log = structlog.get_logger()


class Saver:
    """Saves what changed every `every` seconds and once more at the end. A save that fails is made up for."""

    def __init__(self, sandbox: Sandbox, state: StateFile, every: float) -> None:
        self._sandbox = sandbox
        self._state = state
        self._every = every
        self._unsaved: list[Change] = []
        self._last_meta = b""
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_saving())

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            await self._task
        await self.save()
        self._state.close()

    async def save(self) -> None:
        """One transaction with everything that changed; encoded here, written in a thread."""
        if self._sandbox.emptied:
            self._unsaved.clear()
        self._unsaved += _changed_rows(self._sandbox)
        meta = orjson.dumps(_meta(self._sandbox))
        if not self._unsaved and meta == self._last_meta:
            return
        emptied, self._sandbox.emptied = self._sandbox.emptied, False
        changes = [*self._unsaved, ("meta", "meta", meta), ("meta", "clock", _clock(self._sandbox))]
        try:
            await asyncio.to_thread(self._state.save, changes, emptied=emptied)
        except sqlite3.Error as reason:
            self._sandbox.emptied = self._sandbox.emptied or emptied
            log.warning("sandbox_save_failed", path=str(self._state.path), reason=str(reason))
            return
        del self._unsaved[: len(changes) - 2]
        self._last_meta = meta

    async def _keep_saving(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._every)
                return
            await self.save()


def open_state(sandbox: Sandbox) -> StateFile | None:
    """Loads the state file of the settings, if there is one; what cannot be read is renamed and replaced."""
    path = sandbox.settings.state_file
    if path is None:
        return None
    for table in sandbox.world.tables():
        table.record()
    try:
        state = StateFile(path)
        try:
            load(sandbox, state.load())
        except (ValueError, KeyError, TypeError, IndexError) as reason:
            state.close()
            raise UnreadableStateError(path, f"not a saved world: {reason!r}") from reason
    except UnreadableStateError as reason:
        aside = set_aside(path)
        log.warning("sandbox_state_unreadable", path=str(path), kept_as=str(aside), reason=reason.reason)
        sandbox.reset(sandbox.settings.seed)
        return StateFile(path)
    return state


def load(sandbox: Sandbox, rows: list[tuple[str, str, bytes]]) -> None:
    """Rebuilds the world from saved rows; raises ValueError, KeyError or TypeError when they are none."""
    tables = {table.name: table for table in sandbox.world.tables()}
    meta: Json = {}
    for section, key, value in rows:
        if section == "meta":
            meta[key] = orjson.loads(value)
        else:
            tables[section].load(key, value)
    if meta:
        _load_meta(sandbox, meta["meta"], meta["clock"])
    sandbox.world.reindex()
    sandbox.register_configured_app()
    for store in sandbox.world.stores:
        open_shop(sandbox, store)
    sandbox.courier.resume()


def _load_meta(sandbox: Sandbox, saved: Json, clock: Json) -> None:
    world = sandbox.world
    world.seed = saved["seed"]
    world.ids.update(saved["ids"])
    world.set_random_state(saved["rng"], saved["secrets"])
    sandbox.knobs.update(saved["knobs"])
    away = max(0.0, time.time() - clock["real"])
    sandbox.clock.set(clock["now"] + away * sandbox.clock.scale)
    sandbox.stats.load(saved["stats"])


def _changed_rows(sandbox: Sandbox) -> list[Change]:
    return [(table.name, key, value) for table in sandbox.world.tables() for key, value in table.drain()]


def _meta(sandbox: Sandbox) -> Json:
    """What is saved beside the rows, but for the time, which changes always."""
    world = sandbox.world
    return {
        "seed": world.seed,
        "ids": world.ids,
        "rng": world.rng.getstate(),
        "secrets": world.secrets.getstate(),
        "clock_origin": sandbox.clock.origin,
        "knobs": sandbox.knobs.changed(),
        "stats": sandbox.stats.save(),
    }


def _clock(sandbox: Sandbox) -> bytes:
    return orjson.dumps({"now": sandbox.clock.now(), "real": time.time()})
