"""Renewing tokens: what each answer of Zid leads to."""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.memory.token_vault import MemoryTokenVault
from core.domain.audit import AuditEntry
from core.domain.refresh_backoff import PATIENCE
from core.domain.stores import InstallState
from core.domain.tokens import RefreshOutcome, Tokens, TokenSet
from core.errors import (
    ClientRejected,
    NeedsReauthorization,
    RefreshInProgress,
    ServerFault,
    Unavailable,
)
from core.ids import StoreId, WorkerId
from core.ports.installations import Intent
from tests.unit.zid.oauth_model import STORE, Answering, EventfulClock, StoreWorld


async def world_answering(*answers: Answering) -> StoreWorld:
    """An installed store; the token endpoint gives these answers, then OK."""
    world = StoreWorld()
    await world.install()
    coming = itertools.chain(answers, itertools.repeat(Answering.OK))
    world.zid.answering = lambda: next(coming)
    return world


async def state_of(world: StoreWorld) -> InstallState:
    install = await world.installations.current(STORE)
    assert install is not None
    return install.state


async def test_a_renewal_stores_the_next_generation_and_is_audited() -> None:
    world = await world_answering()
    seen = await world.tokens()
    renewed = await world.refresher().renew(seen)
    assert renewed == await world.tokens()
    assert (renewed.generation, renewed.tokens.authorization.reveal()) == (2, "bearer-2")
    assert world.actions() == ["install.activated", "token.refreshed"]
    assert world.metrics.counted("token_refresh_total", outcome="renewed") == 1


async def test_a_caller_with_an_old_generation_gets_the_newer_one_without_asking_zid() -> None:
    world = await world_answering()
    first = await world.tokens()
    await world.refresher().renew(first)
    again = await world.refresher().renew(first)
    assert again.generation == 2
    assert len(world.zid.sent) == 1


@pytest.mark.parametrize("missing", ["authorization", "refresh_token", "expires_in", "access_token"])
async def test_a_field_that_zid_leaves_out_keeps_its_value(missing: str) -> None:
    world = await world_answering()
    before = (await world.tokens()).tokens
    world.zid.leave_out = frozenset({missing})
    after = (await world.refresher().renew(await world.tokens())).tokens
    kept = {
        "authorization": after.authorization == before.authorization,
        "access_token": after.manager_token == before.manager_token,
        "refresh_token": after.refresh_token == before.refresh_token,
        "expires_in": after.expires_at == before.expires_at,
    }
    changed = {name for name, same in kept.items() if not same}
    # The model's clock stands still, so a lifetime that is sent ends at the same moment.
    assert changed == {"authorization", "access_token", "refresh_token"} - {missing}


async def test_what_was_not_sent_touches_nothing_and_may_be_tried_again() -> None:
    world = await world_answering(Answering.NOT_SENT)
    seen = await world.tokens()
    with pytest.raises(Unavailable) as caught:
        await world.refresher().renew(seen)
    assert not isinstance(caught.value, ServerFault)
    assert await state_of(world) is InstallState.ACTIVE
    assert world.database.intents == {}
    assert (await world.refresher().renew(seen)).generation == 2


async def test_a_fault_of_zid_is_met_three_times_with_pauses() -> None:
    world = await world_answering(*[Answering.FAULT] * 3)
    before = world.clock.monotonic()
    with pytest.raises(ServerFault):
        await world.refresher().renew(await world.tokens())
    assert world.zid.sent == [Answering.FAULT] * 3
    assert world.clock.monotonic() > before
    assert world.database.intents == {}
    assert await state_of(world) is InstallState.ACTIVE


async def test_a_fault_that_passes_is_not_noticed() -> None:
    world = await world_answering(Answering.FAULT, Answering.FAULT)
    assert (await world.refresher().renew(await world.tokens())).generation == 2


async def test_our_own_wrong_secret_harms_no_store() -> None:
    world = await world_answering(Answering.CLIENT_FAULT)
    with pytest.raises(ClientRejected):
        await world.refresher().renew(await world.tokens())
    assert await state_of(world) is InstallState.ACTIVE
    assert world.database.intents == {}


async def test_a_refused_refresh_token_asks_the_merchant_once() -> None:
    world = await world_answering(Answering.REFUSED)
    seen = await world.tokens()
    for _ in range(3):
        with pytest.raises(NeedsReauthorization):
            await world.refresher().renew(seen)
        with pytest.raises(NeedsReauthorization):
            await world.refresher().current(STORE)
    assert await state_of(world) is InstallState.NEEDS_REAUTHORIZATION
    assert world.actions().count("install.needs_reauthorization") == 1
    assert len(world.zid.sent) == 1


