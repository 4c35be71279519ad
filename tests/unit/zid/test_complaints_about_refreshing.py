"""What users of such software complained of about refresh tokens: each a test named after it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.zid.token_source import SharedRenewals
from core.domain.stores import InstallState
from core.domain.tokens import TokenSet
from core.errors import Unavailable
from core.ports.zid_gateway import TokenSource
from tests.unit.zid.oauth_model import STORE, Answering, StoreWorld

CALLERS = 20


async def installed() -> StoreWorld:
    world = StoreWorld()
    await world.install()
    return world


async def renewed_together(world: StoreWorld, seen: TokenSet, *sources: TokenSource) -> set[TokenSet]:
    """By many callers of each source at the same time."""
    world.zid.turn = lambda: asyncio.sleep(0)
    calls = [source.renew(seen) for source in sources for _ in range(CALLERS)]
    return set(await asyncio.gather(*calls))


async def test_nango_1005_a_renewal_that_failed_or_hung_is_not_stuck_until_a_restart() -> None:
    world = await installed()
    seen, shared = await world.tokens(), SharedRenewals(world.refresher())
    world.zid.answering = lambda: Answering.NOT_SENT
    with pytest.raises(Unavailable):
        await shared.renew(seen)
    hung = asyncio.Event()
    world.zid.turn = hung.wait  # type: ignore[assignment]  # what it returns is not looked at
    world.zid.answering = lambda: Answering.OK
    gone_away = asyncio.create_task(shared.renew(seen))
    await asyncio.sleep(0)
    gone_away.cancel()
    hung.set()
    assert (await shared.renew(seen)).generation == 2


async def test_fastmcp_4901_who_loses_the_race_gets_the_winners_tokens_and_no_invalid_grant() -> None:
    world = await installed()
    seen = await world.tokens()
    sources = [world.refresher(world.worker(number)) for number in range(3)]
    assert await renewed_together(world, seen, *sources) == {await world.tokens()}
    assert world.zid.sent == [Answering.OK]


async def test_hqbase_41_and_workers_sdk_15136_two_at_once_never_look_like_a_replay() -> None:
    world = await installed()
    for generation in range(2, 6):
        seen = await world.tokens()
        await renewed_together(world, seen, world.refresher(world.worker(1)), SharedRenewals(world.refresher()))
        assert (await world.tokens()).generation == generation
    assert set(world.zid.arrivals.values()) == {1}


async def test_floway_67_and_sub2api_1382_a_refusal_is_believed_only_after_a_second_look_at_the_vault() -> None:
    world = await installed()
    seen = await world.tokens()

    async def somebody_was_faster() -> None:
        world.zid.turn = lambda: asyncio.sleep(0)
        await world.store_answer(seen, world.zid.issue())

    world.zid.turn = somebody_was_faster
    world.zid.answering = lambda: Answering.REFUSED
    assert (await world.refresher().renew(seen)) == await world.tokens()
    install = await world.installations.current(STORE)
    assert install is not None
    assert install.state is InstallState.ACTIVE
    assert world.database.alerts == []


async def test_shopify_app_js_3400_an_answer_without_a_lifetime_bricks_no_store() -> None:
    world = await installed()
    world.zid.leave_out = frozenset({"expires_in"})
    for generation in range(2, 6):
        world.clock.advance(timedelta(days=100).total_seconds())
        await world.refresher().renew(await world.tokens())
        assert (await world.tokens()).generation == generation
        [row] = world.database.refresh_due.values()
        assert row.due_at - world.clock.now() > timedelta(days=3), "not for ever"
        assert row.due_at - world.clock.now() < timedelta(days=300), "and not never"


async def test_shopify_app_js_3298_what_a_renewal_brings_is_what_the_next_one_sends() -> None:
    world = await installed()
    for number in range(1, 4):
        seen = await world.tokens()
        assert seen.tokens.refresh_token.reveal() == f"refresh-{number}"
        await world.refresher().renew(seen)
    assert list(world.zid.arrivals) == ["refresh-1", "refresh-2", "refresh-3"]
