"""Many processes renew one store's tokens, stopped, frozen and killed at any point: a token is never wasted."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.maintenance import MemoryMaintenance
from core.domain.stores import InstallState
from core.domain.tokens import TokenSet
from core.features.refresh_tokens import RefreshTokens
from core.ids import Generation, WorkerId
from core.ports.alerts import AlertFilter
from tests.thoroughness import examples
from tests.unit.zid.interleaving import Interleaver, TurnClock, TurnTaking, take_turn
from tests.unit.zid.oauth_model import STORE, Answering, OAuthModel, StoreWorld

CALLERS = 5


def finished(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    runner = Interleaver()
    runner.start("it", coroutine)
    while runner.running:
        runner.step("it")
    return runner.results["it"]


class Fleet(Interleaver):
    """Processes with a worker of their own each, at one store; checks what must hold after every step."""

    def __init__(self, answering: Callable[[], Answering]) -> None:
        super().__init__()
        self.world = StoreWorld(clock=TurnClock(), zid=OAuthModel())
        finished(self.world.install())
        self.world.zid.answering = answering
        self.world.zid.turn = take_turn
        self.seen: TokenSet = finished(self.world.tokens())
        self.workers: dict[str, WorkerId] = {}
        self.generation = self.seen.generation

    def launch(self, number: int) -> None:
        name = f"process {number}"
        self.workers[name] = self.world.worker(number)
        self.start(name, self._refresher(self.workers[name]).renew(self.seen))

    def _refresher(self, worker: WorkerId) -> RefreshTokens:
        world = self.world
        return replace(
            world.refresher(worker),
            vault=TurnTaking(world.vault),  # type: ignore[arg-type]
            book=TurnTaking(world.book),  # type: ignore[arg-type]
            installations=TurnTaking(world.installations),  # type: ignore[arg-type]
        )

    def freeze(self, name: str) -> None:
        """Its lease runs out although it will go on later, as after SIGSTOP."""
        self.world.database.workers.pop(self.workers[name], None)

    def kill(self, name: str) -> None:
        self.freeze(name)
        super().kill(name)

    def check(self) -> None:
        now = self.current().generation
        assert now >= self.generation, "an older generation was stored"
        self.generation = now
        for token, times in self.world.zid.arrivals.items():
            assert times <= 2, f"{token} reached Zid {times} times"

    def current(self) -> TokenSet:
        tokens: TokenSet = finished(self.world.tokens())
        return tokens

    def open_alerts(self) -> list[str]:
        """About the store; whether Zid knows our client is another matter."""
        finished(MemoryMaintenance(self.world.database).release_orphans())
        found = finished(self.world.alerts.page(AlertFilter(store_id=STORE, is_open=True)))
        return [known.alert.kind.value for known in found]

    def expected_alerts(self) -> list[str]:
        """What the store's state and its latest generation's intent say."""
        if self.state() is InstallState.NEEDS_REAUTHORIZATION:
            return ["needs_reauthorization"]
        latest = self.current()
        in_doubt = self.world.database.in_doubt_since(latest.install_id, latest.generation)
        return ["refresh_in_doubt"] if in_doubt else []

    def state(self) -> InstallState:
        install = finished(self.world.installations.current(STORE))
        state: InstallState = install.state
        return state


@settings(max_examples=examples(40))
@given(st.data())
def test_no_order_of_events_spends_a_token_twice_but_for_one_last_resort(data: st.DataObject) -> None:
    answers = st.sampled_from(Answering)
    with Fleet(lambda: data.draw(answers, label="Zid answers")) as fleet:
        for number in range(data.draw(st.integers(1, CALLERS), label="processes")):
            fleet.launch(number)
        while running := fleet.running:
            name = data.draw(st.sampled_from(running), label="next")
            match data.draw(st.sampled_from(["step"] * 12 + ["freeze", "kill"]), label="what"):
                case "step":
                    fleet.step(name)
                case "freeze":
                    fleet.freeze(name)
                case "kill":
                    fleet.kill(name)
            fleet.check()
        for result in fleet.results.values():
            if isinstance(result, TokenSet):
                assert result.generation >= fleet.seen.generation
                assert result.generation <= fleet.generation
        latest = fleet.current()
        assert fleet.open_alerts() == fleet.expected_alerts()
        if fleet.state() is InstallState.NEEDS_REAUTHORIZATION:
            spent = latest.tokens.refresh_token.reveal()
            assert fleet.world.zid.failed[spent] > 0, "a store was given up whose token never failed"


@settings(max_examples=examples(40))
@given(st.data())
def test_with_a_healthy_zid_every_process_ends_with_the_one_new_generation(data: st.DataObject) -> None:
    with Fleet(lambda: Answering.OK) as fleet:
        for number in range(CALLERS):
            fleet.launch(number)
        while running := fleet.running:
            # Nobody is starved for ever: waiting is bounded by patience, not by turns.
            order = data.draw(st.permutations(running), label="round")
            for name in order:
                fleet.step(name)
                fleet.check()
        results = list(fleet.results.values())
        assert fleet.world.zid.sent == [Answering.OK]
        assert results == [fleet.current()] * CALLERS
        assert fleet.generation == Generation(2)


@settings(max_examples=examples(40))
@given(st.data())
def test_after_everything_a_healthy_process_either_works_or_says_that_the_merchant_must_act(
    data: st.DataObject,
) -> None:
    answers = st.sampled_from(Answering)
    calm = False
    with Fleet(lambda: Answering.OK if calm else data.draw(answers)) as fleet:
        for number in range(3):
            fleet.launch(number)
        for _ in range(data.draw(st.integers(0, 60), label="steps before the crash")):
            if running := fleet.running:
                fleet.step(data.draw(st.sampled_from(running)))
        for name in fleet.running:
            fleet.kill(name)
        calm = True
        fleet.world.clock.advance(timedelta(minutes=1).total_seconds())
        fleet.seen = fleet.current()
        fleet.launch(99)
        while fleet.running:
            fleet.step("process 99")
            fleet.check()
        result = fleet.results["process 99"]
        if fleet.state() is InstallState.ACTIVE:
            assert isinstance(result, TokenSet)
            works = finished(fleet.world.zid.profile(result.tokens))
            assert works is not None
        else:
            assert type(result).__name__ == "NeedsReauthorization"
        assert fleet.open_alerts() == fleet.expected_alerts()


@pytest.mark.parametrize("head_start", range(24))
def test_a_frozen_last_resort_that_wakes_gives_the_store_back(head_start: int) -> None:
    """One process holds the answer of the last resort, frozen, while another gives the store up."""
    answers = iter([Answering.LOST_BEFORE, Answering.OK])
    with Fleet(lambda: next(answers)) as fleet:
        fleet.world.clock.advance(timedelta(days=360).total_seconds())
        fleet.launch(1)
        while len(fleet.world.zid.sent) < 2:
            fleet.step("process 1")
        fleet.freeze("process 1")
        fleet.launch(2)
        for _ in range(head_start):
            if "process 2" in fleet.running:
                fleet.step("process 2")
        for name in ("process 1", "process 2"):
            while name in fleet.running:
                fleet.step(name)
        assert fleet.current().generation == 2
        assert fleet.state() is InstallState.ACTIVE