async def test_tokens_that_work_after_a_lost_answer_are_kept() -> None:
    world = await world_answering(Answering.LOST_BEFORE)
    seen = await world.tokens()
    renewal = await world.refresher().attempt(seen)
    assert (renewal.outcome, renewal.tokens) == (RefreshOutcome.UNKNOWN, seen)
    assert world.actions().count("token.refresh_lost") == 1
    again = await world.refresher().attempt(seen)
    assert again.outcome is RefreshOutcome.UNKNOWN
    assert len(world.zid.sent) == 1, "a generation whose answer was lost is not exchanged while its tokens work"


async def test_dead_tokens_after_a_lost_answer_get_exactly_one_last_resort() -> None:
    world = await world_answering(Answering.LOST_AFTER)
    seen = await world.tokens()
    for _ in range(3):
        with pytest.raises(NeedsReauthorization):
            await world.refresher().renew(seen)
    assert world.zid.arrivals["refresh-1"] == 2
    assert await state_of(world) is InstallState.NEEDS_REAUTHORIZATION


async def test_the_last_resort_saves_the_store_when_zid_had_not_rotated() -> None:
    world = await world_answering(Answering.LOST_BEFORE)
    seen = await world.tokens()
    world.clock.advance((timedelta(days=365) - timedelta(days=6)).total_seconds())
    renewal = await world.refresher().attempt(seen)
    assert (renewal.outcome, renewal.tokens.generation) == (RefreshOutcome.RENEWED, 2)
    assert world.zid.arrivals["refresh-1"] == 2


async def test_a_last_resort_that_was_not_sent_remains_for_later() -> None:
    world = await world_answering(Answering.LOST_BEFORE, Answering.NOT_SENT)
    seen = await world.tokens()
    world.clock.advance(timedelta(days=360).total_seconds())
    with pytest.raises(Unavailable):
        await world.refresher().renew(seen)
    assert (await world.refresher().renew(seen)).generation == 2


async def test_a_lost_last_resort_is_the_end() -> None:
    world = await world_answering(Answering.LOST_BEFORE, Answering.LOST_BEFORE)
    seen = await world.tokens()
    world.clock.advance(timedelta(days=360).total_seconds())
    for _ in range(2):
        with pytest.raises(NeedsReauthorization):
            await world.refresher().renew(seen)
    assert world.zid.arrivals["refresh-1"] == 2


async def test_while_zid_cannot_be_asked_the_doubt_stays() -> None:
    world = await world_answering(Answering.LOST_AFTER)
    seen = await world.tokens()
    world.zid.probe_failures = 1
    with pytest.raises(Unavailable):
        await world.refresher().renew(seen)
    assert await state_of(world) is InstallState.ACTIVE
    assert await world.book.begin(seen.install_id, seen.generation, WorkerId(5)) is Intent.UNKNOWN


async def test_waiting_for_a_live_worker_ends_with_its_tokens() -> None:
    clock = EventfulClock(at=20)
    world = StoreWorld(clock=clock)
    await world.install()
    seen = await world.tokens()
    await world.book.begin(seen.install_id, seen.generation, world.worker(1))
    answer = world.zid.issue()
    clock.event = lambda: world.store_answer(seen, answer)
    assert (await world.refresher().renew(seen)).tokens.authorization.reveal() == "bearer-2"
    assert clock.monotonic() < 23
    assert world.zid.sent == []


async def test_waiting_for_a_live_worker_has_an_end() -> None:
    world = await world_answering()
    seen = await world.tokens()
    await world.book.begin(seen.install_id, seen.generation, world.worker(1))
    with pytest.raises(RefreshInProgress):
        await world.refresher().renew(seen)
    assert 60 <= world.clock.monotonic() < 65
    assert world.zid.sent == []


async def test_a_reinstall_meanwhile_gives_its_own_tokens() -> None:
    world = await world_answering()
    seen = await world.tokens()
    await world.install()
    assert (await world.refresher().renew(seen)).install_id == 2
    assert world.zid.sent == []


async def test_an_uninstalled_store_has_no_tokens() -> None:
    world = await world_answering()
    seen = await world.tokens()
    await world.installations.end(seen.install_id, audit=world.database.audit[0])
    with pytest.raises(NeedsReauthorization):
        await world.refresher().renew(seen)
    with pytest.raises(NeedsReauthorization):
        await world.refresher().current(STORE)


