"""Runs over stores whose tokens are due: shared by many hands, ended when Zid meets every store the same bad way."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest

from core.domain.alerts import AlertKind
from core.domain.tokens import RefreshOutcome
from core.features.renew_due_tokens import HOLD, REST
from core.ids import StoreId
from core.ports.alerts import AlertFilter
from tests.unit.zid.oauth_model import STORE, Answering, OAuthModel, StoreWorld

FIRST = 2000


async def due_stores(number: int, answering: Callable[[], Answering] = lambda: Answering.OK) -> StoreWorld:
    """Stores with tokens of Zids of their own, so that one renewal does not end another's tokens."""
    world = StoreWorld(zid=Crowd())
    for store_id in range(FIRST, FIRST + number):
        await world.install(StoreId(store_id))
    world.zid.answering = answering
    world.clock.advance(timedelta(days=301).total_seconds())
    return world


class Crowd(OAuthModel):
    """Takes any refresh token that it gave out and did not take before."""

    async def refresh(self, refresh_token: str) -> dict[str, object]:
        await self.turn()
        good = self.arrivals[refresh_token] == 0
        return dict(self._answer(self.answering(), refresh_token, good=good))


async def test_many_hands_share_a_run_and_each_store_is_renewed_once() -> None:
    world = await due_stores(40)
    world.zid.turn = lambda: asyncio.sleep(0)
    renewing = world.renewer()
    run = await renewing.claim(30)
    await asyncio.gather(*(renewing.work(run) for _ in range(7)))
    report = await renewing.close(run)
    assert sorted(one.store_id for one in run.done) == list(range(FIRST, FIRST + 30))
    assert (report.claimed, report.tried, report.renewed, report.stopped) == (30, 30, 30, None)
    assert set(world.zid.arrivals.values()) == {1}
    assert len(await renewing.run(30)) == 10


async def test_a_run_is_written_down_and_one_of_nothing_is_not() -> None:
    world = await due_stores(3)
    await world.renewer().run(10)
    await world.renewer().run(10)
    standing = await world.reports.standing(world.clock.now())
    assert (standing.due, standing.last_run) == (0, world.database.refresh_runs[-1])
    assert [run.outcomes for run in world.database.refresh_runs] == [{RefreshOutcome.RENEWED: 3}]


@pytest.mark.parametrize(
    ("answer", "tried"), [(Answering.NOT_SENT, 5), (Answering.FAULT, 5), (Answering.CLIENT_FAULT, 1)]
)
async def test_what_meets_every_store_alike_ends_the_run_and_the_rest_comes_back_soon(
    answer: Answering, tried: int
) -> None:
    world = await due_stores(50, lambda: answer)
    done = await world.renewer().run(50)
    assert len(done) == tried
    assert world.database.refresh_runs[-1].stopped is done[-1].outcome
    back = {row.due_at - world.clock.now() for row in world.database.refresh_due.values() if row.failures == 0}
    assert len(back) == 1
    assert timedelta(seconds=REST) <= back.pop() <= timedelta(seconds=2 * REST)
    assert [row.failures for row in world.database.refresh_due.values()].count(1) == tried


async def test_failures_between_successes_end_nothing() -> None:
    answers = itertools.cycle([Answering.NOT_SENT] * 4 + [Answering.OK])
    world = await due_stores(20, lambda: next(answers))
    assert len(await world.renewer().run(20)) == 20
    assert world.database.refresh_runs[-1].stopped is None


async def test_stores_that_are_refused_one_by_one_end_nothing() -> None:
    world = await due_stores(12, lambda: Answering.REFUSED)
    done = await world.renewer().run(12)
    assert [one.outcome for one in done] == [RefreshOutcome.REFUSED] * 12
    assert (await world.alerts.open_counts())[AlertKind.NEEDS_REAUTHORIZATION] == 12


async def test_a_store_that_got_another_due_time_keeps_it_when_the_rest_is_given_back() -> None:
    world = await due_stores(2, lambda: Answering.NOT_SENT)
    renewing = world.renewer()
    run = await renewing.claim(2)
    world.zid.answering = lambda: Answering.OK
    await world.refresher().renew(await world.tokens(StoreId(FIRST)))
    run.stopped = RefreshOutcome.NOT_SENT
    await renewing.close(run)
    renewed, other = world.database.refresh_due.values()
    assert renewed.due_at - world.clock.now() > timedelta(days=200)
    assert other.due_at - world.clock.now() < timedelta(seconds=2 * REST + 1)


async def test_a_run_ends_before_its_claim_runs_out() -> None:
    world = await due_stores(10)

    async def slow() -> None:
        world.clock.advance(20)

    world.zid.turn = slow
    began = world.clock.monotonic()
    done = await world.renewer().run(10)
    assert 0 < len(done) < 10
    assert world.clock.monotonic() - began < HOLD
    world.clock.advance(2 * REST)
    assert len(done) + len(await world.renewer().run(10)) >= 10, "what was left comes back"


async def test_a_wrong_client_secret_is_told_once_and_once_more_when_it_is_right() -> None:
    answers = itertools.chain([Answering.CLIENT_FAULT] * 3, itertools.repeat(Answering.OK))
    world = await due_stores(1, lambda: next(answers))
    outcomes = []
    for _ in range(4):
        outcomes += [one.outcome.value for one in await world.renewer().run(10)]
        world.clock.advance(3600)
    assert outcomes == ["client_fault"] * 3 + ["renewed"]
    [known] = await world.alerts.page(AlertFilter(kind=AlertKind.CLIENT_REJECTED))
    assert known.healed_at is not None
    assert [news.change.value for news in await world.alerts.claim_news(limit=9, hold=1)] == ["raised", "healed"]


async def test_what_somebody_else_is_slow_about_is_left_to_him() -> None:
    world = StoreWorld()
    await world.install()
    seen = await world.tokens()
    await world.book.begin(seen.install_id, seen.generation, world.worker(1))
    world.clock.advance(timedelta(days=301).total_seconds())
    [done] = await world.renewer().run(10)
    assert (done.store_id, done.outcome) == (STORE, RefreshOutcome.HELD)
    (row,) = world.database.refresh_due.values()
    assert row.failures == 0
    assert row.due_at > world.clock.now()
