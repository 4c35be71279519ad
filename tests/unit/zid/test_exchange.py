"""What follows from the end of one sending."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.exchange import (
    LONGEST_PAUSE,
    MAX_SENDS,
    Accept,
    Answer,
    AnswerLost,
    Exchange,
    GiveUp,
    NotSent,
    Pause,
    Renew,
    Verdict,
    judge,
    pause_before,
)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.GOOD),
        (204, Verdict.GOOD),
        (302, Verdict.TOKENS_REFUSED),
        (401, Verdict.TOKENS_REFUSED),
        (403, Verdict.FORBIDDEN),
        (404, Verdict.REFUSED),
        (409, Verdict.REFUSED),
        (422, Verdict.REFUSED),
        (429, Verdict.THROTTLED),
        (500, Verdict.FAULT),
        (503, Verdict.FAULT),
    ],
)
def test_a_status_has_one_meaning(status: int, verdict: Verdict) -> None:
    assert judge(Answer(status)) is verdict


def test_the_network_has_two_ways_to_fail() -> None:
    assert judge(NotSent("refused")) is Verdict.NOT_SENT
    assert judge(AnswerLost("cut")) is Verdict.LOST


verdicts = st.sampled_from(Verdict)


@given(st.booleans(), st.lists(st.tuples(verdicts, st.none() | st.floats(0, 120), st.floats(0, 1, exclude_max=True))))
def test_every_exchange_ends_and_never_repeats_what_may_have_happened(
    repeatable: bool, ends: list[tuple[Verdict, float | None, float]]
) -> None:
    exchange, renewals, repeated_after_maybe = Exchange(repeatable), 0, 0
    for verdict, retry_after, chance in ends:
        match exchange.after(verdict, retry_after, chance):
            case Accept():
                assert verdict is Verdict.GOOD
                return
            case GiveUp():
                return
            case Renew(then):
                renewals += 1
                exchange = then
            case Pause(seconds, then):
                assert 0 <= seconds <= LONGEST_PAUSE
                assert retry_after is None or seconds >= retry_after
                repeated_after_maybe += verdict in (Verdict.LOST, Verdict.FAULT)
                exchange = then
        assert renewals <= 1
        assert exchange.sends <= MAX_SENDS
        assert repeatable or not repeated_after_maybe


def test_tokens_are_renewed_once() -> None:
    first = Exchange(repeatable=False).after(Verdict.TOKENS_REFUSED, None, 0.5)
    assert isinstance(first, Renew)
    assert isinstance(first.then.after(Verdict.TOKENS_REFUSED, None, 0.5), GiveUp)


def test_a_long_retry_after_is_the_callers() -> None:
    assert isinstance(Exchange(repeatable=True).after(Verdict.THROTTLED, 60, 0.0), GiveUp)
    assert isinstance(Exchange(repeatable=False).after(Verdict.THROTTLED, 2, 0.0), Pause)


@pytest.mark.parametrize(("left", "again"), [(60.0, True), (1.2, True), (1.05, False), (0.0, False), (-3.0, False)])
def test_what_would_not_end_in_time_is_not_begun(left: float, again: bool) -> None:
    step = Exchange(repeatable=True).after(Verdict.LOST, None, 0.4, left)
    assert isinstance(step, Pause) is again


def test_a_lying_retry_after_is_no_wait_backwards() -> None:
    assert pause_before(1, -30.0, 0.5) > 0


@given(st.integers(1, 10), st.floats(0, 1, exclude_max=True))
def test_waits_double_up_to_a_cap_and_are_jittered_down_to_nothing(sends: int, chance: float) -> None:
    assert 0 <= pause_before(sends, None, chance) <= min(LONGEST_PAUSE, 0.25 * 2 ** (sends - 1))