class TestDue:
    """What the scheduler does with stores whose time has come."""

    @staticmethod
    async def due(world: StoreWorld) -> Iterable[tuple[str, str | None]]:
        world.clock.advance(timedelta(days=301).total_seconds())
        return [(entry.outcome, entry.problem) for entry in await world.renewer().run(10)]

    async def test_a_due_store_is_renewed_and_due_again_much_later(self) -> None:
        world = await world_answering()
        assert await self.due(world) == [("renewed", None)]
        (row,) = world.database.refresh_due.values()
        assert row.due_at - world.clock.now() > timedelta(days=230)
        assert await world.renewer().run(10) == []

    @pytest.mark.parametrize(
        ("answer", "outcome"),
        [
            (Answering.NOT_SENT, "not_sent"),
            (Answering.FAULT, "server_error"),
            (Answering.CLIENT_FAULT, "client_fault"),
        ],
    )
    async def test_what_fails_comes_back_ever_more_patiently(self, answer: Answering, outcome: str) -> None:
        world = await world_answering(*[answer] * 100)
        (found,) = await self.due(world)
        assert found[0] == outcome
        patience = PATIENCE[RefreshOutcome(outcome)]
        for failures in range(8):
            (row,) = world.database.refresh_due.values()
            waited = row.due_at - world.clock.now()
            assert patience.wait(failures, 0.0) <= waited <= patience.wait(failures, 1.0)
            world.clock.advance(waited.total_seconds())
            assert len(await world.renewer().run(10)) == 1

    async def test_a_doubtful_store_rests_until_a_week_before_its_end(self) -> None:
        world = await world_answering(Answering.LOST_BEFORE)
        assert await self.due(world) == [("unknown", None)]
        (row,) = world.database.refresh_due.values()
        expires_at = (await world.tokens()).tokens.expires_at
        assert expires_at is not None
        assert row.due_at == expires_at - timedelta(days=7)
        world.clock.advance((row.due_at - world.clock.now()).total_seconds())
        assert [entry.outcome for entry in await world.renewer().run(10)] == ["renewed"]

    async def test_a_refused_store_is_not_due_any_more(self) -> None:
        world = await world_answering(Answering.REFUSED)
        (found,) = await self.due(world)
        assert found[0] == "refused"
        world.clock.advance(timedelta(days=1).total_seconds())
        assert await world.renewer().run(10) == []

    async def test_an_unreadable_row_does_not_stop_the_others(self) -> None:
        world = await world_answering()
        broken = await world.install(StoreId(1002))
        await world.install(STORE)
        row = world.database.tokens[broken.install_id]
        world.database.tokens[broken.install_id] = replace(row, sealed=b"x" * 64)
        assert {outcome for outcome, _ in await self.due(world)} == {"unreadable", "renewed"}

    async def test_a_slow_zid_leaves_the_rest_to_others(self) -> None:
        world = await world_answering()
        for number in range(9):
            await world.install(StoreId(2000 + number))

        async def slow() -> None:
            world.clock.advance(20)

        world.zid.turn = slow
        found = list(await self.due(world))
        assert 0 < len(found) < 10
        world.clock.advance(300)
        again = await world.renewer().run(10)
        assert len(found) + len(again) >= 10, "what was left comes back"


async def test_a_person_may_ask_for_a_renewal_and_is_named() -> None:
    world = await world_answering()
    renewal = await world.refresher().refresh_now(STORE, actor="key:ops")
    assert renewal.outcome is RefreshOutcome.RENEWED
    assert [entry.actor for entry in world.database.audit if entry.action == "token.refresh_asked"] == ["key:ops"]


class FlakyVault(MemoryTokenVault):
    """The database is away for the first writes."""

    def __init__(self, world: StoreWorld, failures: int) -> None:
        super().__init__(world.database, world.sealer)
        self._failures = failures

    async def replace(self, seen: TokenSet, tokens: Tokens, *, refresh_at: datetime, audit: AuditEntry) -> bool:
        self._failures -= 1
        if self._failures >= 0:
            raise Unavailable("the database")
        return await super().replace(seen, tokens, refresh_at=refresh_at, audit=audit)


async def test_tokens_are_stored_when_the_database_comes_back() -> None:
    world = await world_answering()
    world.vault = FlakyVault(world, failures=3)
    assert (await world.refresher().renew(await world.tokens())).generation == 2
    assert len(world.zid.sent) == 1


async def test_tokens_that_cannot_be_stored_leave_their_generation_in_doubt() -> None:
    world = await world_answering()
    seen = await world.tokens()
    world.vault = FlakyVault(world, failures=10_000)
    with pytest.raises(Unavailable):
        await world.refresher().renew(seen)
    assert await world.book.begin(seen.install_id, seen.generation, world.worker(2)) is Intent.UNKNOWN
