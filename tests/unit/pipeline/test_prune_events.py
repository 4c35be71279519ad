"""The place a pruning process is at, and when it rests."""

from dataclasses import dataclass, field
from datetime import timedelta

from adapters.memory.system import ManualClock
from core.domain.event_states import EventState
from core.domain.retention import Retention
from core.features.prune_events import REST, PruneEvents
from core.ids import Seq
from core.ports.pruning import Pruned, Pruning

KEEP = Retention(timedelta(days=30), timedelta(days=90))


@dataclass
class Scripted(Pruning):
    """Answers in turn, and remembers what it was asked."""

    answers: list[Pruned]
    asked: list[int] = field(default_factory=list)

    async def prune(self, retention: Retention, *, after: Seq, limit: int) -> Pruned:
        self.asked.append(after)
        return self.answers.pop(0)


async def test_it_goes_on_where_it_was_and_rests_when_events_are_young() -> None:
    clock = ManualClock()
    pruning = Scripted([Pruned(5, Seq(10)), Pruned(0, Seq(20)), Pruned(2, None), Pruned(1, None)])
    prune = PruneEvents(pruning=pruning, retention=KEEP, clock=clock, batch=10)
    assert [await prune.tick() for _ in range(4)] == [5, 0, 2, 0]
    assert pruning.asked == [0, 10, 20]
    clock.advance(REST)
    assert await prune.tick() == 1
    assert pruning.asked == [0, 10, 20, 0]


def test_every_state_has_its_period() -> None:
    periods = {state: KEEP.period(state) for state in EventState}
    assert periods == {
        EventState.QUEUED: None,
        EventState.RUNNING: None,
        EventState.WAITING: None,
        EventState.DONE: KEEP.settled,
        EventState.CANCELLED: KEEP.settled,
        EventState.ERASED: KEEP.settled,
        EventState.DEAD: KEEP.dead,
    }
