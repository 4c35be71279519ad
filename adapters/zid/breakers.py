"""Every breaker of this process, and its part in the fleet: who may call, who probes, what the others say."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog

from adapters.zid.breaker import Breaker, Move
from adapters.zid.breaker_talk import BreakerTalk
from core.domain.breaker import BreakerName, BreakerPolicy, BreakerState, News, family_fails
from core.errors import Unavailable
from core.ids import StoreId
from core.ports.guards import BreakerNews
from core.ports.metrics import Metrics
from core.ports.system import Clock

log = structlog.get_logger()

SOON: Final = 1.0
"""Seconds until asking again while another call or process probes."""
LEFT_TO_LAGGARDS: Final = 1.0
"""Seconds after a good probe in which nobody else probes: they hear that it was good."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Leave for one call. `counted` is what the count of moves was when it was given."""

    family: str
    store_id: StoreId
    counted: int
    probing: tuple[Breaker, ...] = ()


class Breakers:
    """One breaker per family, and one per store and family that failed of late."""

    def __init__(
        self,
        news: BreakerNews,
        *,
        clock: Clock,
        metrics: Metrics,
        process: str,
        policy: BreakerPolicy | None = None,
    ) -> None:
        self._policy = policy or BreakerPolicy()
        self._clock = clock
        self._metrics = metrics
        self._talk = BreakerTalk(news, clock, process)
        self._families: dict[str, Breaker] = {}
        self._stores: OrderedDict[BreakerName, Breaker] = OrderedDict()
        self._opened: dict[str, dict[StoreId, float]] = {}
        """When stores began to fail, by family; those that were failing when the family last moved are known."""
        self._open: dict[str, int] = {}
        self._moves = 0

    @property
    def remembered(self) -> int:
        """Stores with a breaker, counted once per family."""
        return len(self._stores)

    @property
    def standing(self) -> Mapping[str, tuple[BreakerState, int]]:
        """Each family's own state, and how many stores' breakers of it are not closed, as this process knows it."""
        return {family: (one.state, self._open.get(family, 0)) for family, one in self._families.items()}

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """While inside, this process tells the others what opens and closes, and hears them."""
        talking = asyncio.create_task(self._talk.run(self._hear), name="breaker news")
        try:
            yield
        finally:
            talking.cancel()
            await asyncio.wait([talking])
            if not talking.cancelled() and (problem := talking.exception()):
                log.error("breaker_news_ended", why=repr(problem))

    async def admit(self, family: str, store_id: StoreId) -> Admission:
        """Leave to call. Raises Unavailable while the store's or the family's breaker is open."""
        watched = [self._family(family), self._stores.get(BreakerName(family, store_id))]
        shut = [breaker for breaker in watched if breaker is not None and breaker.state is not BreakerState.CLOSED]
        for breaker in shut:
            self._refuse_while_resting(breaker)
        probing: list[Breaker] = []
        try:
            for breaker in shut:
                if await self._may_probe(breaker):
                    probing.append(breaker)
        except BaseException:
            self._give_back(probing)
            raise
        return Admission(family, store_id, self._moves, tuple(probing))

    def record(self, admission: Admission, *, failed: bool) -> None:
        """How the call ended. What an earlier time of a breaker admitted no longer concerns it."""
        name = BreakerName(admission.family, admission.store_id)
        for breaker in admission.probing:
            self._record(breaker, admission, failed)
        store = self._stores.get(name) or (self._add(name) if failed else None)
        if store is not None and store not in admission.probing:
            self._record_in_turn(store, admission, failed)
        if store is not None and store.spotless:
            del self._stores[name]

    def give_back(self, admission: Admission) -> None:
        """The call ended without saying anything about Zid: it was cancelled."""
        self._give_back(admission.probing)

    def _refuse_while_resting(self, breaker: Breaker) -> None:
        if breaker.state is BreakerState.HALF_OPEN or breaker.asking:
            raise self._refusal(breaker, SOON)
        if breaker.rests_for > 0:
            raise self._refusal(breaker, breaker.rests_for)

    def _refusal(self, breaker: Breaker, seconds: float) -> Unavailable:
        return Unavailable("Zid", f"{breaker.name} failed and is left alone for a while", max(seconds, 0.1))

    async def _may_probe(self, breaker: Breaker) -> bool:
        """True to be the one that tries, False when it closed meanwhile. Raises Unavailable."""
        self._refuse_while_resting(breaker)
        breaker.asking = True
        try:
            allowed = await self._talk.may_probe(breaker.name, self._policy.probe_time)
        finally:
            breaker.asking = False
        if breaker.state is BreakerState.CLOSED:
            return False
        if not allowed:
            breaker.rest(SOON)
            raise self._refusal(breaker, SOON)
        breaker.probe()
        return True

    def _give_back(self, probing: list[Breaker] | tuple[Breaker, ...]) -> None:
        for breaker in probing:
            if breaker.state is BreakerState.HALF_OPEN:
                breaker.give_back()
            self._talk.hold_probes(breaker.name, 0.0)

    def _record(self, breaker: Breaker, admission: Admission, failed: bool) -> None:
        if breaker.changed <= admission.counted:
            breaker.record(failed=failed)

    def _record_in_turn(self, store: Breaker, admission: Admission, failed: bool) -> None:
        """A store that begins to fail says something about its family, unless the family has moved since."""
        was_closed = store.state is BreakerState.CLOSED
        self._record(store, admission, failed)
        is_news = self._family(admission.family).changed <= admission.counted
        if was_closed and store.state is BreakerState.OPEN and is_news:
            self._began_to_fail(admission.family, admission.store_id, by_news=False)

    def _began_to_fail(self, family: str, store_id: StoreId, *, by_news: bool) -> None:
        """Every process hears the same news and draws the same conclusion: only the last store's own one tells it."""
        now, known = self._clock.monotonic(), self._opened.get(family, {})
        recent = {one: at for one, at in known.items() if now - at <= self._policy.family_window}
        self._opened[family] = {**recent, store_id: now}
        breaker = self._family(family)
        if breaker.state is BreakerState.CLOSED and family_fails(self._opened[family].values(), self._policy, now):
            breaker.trip(by_news=by_news)

    def _family(self, family: str) -> Breaker:
        if family not in self._families:
            self._families[family] = Breaker(BreakerName(family), self._policy, self._clock, self._moved)
            self._metrics.set("breaker_state", BreakerState.CLOSED, family=family)
        return self._families[family]

    def _add(self, name: BreakerName) -> Breaker:
        """A store's new breaker; the one that is missed least makes room."""
        if len(self._stores) >= self._policy.remembered:
            closed = (known for known, breaker in self._stores.items() if breaker.state is BreakerState.CLOSED)
            self._forget(next(closed, next(iter(self._stores))))
        self._stores[name] = Breaker(name, self._policy, self._clock, self._moved)
        return self._stores[name]

    def _forget(self, name: BreakerName) -> None:
        breaker = self._stores.pop(name)
        self._count_open(breaker, Move(breaker.state, by_news=True), BreakerState.CLOSED)

    def _hear(self, news: News) -> None:
        """Another process says that a breaker opened, or closed. Whoever probes here goes by his own answer."""
        store_id = news.name.store_id
        known = self._family(news.name.family) if store_id is None else self._stores.get(news.name)
        if known is not None and known.state is BreakerState.HALF_OPEN:
            return
        if news.opened:
            began = known is None or known.state is BreakerState.CLOSED
            (known or self._add(news.name)).trip(by_news=True)
            if began and store_id is not None:
                self._began_to_fail(news.name.family, store_id, by_news=True)
        elif known is not None:
            known.close(by_news=True)

    def _moved(self, breaker: Breaker, move: Move) -> None:
        self._moves += 1
        breaker.changed = self._moves
        self._forget_openings(breaker)
        self._show(breaker, move)
        if move.by_news or breaker.state is BreakerState.HALF_OPEN:
            return
        opened = breaker.state is BreakerState.OPEN
        if move.left is BreakerState.HALF_OPEN:
            self._talk.hold_probes(breaker.name, self._policy.rest if opened else LEFT_TO_LAGGARDS)
        self._talk.tell(breaker.name, opened=opened)

    def _forget_openings(self, breaker: Breaker) -> None:
        """What led to the family's move leads to no second one; a store that is well again does not count."""
        if breaker.name.store_id is None:
            self._opened.pop(breaker.name.family, None)
        elif breaker.state is BreakerState.CLOSED:
            self._opened.get(breaker.name.family, {}).pop(breaker.name.store_id, None)

    def _show(self, breaker: Breaker, move: Move) -> None:
        name = breaker.name
        if breaker.state is not move.left:
            log.warning(
                "zid_breaker",
                family=name.family,
                store_id=name.store_id,
                state=breaker.state.name.lower(),
                by_news=move.by_news,
            )
        if name.store_id is None:
            self._metrics.set("breaker_state", breaker.state, family=name.family)
        else:
            self._count_open(breaker, move, breaker.state)

    def _count_open(self, breaker: Breaker, move: Move, state: BreakerState) -> None:
        family = breaker.name.family
        change = (state is not BreakerState.CLOSED) - (move.left is not BreakerState.CLOSED)
        self._open[family] = self._open.get(family, 0) + change
        self._metrics.set("breakers_open", self._open[family], family=family)
