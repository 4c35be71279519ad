"""Whether a process's loops go on: a step that never ends and one that always fails both show."""

import asyncio

import pytest

from adapters.postgres.workers import LEASE
from core.errors import Unavailable
from entrypoints import process
from entrypoints.lease import LEASE_SECONDS
from entrypoints.process import keep_doing
from entrypoints.pulses import FAILING_AFTER, PULSES, STUCK_AFTER, Pulses


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def pulses(watch: Watch) -> Pulses:
    return Pulses(watch)


def test_a_loop_that_has_not_begun_is_well_and_has_no_age(pulses: Pulses) -> None:
    with pulses.watching("sweep", 1.0):
        beat = pulses.beats()["sweep"]
        assert (beat.is_well, beat.in_step, beat.since_step, beat.since_success) == (True, None, None, None)
    assert pulses.beats() == {}


def test_ages_tell_since_when(pulses: Pulses, watch: Watch) -> None:
    with pulses.watching("sweep", 1.0) as watched:
        watched.begin()
        watch.now += 2
        assert pulses.beats()["sweep"].in_step == 2
        watched.end()
        watch.now += 3
        watched.begin()
        watched.end(Unavailable("postgres"))
        watch.now += 1
        beat = pulses.beats()["sweep"]
        assert (beat.in_step, beat.since_step, beat.since_success, beat.problem) == (None, 1, 4, "Unavailable")
        assert beat.is_well, "one failure is no fault"


def test_a_step_that_never_ends_is_found(pulses: Pulses, watch: Watch) -> None:
    with pulses.watching("erase", 5.0) as watched:
        watched.begin()
        watch.now += STUCK_AFTER
        assert pulses.beats()["erase"].is_well
        watch.now += 1
        assert not pulses.beats()["erase"].is_well
        watched.end()
        assert pulses.beats()["erase"].is_well


@pytest.mark.parametrize(("every", "patience"), [(1.0, FAILING_AFTER), (100.0, 300.0)])
def test_a_loop_that_always_fails_is_found_and_forgiven(
    pulses: Pulses, watch: Watch, every: float, patience: float
) -> None:
    with pulses.watching("measure", every) as watched:
        watch.now += patience
        watched.begin()
        watched.end(ValueError("x"))
        assert pulses.beats()["measure"].is_well
        watch.now += 1
        assert not pulses.beats()["measure"].is_well
        watched.begin()
        watched.end()
        assert pulses.beats()["measure"].is_well


def test_of_several_with_one_name_the_worst_speaks(pulses: Pulses, watch: Watch) -> None:
    with pulses.watching("events", 0.0) as stuck, pulses.watching("events", 0.0) as busy:
        stuck.begin()
        watch.now += STUCK_AFTER + 1
        busy.begin()
        busy.end()
        assert not pulses.beats()["events"].is_well


def test_an_answer_is_remembered_by_name(pulses: Pulses, watch: Watch) -> None:
    assert pulses.since_answer("postgres") is None
    pulses.note_answer("postgres")
    watch.now += 7
    assert pulses.since_answer("postgres") == 7
    assert pulses.since_answer("redis") is None


async def test_every_loop_of_a_process_reports_by_itself(pulses: Pulses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PAUSE_AFTER_FAILURE", 0.0)
    token = PULSES.set(pulses)
    stop, steps = asyncio.Event(), 0

    async def step() -> None:
        nonlocal steps
        steps += 1
        if steps == 1:
            raise ValueError("the first fails")
        assert pulses.beats()["work"].problem == "ValueError"
        stop.set()

    async with asyncio.timeout(60):
        await keep_doing("work", step, stop=stop)
    PULSES.reset(token)
    assert steps == 2


def test_the_lease_is_as_long_as_the_database_lets_it_stand() -> None:
    assert LEASE.total_seconds() == LEASE_SECONDS
