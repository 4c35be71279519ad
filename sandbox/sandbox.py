"""One running stand-in of Zid: its world and everything that acts on it."""

from __future__ import annotations

import time
from collections import deque
from random import Random
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.delivery.courier import Courier
from sandbox.delivery.log import DeliveryLog
from sandbox.faults import Faults
from sandbox.knobs import Knobs
from sandbox.rate import Buckets
from sandbox.settings import AppRegistration, SandboxSettings
from sandbox.stats import Stats
from sandbox.world.world import World
from sandbox.writes import Writes

REQUESTS_KEPT = 5_000


class Sandbox:
    """Built without I/O. `settings.app` and `settings.knobs` are configuration: a reset brings them back."""

    def __init__(self, settings: SandboxSettings, clock: SandboxClock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SandboxClock(time.time())
        self.knobs = Knobs(settings.knobs)
        self.knobs.on_change(self._follow_time_scale)
        self.world = World(self.clock, settings.seed)
        self.stats = Stats()
        self.writes = Writes(self.stats)
        self.faults = Faults(settings.seed)
        self.buckets = Buckets()
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)
        self.request_ids = Random(f"requests {settings.seed}")
        self.page_snapshots: dict[tuple[int, str], list[str]] = {}
        self.emptied = False
        self.courier = Courier(
            self.world,
            self.knobs,
            self.stats,
            DeliveryLog(
                self.world.deliveries,
                limit=settings.delivery_log_limit,
                body_budget=settings.delivery_body_budget,
            ),
            settings.deliveries_in_flight,
        )
        self.register_configured_app()
        self._follow_time_scale()

    def reset(self, seed: int, now: float | None = None) -> None:
        """An empty world at the present time (or `now`), default knobs, no faults, all counters at zero."""
        self.knobs.reset()
        self.clock.set(time.time() if now is None else now)
        self.world.reset(seed)
        self.stats.clear()
        self.writes.clear()
        self.faults.remove()
        self.buckets.clear()
        self.requests.clear()
        self.page_snapshots.clear()
        self.courier.forget()
        self.emptied = True
        self.register_configured_app()

    def register_configured_app(self) -> None:
        """The app of the settings is always known, as configured now."""
        if self.settings.app is not None:
            self.world.apps.put(self.settings.app.client_id, self.settings.app)

    def default_app(self) -> AppRegistration | None:
        """The configured app, or the only one there is."""
        if self.settings.app is not None:
            return self.settings.app
        apps = list(self.world.apps)
        return apps[0] if len(apps) == 1 else None

    def _follow_time_scale(self) -> None:
        scale = self.knobs.number("time_scale")
        if scale != self.clock.scale:
            self.clock.rescale(scale)
