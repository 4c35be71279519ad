"""Every order of install, uninstall, reinstall, renewal, webhook, work and backfill: no install touches another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.event_states import FINISHED
from core.domain.stores import InstallState
from core.errors import LostClaim
from core.ids import EventId, InstallId
from tests.thoroughness import examples
from tests.unit.pipeline.gates import Gates
from tests.unit.pipeline.install_life import Life
from tests.unit.zid.oauth_model import STORE, Answering

AT_ONCE = 5
DECISIONS = 120
MOSTLY_OK = [Answering.OK] * 8 + [Answering.FAULT, Answering.NOT_SENT, Answering.LOST_AFTER]
OFTEN = {"deliver": 5, "consume": 4, "handle": 5, "fill": 2, "renew": 2, "hint": 2, "install": 1, "uninstall": 1}
BEGINNINGS = [what for what, times in OFTEN.items() for _ in range(times)] + ["revoke"]


class Watch:
    """Looks after every step whether what must hold does."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.serving: dict[InstallId, str] = {}
        """The latest refresh token that each install stored."""
        self.generations: dict[InstallId, int] = {}
        self.seen_effects = 0
        self.seen_entries = 0

    async def look(self) -> None:
        self._tokens_belong_to_live_installs()
        self._no_work_of_the_dead_waits()
        self._no_effect_after_the_fence()
        await self._generations_only_grow()
        self._only_those_that_zid_refuses_ended()
        assert (await self.life.reader.books()).balanced

    def _tokens_belong_to_live_installs(self) -> None:
        database, live = self.life.database, self.life.live()
        assert len(live) <= 1
        for table in (database.tokens, database.data_keys, database.refresh_due):
            assert set(table) <= live
        assert {install_id for install_id, _ in database.intents} <= live

    def _no_work_of_the_dead_waits(self) -> None:
        for row in [*self.life.database.events.values(), *self.life.database.runs.values()]:
            if row.install_id in self.life.fencing.fenced:
                assert row.state in FINISHED, f"work of install {row.install_id} is {row.state}"

    def _no_effect_after_the_fence(self) -> None:
        effects = self.life.database.effects
        for _, (event_id,) in effects[self.seen_effects :]:
            assert isinstance(event_id, type(self.life.ids.event_id()))
            event = self.life.database.events[EventId(event_id)]
            assert event.install_id not in self.life.fencing.fenced, "an effect for an install that is over"
        self.seen_effects = len(effects)

    async def _generations_only_grow(self) -> None:
        held = await self.life.vault.open(STORE)
        if held is None:
            return
        assert held.generation >= self.generations.get(held.install_id, 0), "an older generation was stored"
        self.generations[held.install_id] = held.generation
        self.serving[held.install_id] = held.tokens.authorization.reveal()

    def _only_those_that_zid_refuses_ended(self) -> None:
        entries = self.life.database.audit
        for entry in entries[self.seen_entries :]:
            if entry.action == "install.uninstalled":
                assert entry.install_id is not None
                valid = f"bearer-{self.life.zid.valid}"
                served = self.serving.get(entry.install_id) == valid and not self.life.zid.uninstalled
                assert not served, f"install {entry.install_id} was ended although Zid takes its tokens"
        self.seen_entries = len(entries)


def beginning(life: Life, what: str, data: st.DataObject) -> Callable[[], Awaitable[object]]:
    match what:
        case "install":
            return life.installing
        case "uninstall":
            return life.uninstalled
        case "hint":
            return life.hinted
        case "renew":
            return life.renewed
        case "consume":
            return life.consumed
        case "handle":
            return life.handled
        case "fill":
            return life.filled
        case "revoke":
            return life.revoked
        case _:
            of = data.draw(st.sampled_from([*life.known, *life.known[-1:] * 3]), label="of")
            return partial(life.delivered, of.install_id)


async def play(data: st.DataObject) -> None:
    gates = Gates()
    life = Life(gates)
    watch = Watch(life)
    await life.installing()
    await watch.look()
    life.zid.answering = lambda: data.draw(st.sampled_from(MOSTLY_OK), label="Zid answers")
    for _ in range(3):
        await life.delivered(life.known[0].install_id)
    try:
        for number in range(data.draw(st.integers(50, DECISIONS), label="decisions")):
            waiting = gates.waiting
            if len(gates.running) < AT_ONCE and (not waiting or data.draw(st.integers(0, 3), label="begin?") == 0):
                what = data.draw(st.sampled_from(BEGINNINGS), label="begin")
                gates.start(f"{number} {what}", beginning(life, what, data))
                await gates.settle()
            elif waiting:
                await gates.step(data.draw(st.sampled_from(waiting), label="next"))
            await watch.look()
        while gates.running:
            assert gates.waiting, f"{gates.running} wait for each other"
            for name in gates.waiting:
                await gates.step(name)
                await watch.look()
        await settled(life, gates, watch)
    finally:
        await gates.end()


async def settled(life: Life, gates: Gates, watch: Watch) -> None:
    """When nobody is at it any more: what Zid says is what is, and nothing is left over."""
    life.zid.answering = lambda: Answering.OK
    gates.start("hint", life.hinted)
    await gates.settle()
    await gates.finish()
    await watch.look()
    current = await life.installations.current(STORE)
    assert current is not None
    if life.zid.uninstalled:
        assert current.state is InstallState.UNINSTALLED
    ended = [install for install in life.known if install.state is InstallState.UNINSTALLED]
    assert {install.install_id for install in ended} == life.fencing.fenced
    epochs = [install.epoch for install in life.known]
    assert epochs == list(range(1, len(epochs) + 1))


@settings(max_examples=examples(20))
@given(st.data())
def test_no_order_lets_one_install_touch_another(data: st.DataObject) -> None:
    asyncio.run(play(data))


@pytest.mark.parametrize("head_start", range(0, 40, 3))
def test_a_late_uninstall_leaves_the_reinstall_alone_wherever_it_comes_between(head_start: int) -> None:
    """The hint of the first install is being decided while the second begins."""

    async def play() -> None:
        gates = Gates()
        life = Life(gates)
        watch = Watch(life)
        await life.installing()
        await life.uninstalled()
        gates.start("hint", life.hinted)
        await gates.settle()
        for _ in range(head_start):
            if "hint" in gates.waiting:
                await gates.step("hint")
        gates.start("install", life.installing)
        await gates.settle()
        await gates.finish()
        await watch.look()
        current = await life.installations.current(STORE)
        assert current is not None
        assert (current.epoch, current.state) == (2, InstallState.ACTIVE)
        assert await life.vault.open(STORE) is not None

    asyncio.run(play())


@pytest.mark.parametrize("head_start", range(8))
def test_an_effect_is_kept_only_of_an_install_that_is_live_when_it_commits(head_start: int) -> None:
    """A handler is at work, stopped at each of its steps in turn, while a person ends the install."""

    async def play() -> None:
        gates = Gates()
        life = Life(gates)
        watch = Watch(life)
        await life.installing()
        await life.delivered(life.known[0].install_id)
        await life.consumed()
        gates.start("handle", life.handled)
        await gates.settle()
        for _ in range(head_start):
            if "handle" in gates.waiting:
                await gates.step("handle")
                await watch.look()
        before = len(life.database.effects)
        gates.start("revoke", life.revoked)
        await gates.settle()
        while "revoke" in gates.running:
            await gates.step("revoke")
        await gates.finish()
        await watch.look()
        assert len(life.database.effects) == before
        assert isinstance(gates.results["handle"], int if before or head_start == 0 else LostClaim)

    asyncio.run(play())
