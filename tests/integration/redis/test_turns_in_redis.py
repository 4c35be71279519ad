"""The scripts against the pure model: whatever is published, taken and finished, the same items in the same order."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from adapters.memory.system import ManualClock
from adapters.memory.work_index import MemoryWorkIndex
from adapters.redis.connection import RedisClients, open_redis
from adapters.redis.work_index import RedisWorkIndex
from core.domain.events import WorkItem, WorkKind
from core.ids import StoreId

WINDOW = 5
NEVER = 3600.0

ITEMS = st.builds(
    lambda store, number: WorkItem(WorkKind.RUN, str(number), StoreId(store)),
    st.sampled_from([1, 10, 100, 2]),
    st.integers(0, 8),
)


class SameAsTheModel(RuleBasedStateMachine):
    """One index in memory, whose turns are the pure model's, and one in Redis."""

    loop: asyncio.AbstractEventLoop
    clients: RedisClients

    def __init__(self) -> None:
        super().__init__()
        self._run(self.clients.writer.flushall())
        self.model = MemoryWorkIndex(ManualClock(), window=WINDOW, reclaim_after=NEVER)
        self.real = RedisWorkIndex(self.clients, window=WINDOW, reclaim_after=NEVER)

    def _run(self, work: object) -> object:
        return self.loop.run_until_complete(work)  # type: ignore[arg-type]

    @rule(items=st.lists(ITEMS, max_size=20))
    def publish(self, items: list[WorkItem]) -> None:
        assert self._run(self.real.publish(items)) == self._run(self.model.publish(items))

    @rule(limit=st.integers(1, 7))
    def take(self, limit: int) -> None:
        assert self._run(self.real.take(limit=limit, wait=0)) == self._run(self.model.take(limit=limit, wait=0))

    @rule(items=st.lists(ITEMS, max_size=10))
    def finish(self, items: list[WorkItem]) -> None:
        relieved = self._run(self.real.finish(items)), self._run(self.model.finish(items))
        assert sorted(relieved[0]) == sorted(relieved[1])  # type: ignore[call-overload]

    @invariant()
    def holds_as_many(self) -> None:
        assert self._run(self.real.depth()) == self._run(self.model.depth())


@pytest.fixture
def machine(redis_url: str) -> Iterator[type[SameAsTheModel]]:
    """A loop of its own: Hypothesis calls from outside of any."""
    loop = asyncio.new_event_loop()
    clients = open_redis(redis_url)
    yield type("Machine", (SameAsTheModel,), {"loop": loop, "clients": clients})
    loop.run_until_complete(clients.aclose())
    loop.close()


def test_redis_hands_out_what_the_model_hands_out(machine: type[SameAsTheModel]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=25,
        ),
    )
