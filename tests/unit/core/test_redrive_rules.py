"""How many letters of a job are tried next: waves of a canary, rooms, stops."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.dead_letters import Fingerprint
from core.domain.redrive import Group, JobState, Pace, Step, end_of, next_step, next_window, share_out, waves

MARK = Fingerprint("0123456789@1")


def group(total: int, **counts: int) -> Group:
    return Group(MARK, "shop.bill", total, **counts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("total", "ends"),
    [(0, (0, 0, 0)), (3, (3, 3, 3)), (5, (5, 5, 5)), (6, (5, 6, 6)), (100, (5, 10, 100)), (14_285, (5, 720, 14_285))],
)
def test_waves_are_five_then_five_per_cent_more_then_all(total: int, ends: tuple[int, int, int]) -> None:
    assert waves(total) == (ends[0], max(ends[0], ends[1]), ends[2])


@pytest.mark.parametrize(
    ("state", "send", "tries"),
    [
        (group(100), 5, 1),
        (group(100, in_flight=2), 3, 1),
        (group(100, in_flight=5), 0, None),
        (group(100, in_flight=1, succeeded=4), 0, None),
        (group(100, succeeded=5), 5, 1),
        (group(100, succeeded=4, failed=1), 5, 1),
        (group(100, succeeded=5, in_flight=5), 0, None),
        (group(100, succeeded=10), 90, None),
        (group(100, succeeded=50, in_flight=10), 40, None),
        (group(100, succeeded=5, skipped=95), 0, None),
        (group(3), 3, 1),
    ],
)
def test_a_wave_begins_when_the_one_before_has_ended(state: Group, send: int, tries: int | None) -> None:
    step = next_step(state, canary=True, stop_above=20)
    assert (step.send, step.stop) == (send, None)
    assert not send or step.tries == tries


@pytest.mark.parametrize(
    ("state", "stops"),
    [
        (group(100, in_flight=4, failed=1), False),
        (group(100, in_flight=3, failed=2), True),
        (group(100, in_flight=5, failing=2), True),
        (group(100, succeeded=8, failed=2), False),
        (group(100, succeeded=7, failed=3), True),
        (group(2, failed=1), True),
        (group(100, failed=5, undone=95), False),
    ],
)
def test_a_group_is_stopped_when_too_many_of_its_tries_fail(state: Group, *, stops: bool) -> None:
    for canary in (True, False):
        assert (next_step(state, canary=canary, stop_above=20).stop is not None) == stops
        assert next_step(state, canary=canary, stop_above=None).stop is None


def test_a_stopped_group_is_left_alone() -> None:
    assert next_step(replace(group(100), stopped="why"), canary=False, stop_above=None) == Step(MARK)


def test_without_a_canary_all_may_go_at_once() -> None:
    assert next_step(group(100, in_flight=3), canary=False, stop_above=None) == Step(MARK, 97)


def many(*totals: int) -> list[Group]:
    return [Group(Fingerprint(f"{number:010}"), "x", total) for number, total in enumerate(totals)]


@pytest.mark.parametrize(
    ("totals", "room", "sent"),
    [
        ((100, 100), 10, [5, 5]),
        ((2, 100), 10, [2, 8]),
        ((100, 100, 100), 2, [1, 1, 0]),
        ((100,), 0, [0]),
        ((100,), -3, [0]),
        ((3, 4), 100, [3, 4]),
    ],
)
def test_room_is_shared_evenly(totals: tuple[int, ...], room: int, sent: list[int]) -> None:
    steps = share_out(many(*totals), canary=False, stop_above=None, room=room, waiting_room=1)
    assert [step.send for step in steps] == sent


def test_room_goes_to_whoever_has_least_in_flight() -> None:
    busy, idle = replace(many(100)[0], in_flight=8), many(0, 100)[1]
    steps = share_out([busy, idle], canary=False, stop_above=None, room=6, waiting_room=1)
    assert [step.send for step in steps] == [0, 6]


def test_nothing_is_sent_while_too_many_wait() -> None:
    assert [s.send for s in share_out(many(9), canary=False, stop_above=None, room=5, waiting_room=0)] == [0]


@pytest.mark.parametrize(
    ("window", "left", "after"),
    [(4, 0, 5), (16, 0, 16), (12, 6, 12), (12, 7, 6), (6, 6, 4), (4, 4, 4), (4, 40, 4), (10, 1, 10)],
)
def test_the_window_grows_slowly_and_shrinks_fast(window: int, left: int, after: int) -> None:
    assert next_window(window, left, Pace()) == after


@pytest.mark.parametrize(
    ("groups", "undone", "state"),
    [
        ([], False, JobState.DONE),
        ([group(2, succeeded=1, failed=1)], False, JobState.DONE),
        ([group(2, succeeded=1)], False, None),
        ([group(2, succeeded=1, in_flight=1)], True, None),
        ([group(2, undone=1, succeeded=1)], True, JobState.UNDONE),
        ([replace(group(2, undone=1, failed=1), stopped="why")], False, JobState.STOPPED),
    ],
)
def test_a_job_ends_when_nothing_is_left(groups: list[Group], state: JobState | None, *, undone: bool) -> None:
    assert end_of(groups, undone=undone) is state


@given(
    st.lists(st.tuples(st.integers(0, 300), st.booleans()), min_size=1, max_size=7),
    st.integers(1, 40),
    st.integers(0, 2**32),
)
def test_a_canary_drains_what_heals_and_tries_little_of_what_does_not(
    causes: list[tuple[int, bool]], room: int, seed: int
) -> None:
    chance = Random(seed)
    states = many(*(total for total, _ in causes))
    heals = {state.fingerprint: healed for state, (_, healed) in zip(states, causes, strict=True)}
    for _ in range(100_000):
        if end_of(states, undone=False):
            break
        flying = sum(state.in_flight for state in states)
        steps = share_out(states, canary=True, stop_above=20, room=room - flying, waiting_room=1)
        assert flying + sum(step.send for step in steps) <= room
        states = [_moved(*pair, heals[pair[0].fingerprint], chance) for pair in zip(states, steps, strict=True)]
    assert end_of(states, undone=False)
    for state in states:
        assert state.pending == 0
        if heals[state.fingerprint]:
            assert (state.succeeded, state.stopped) == (state.total, None)
        else:
            assert state.failed <= 5
            assert state.failed + state.undone == state.total


def _moved(state: Group, step: Step, healed: bool, chance: Random) -> Group:
    """After the step, and after some of what is in flight has settled."""
    if step.stop:
        state = replace(state, stopped=step.stop, undone=state.undone + state.pending)
    state = replace(state, in_flight=state.in_flight + step.send)
    settled = chance.randint(0, state.in_flight)
    settled = settled or min(1, state.in_flight)
    outcome = {"succeeded": state.succeeded + settled} if healed else {"failed": state.failed + settled}
    return replace(state, in_flight=state.in_flight - settled, **outcome)
