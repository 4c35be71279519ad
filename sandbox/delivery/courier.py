"""Carries deliveries to their receivers: many at once, later when it is not yet time, again when they fail."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter, defaultdict
from hashlib import blake2b
from random import Random

import aiohttp
import structlog

from sandbox.delivery.health import health, note_failure, note_success
from sandbox.delivery.log import DeliveryLog
from sandbox.delivery.post import headers, new_request_id, post
from sandbox.delivery.retries import Outcome, next_attempt
from sandbox.knobs import Knobs
from sandbox.stats import Stats
from sandbox.world.records import Delivery, Webhook
from sandbox.world.world import World

log = structlog.get_logger()

NO_APP_EVENT_RETRIES: list[float] = []


class Courier:
    """Sends what it is given, `in_flight` at a time; deliveries of one webhook are not serialised."""

    def __init__(self, world: World, knobs: Knobs, stats: Stats, delivery_log: DeliveryLog, in_flight: int) -> None:
        self._world = world
        self._knobs = knobs
        self._stats = stats
        self._log = delivery_log
        self._in_flight = in_flight
        self._rng = Random(world.seed)
        self._ready: asyncio.Queue[Delivery] = asyncio.Queue()
        self._later: list[tuple[float, int]] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._pings: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._pending: defaultdict[str, dict[int, Delivery]] = defaultdict(dict)
        self._busy: set[int] = set()
        self.pending_by_store: Counter[tuple[str, int]] = Counter()
        world.clock.on_change(self._wake.set)

    async def start(self) -> None:
        """Takes up whatever a saved world still had to deliver."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15),
            skip_auto_headers=("Accept", "Accept-Encoding"),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._in_flight)]
        self._tasks.append(asyncio.create_task(self._watch_the_clock()))

    async def stop(self) -> None:
        """Stops at once; what was in flight stays pending and is sent again after the next start."""
        tasks = [*self._tasks, *self._pings]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def send(self, delivery: Delivery) -> None:
        """Delivers when its time has come."""
        lane = _lane(delivery)
        self._world.deliveries.put(str(delivery.id), delivery)
        if delivery.key not in self._stats.seen:
            self._stats.seen.add(delivery.key)
            self._stats.add(f"{lane}.distinct", delivery.store_id)
        if delivery.duplicate:
            self._stats.add(f"{lane}.duplicates_sent", delivery.store_id)
        self._expect(delivery)

    def ping(self, url: str) -> None:
        """A GET to a newly registered target, whatever it answers (U35)."""
        task = asyncio.create_task(self._get(url))
        self._pings.add(task)
        task.add_done_callback(self._pings.discard)

    def resume(self) -> None:
        """Puts the deliveries of a loaded world back where they were."""
        for delivery in self._world.deliveries:
            self._stats.seen.add(delivery.key)
            if delivery.state == "pending":
                self._expect(delivery)
                continue
            self._log.finished(delivery)
            if delivery.state == "acknowledged":
                self._stats.acknowledged.add(delivery.key)

    def discard(self, webhook_id: str) -> None:
        """Drops everything pending for a webhook that is broken or gone; what is in flight ends by itself."""
        waiting = [row for row in self._pending.get(webhook_id, {}).values() if id(row) not in self._busy]
        for delivery in waiting:
            self._stats.add(f"{_lane(delivery)}.discarded", delivery.store_id)
            self._finish(delivery, "discarded")

    def forget(self) -> None:
        """An emptied world has nothing to deliver."""
        self._rng = Random(self._world.seed)
        while not self._ready.empty():
            self._ready.get_nowait()
        self._later.clear()
        self._pending.clear()
        self._busy.clear()
        self.pending_by_store.clear()
        self._log.clear()

    def _expect(self, delivery: Delivery) -> None:
        self._pending[delivery.webhook_id][delivery.id] = delivery
        self.pending_by_store[_lane(delivery), delivery.store_id] += 1
        self._queue(delivery)

    def _queue(self, delivery: Delivery) -> None:
        if delivery.due <= self._world.now():
            self._ready.put_nowait(delivery)
            return
        heapq.heappush(self._later, (delivery.due, delivery.id))
        if self._later[0][1] == delivery.id:
            self._wake.set()

    async def _watch_the_clock(self) -> None:
        while True:
            self._wake.clear()
            delay = self._release_due()
            try:
                await asyncio.wait_for(self._wake.wait(), delay)
            except TimeoutError:
                continue

    def _release_due(self) -> float | None:
        """Moves what is due to the queue; says how many real seconds until the next one."""
        now = self._world.now()
        while self._later and self._later[0][0] <= now:
            delivery = self._world.deliveries.get(str(heapq.heappop(self._later)[1]))
            if delivery is not None and delivery.state == "pending":
                self._ready.put_nowait(delivery)
        return self._world.clock.real_seconds(self._later[0][0] - now) if self._later else None

    async def _work(self) -> None:
        while True:
            delivery = await self._ready.get()
            if delivery.state != "pending" or id(delivery) in self._busy or not self._is_current(delivery):
                continue
            self._busy.add(id(delivery))
            try:
                await self._attempt(delivery)
            except Exception:
                log.exception("sandbox_delivery_crashed", delivery_id=delivery.id, store_id=delivery.store_id)
            finally:
                self._busy.discard(id(delivery))

    async def _attempt(self, delivery: Delivery) -> None:
        hook = self._world.webhooks.get(delivery.webhook_id)
        if delivery.webhook_id and (hook is None or health(hook, self._world.now()) == "broken"):
            self._stats.add("deliveries.discarded", delivery.store_id)
            self._finish(delivery, "discarded")
            return
        if not delivery.request_id or not self._knobs.flag("webhook.request_id_stable"):
            delivery.request_id = new_request_id(self._rng)
        outcome = await self._post(delivery, hook)
        if self._is_current(delivery):
            self._settle(delivery, hook, outcome)

    def _is_current(self, delivery: Delivery) -> bool:
        """False for what belongs to a world that was emptied meanwhile."""
        return self._world.deliveries.get(str(delivery.id)) is delivery

    async def _get(self, url: str) -> None:
        assert self._session is not None
        timeout = aiohttp.ClientTimeout(total=self._knobs.number("webhook.timeout"))
        try:
            async with self._session.get(url, headers={"User-Agent": "GuzzleHttp/7"}, timeout=timeout) as answer:
                self._stats.add(f"webhooks.pings.{answer.status}")
        except (aiohttp.ClientError, TimeoutError) as reason:
            log.info("sandbox_ping_failed", reason=type(reason).__name__)

    async def _post(self, delivery: Delivery, hook: Webhook | None) -> Outcome:
        assert self._session is not None
        if hook is not None:
            delivery.url = hook.target_url
        style = self._knobs.text("webhook.headers")
        sent = headers(delivery, self._rng, style=style, credentials=self._credentials(delivery, hook))
        timeout = aiohttp.ClientTimeout(total=self._knobs.number("webhook.timeout"))
        return await post(self._session, delivery, sent, timeout)

    def _credentials(self, delivery: Delivery, hook: Webhook | None) -> tuple[str, str] | None:
        if hook is not None:
            return (hook.username, hook.password) if hook.username and hook.password else None
        app = self._world.apps.get(delivery.client_id)
        if app is None or self._knobs.text("app_events.auth") != "basic":
            return None
        return app.event_username, app.event_password

    def _settle(self, delivery: Delivery, hook: Webhook | None, outcome: Outcome) -> None:
        self._count(delivery, outcome)
        delivery.attempts.append([self._world.now(), outcome.status, outcome.milliseconds, outcome.error])
        self._world.deliveries.touch(str(delivery.id))
        if hook is not None:
            self._note_health(hook, outcome)
        if outcome.acknowledged:
            self._finish(delivery, "acknowledged")
            return
        self._retry_or_give_up(delivery, outcome)

    def _retry_or_give_up(self, delivery: Delivery, outcome: Outcome) -> None:
        step = next_attempt(
            outcome, delivery.spent_attempts, self._minutes(delivery), self._knobs.text("webhook.on_429")
        )
        hook = self._world.webhooks.get(delivery.webhook_id)
        is_broken = hook is not None and hook.broken_at is not None
        if step is None or is_broken:
            self._stats.add(f"{_lane(delivery)}.{'discarded' if is_broken else 'exhausted'}", delivery.store_id)
            self._finish(delivery, "discarded" if is_broken else "exhausted")
            return
        delivery.spent_attempts += step.spends
        delivery.due = self._world.now() + step.seconds
        self._queue(delivery)

    def _minutes(self, delivery: Delivery) -> list[float]:
        if not delivery.webhook_id and self._knobs.text("app_events.retries") == "none":
            return NO_APP_EVENT_RETRIES
        minutes = self._knobs.value("webhook.retry_minutes")
        return minutes if isinstance(minutes, list) else []

    def _note_health(self, hook: Webhook, outcome: Outcome) -> None:
        if outcome.acknowledged:
            changed, broke = note_success(hook), False
        elif outcome.counts_against_health:
            changed, broke = True, note_failure(hook, self._world.now())
        else:
            return
        if changed:
            self._world.webhooks.touch(hook.id)
        if broke:
            log.warning("sandbox_webhook_broken", webhook_id=hook.id, store_id=hook.store_id, topic=hook.event)
            self.discard(hook.id)

    def _count(self, delivery: Delivery, outcome: Outcome) -> None:
        lane, store = _lane(delivery), delivery.store_id
        self._stats.add(f"{lane}.attempts", store)
        self._stats.add(f"{lane}.{'acknowledged' if outcome.acknowledged else 'failed'}", store)
        self._stats.add(f"{lane}.by_status.{outcome.status or 'no_answer'}", store)
        if outcome.acknowledged and delivery.key not in self._stats.acknowledged:
            self._stats.acknowledged.add(delivery.key)
            self._stats.add(f"{lane}.distinct_acknowledged", store)

    def _finish(self, delivery: Delivery, state: str) -> None:
        delivery.state = state
        self._pending[delivery.webhook_id].pop(delivery.id, None)
        self.pending_by_store[_lane(delivery), delivery.store_id] -= 1
        self._world.deliveries.touch(str(delivery.id))
        self._log.finished(delivery)


def _lane(delivery: Delivery) -> str:
    return "deliveries" if delivery.webhook_id else "app_events"


def body_key(url: str, body: bytes) -> int:
    """Names a body at a URL: what a receiver that keeps one copy of each would keep once.

    63 bits, so that SQLite and JSON hold it as a plain integer.
    """
    return int.from_bytes(blake2b(url.encode() + b"\0" + body, digest_size=8).digest()) >> 1
