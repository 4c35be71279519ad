"""What the store of idempotency keys promises."""

import asyncio

from core.domain.idempotency import (
    Fresh,
    IdempotencyKey,
    InProgress,
    KeptAnswer,
    Mismatch,
    OutcomeLost,
    Replay,
    fingerprint,
)
from core.ids import WorkerId
from tests.contract.worlds import LedgerWorld

KEY = IdempotencyKey("key-1 POST /v1/stores/{store_id}/orders", "abc")
ASKED = fingerprint("POST", "/v1/stores/1/orders", b'{"a": 1}')
OTHER = fingerprint("POST", "/v1/stores/1/orders", b'{"a": 2}')
ANSWER = KeptAnswer(201, b'{"id": 7}\x00', {"Content-Type": "application/json"})


async def joined(world: LedgerWorld) -> WorkerId:
    return await world.workers.join("http")


async def begun(world: LedgerWorld, worker: WorkerId, key: IdempotencyKey = KEY) -> int:
    fresh = await world.keys.begin(key, ASKED, worker=worker)
    assert isinstance(fresh, Fresh)
    return fresh.claim


async def test_of_many_callers_one_is_first(world: LedgerWorld) -> None:
    worker = await joined(world)
    found = await asyncio.gather(*(world.keys.begin(KEY, ASKED, worker=worker) for _ in range(12)))
    assert sorted(type(one).__name__ for one in found) == ["Fresh", *["InProgress"] * 11]


async def test_an_answer_is_given_again_as_it_was(world: LedgerWorld) -> None:
    worker = await joined(world)
    assert await world.keys.finish(KEY, await begun(world, worker), ANSWER)
    assert await world.keys.begin(KEY, ASKED, worker=await joined(world)) == Replay(ANSWER)


async def test_another_request_under_the_key_is_told_whatever_became_of_the_first(world: LedgerWorld) -> None:
    worker = await joined(world)
    claim = await begun(world, worker)
    assert await world.keys.begin(KEY, OTHER, worker=worker) == Mismatch()
    await world.keys.finish(KEY, claim, ANSWER)
    assert await world.keys.begin(KEY, OTHER, worker=worker) == Mismatch()


async def test_scopes_are_apart(world: LedgerWorld) -> None:
    worker = await joined(world)
    others = [IdempotencyKey("key-2 POST /v1/stores/{store_id}/orders", "abc"), IdempotencyKey(KEY.scope + "a", "bc")]
    for key in (KEY, *others):
        assert isinstance(await world.keys.begin(key, ASKED, worker=worker), Fresh)
    assert isinstance(await world.keys.begin(KEY, ASKED, worker=worker), InProgress)


async def test_what_a_dead_worker_left_is_never_begun_again(world: LedgerWorld) -> None:
    gone, alive = await joined(world), await joined(world)
    await begun(world, gone)
    assert isinstance(await world.keys.begin(KEY, ASKED, worker=alive), InProgress)
    await world.hands.expire_lease(gone)
    assert isinstance(await world.keys.begin(KEY, ASKED, worker=alive), OutcomeLost)
    await world.maintenance.release_orphans()
    assert isinstance(await world.keys.begin(KEY, ASKED, worker=alive), OutcomeLost)


async def test_a_late_answer_of_a_lost_worker_is_kept(world: LedgerWorld) -> None:
    gone, alive = await joined(world), await joined(world)
    claim = await begun(world, gone)
    await world.hands.expire_lease(gone)
    assert await world.keys.finish(KEY, claim, ANSWER)
    assert await world.keys.begin(KEY, ASKED, worker=alive) == Replay(ANSWER)


async def test_an_abandoned_key_is_free_again(world: LedgerWorld) -> None:
    worker = await joined(world)
    first = await begun(world, worker)
    await world.keys.abandon(KEY, first)
    second = await begun(world, worker)
    assert second != first
    assert not await world.keys.finish(KEY, first, ANSWER)
    await world.keys.abandon(KEY, first)
    assert isinstance(await world.keys.begin(KEY, ASKED, worker=worker), InProgress)


async def test_an_answer_is_written_once(world: LedgerWorld) -> None:
    claim = await begun(world, await joined(world))
    assert await world.keys.finish(KEY, claim, ANSWER)
    assert not await world.keys.finish(KEY, claim, KeptAnswer(500, b""))
    await world.keys.abandon(KEY, claim)
    assert await world.keys.begin(KEY, ASKED, worker=await joined(world)) == Replay(ANSWER)


async def test_a_key_past_its_day_is_new_and_its_old_claim_worth_nothing(world: LedgerWorld) -> None:
    worker = await joined(world)
    old = await begun(world, worker)
    await world.hands.expire_idempotency()
    new = await begun(world, worker)
    assert not await world.keys.finish(KEY, old, ANSWER)
    assert await world.keys.finish(KEY, new, ANSWER)


async def test_the_sweep_forgets_expired_keys_within_its_limit(world: LedgerWorld) -> None:
    worker = await joined(world)
    for number in range(3):
        await begun(world, worker, IdempotencyKey("scope", str(number)))
    assert await world.maintenance.forget_expired(limit=2) == 0
    await world.hands.expire_idempotency()
    assert [await world.maintenance.forget_expired(limit=2) for _ in range(3)] == [2, 1, 0]
    await begun(world, worker, IdempotencyKey("scope", "0"))


async def test_finishing_what_was_never_begun_changes_nothing(world: LedgerWorld) -> None:
    assert not await world.keys.finish(KEY, 1, ANSWER)
    await world.keys.abandon(KEY, 1)
