"""The desk's background work: jobs go on and are published, growth is told once per change."""

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from adapters.memory.metrics import RecordingMetrics
from adapters.memory.work_index import RecordingAnnouncer
from core.domain.redrive import JobState, Pace
from core.features.work_the_desk import WorkTheDesk
from entrypoints.background.desk_work import tell, tell_growth
from tests.contract.dead_scenes import CANARY, REDRIVE, dead_runs, opened, settle_all
from tests.contract.memory_world import memory_world
from tests.contract.scenes import DEAD, EVERYTHING, audit
from tests.contract.worlds import LedgerWorld


@pytest.fixture(autouse=True)
def _plain_logging() -> Iterator[None]:
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


class Desk:
    def __init__(self, threshold: int = 10) -> None:
        self.world: LedgerWorld = memory_world()
        self.announced = RecordingAnnouncer()
        self.metrics = RecordingMetrics()
        self.work = WorkTheDesk(
            letters=self.world.letters,
            redrives=self.world.redrives,
            announcer=self.announced,
            metrics=self.metrics,
            threshold=threshold,
            pace=Pace(in_flight=4),
        )


async def test_what_a_job_frees_is_announced() -> None:
    desk = Desk()
    await dead_runs(desk.world, 1, 2)
    assert await desk.work.advance() is None
    await opened(desk.world, REDRIVE)
    advanced = await desk.work.advance()
    assert advanced is not None
    assert desk.announced.announced == list(advanced.work)
    assert len(advanced.work) == 2


async def test_what_is_sent_grows_while_it_is_settled_and_shrinks_while_it_is_not() -> None:
    desk = Desk()
    desk.work = WorkTheDesk(
        letters=desk.world.letters,
        redrives=desk.world.redrives,
        announcer=desk.announced,
        metrics=desk.metrics,
        threshold=10,
        pace=Pace(in_flight=6, least=2),
    )
    await dead_runs(desk.world, *range(1, 31))
    await opened(desk.world, REDRIVE)
    sent = []
    for settles in (True, True, True, True, True, False, False):
        step = await desk.work.advance()
        assert step is not None
        sent.append(len(step.work))
        if settles:
            await settle_all(desk.world, step.work)
    assert sent == [2, 3, 4, 5, 6, 6, 0]


async def test_the_end_of_a_job_and_of_its_groups_is_told_once() -> None:
    desk = Desk()
    await dead_runs(desk.world, *range(1, 9))
    job = await opened(desk.world, CANARY)
    with capture_logs() as told:
        while advanced := await desk.work.advance():
            tell(advanced)
            await settle_all(desk.world, advanced.work, DEAD)
    assert [line["event"] for line in told] == ["redrive_group_stopped", "redrive_ended"]
    assert (told[0]["job_id"], told[0]["handler"], told[1]["state"]) == (job.job_id, "shop.bill", JobState.STOPPED)


async def test_letters_get_their_fingerprints_in_the_background() -> None:
    desk = Desk()
    await dead_runs(desk.world, 1, 2)
    await desk.work.tidy()
    assert await desk.world.letters.stamp(limit=10) == 0


async def test_growth_is_measured_and_told_when_its_level_changes() -> None:
    desk = Desk(threshold=4)
    with capture_logs() as told:
        tell_growth(await desk.work.watch())
        assert told == []
        assert desk.metrics.gauge("dead_letters_alarm_seconds") == float("inf")
        await dead_runs(desk.world, 1, 2)
        for _ in range(3):
            tell_growth(await desk.work.watch())
        assert desk.metrics.gauge("dead_letters_alarm_seconds") == 3600
        assert desk.metrics.gauge("dead_letters_last_hour") == 2
        await dead_runs(desk.world, 3, 4, 5)
        for _ in range(3):
            tell_growth(await desk.work.watch())
        assert desk.metrics.gauge("dead_letters_alarm_seconds") == 0
        await desk.world.desk.discard(EVERYTHING, [], reason="test", audit=audit())
        for _ in range(3):
            tell_growth(await desk.work.watch())
    assert [(line["event"], line["level"], line["log_level"]) for line in told] == [
        ("dead_letters_alarm", "growing", "warning"),
        ("dead_letters_alarm", "reached", "warning"),
        ("dead_letters_alarm", "quiet", "info"),
    ]
    assert told[0]["threshold_reached_at"] is not None
