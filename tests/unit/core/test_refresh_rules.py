"""When tokens are renewed: in time, spread out, and after a failure as patiently as its kind deserves."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.refresh_backoff import PATIENCE, SETTLED, next_try
from core.domain.refresh_census import Within
from core.domain.secret import Secret
from core.domain.tokens import LEAST_PAUSE, RefreshOutcome, Tokens, next_refresh, read_tokens, refresh_due

NOW = datetime(2026, 5, 1, tzinfo=UTC)
chances = st.floats(0, 1, exclude_max=True)
failing = st.sampled_from(sorted(PATIENCE))
YEAR = timedelta(days=365)


def expiring(after: timedelta | None) -> Tokens:
    secret = Secret("a token")
    return Tokens(secret, secret, secret, NOW + after if after is not None else None)


@given(chances, st.integers(1, 94_608_000))
def test_a_refresh_is_never_due_later_than_a_fifth_of_the_life_before_its_end(chance: float, seconds: int) -> None:
    life = timedelta(seconds=seconds)
    due = refresh_due(expiring(life), NOW, chance)
    assert life * 0.64 <= due - NOW <= life * 0.8 + timedelta(microseconds=1)


@given(chances, chances)
def test_a_greater_chance_is_an_earlier_refresh(one: float, other: float) -> None:
    first, second = (refresh_due(expiring(YEAR), NOW, chance) for chance in (one, other))
    assert (first >= second) == (one <= other) or abs(first - second) < timedelta(milliseconds=1)


@pytest.mark.parametrize("life", [timedelta(hours=1), timedelta(days=30), YEAR, None], ids=str)
def test_ten_thousand_installs_of_one_minute_are_renewed_evenly_over_a_seventh_of_their_life(
    life: timedelta | None,
) -> None:
    draw, parts = Random(7), 20
    dues = [refresh_due(expiring(life), NOW, draw.random()) - NOW for _ in range(10_000)]
    whole = life or timedelta(days=30)
    counts = [0] * parts
    for due in dues:
        counts[min(parts - 1, int((due / whole - 0.65) / 0.15 * parts))] += 1
    assert sum(counts) == 10_000
    assert max(counts) < 1.3 * 10_000 / parts, "no twentieth of the time gets a third more than its share"
    assert min(counts) > 0.7 * 10_000 / parts


@pytest.mark.parametrize("life", [timedelta(0), -timedelta(days=3)], ids=str)
def test_new_tokens_that_are_over_already_have_no_known_lifetime(life: timedelta) -> None:
    assert refresh_due(expiring(life), NOW, 0.5) == refresh_due(expiring(None), NOW, 0.5)


@given(chances, st.integers(-3600, 3600))
def test_no_store_is_refreshed_in_a_loop(chance: float, seconds: int) -> None:
    assert next_refresh(expiring(timedelta(seconds=seconds)), NOW, chance) >= NOW + LEAST_PAUSE


@pytest.mark.parametrize(("left", "kept"), [(timedelta(days=8), True), (timedelta(days=6), False)], ids=str)
def test_a_lifetime_that_is_left_out_is_kept_until_shortly_before_its_end(left: timedelta, *, kept: bool) -> None:
    renewed = read_tokens({"access_token": "m"}, NOW, expiring(left))
    assert renewed.expires_at == (NOW + left if kept else None)


def test_every_outcome_is_met_by_patience_or_settled() -> None:
    assert set(PATIENCE) | SETTLED == set(RefreshOutcome)
    assert not set(PATIENCE) & SETTLED


@given(failing, st.integers(0, 40_000), chances, st.floats(0, 86_400))
def test_a_failure_waits_within_its_kinds_bounds_and_as_long_as_zid_asks(
    outcome: RefreshOutcome, failures: int, chance: float, asked: float
) -> None:
    patience = PATIENCE[outcome]
    waited = next_try(NOW, outcome, failures, chance, at_least=asked) - NOW
    assert waited >= timedelta(seconds=asked)
    assert waited >= patience.first / 2
    assert waited <= max(patience.longest, timedelta(seconds=asked))


@given(failing, st.integers(0, 40))
def test_waits_double_up_to_the_longest(outcome: RefreshOutcome, failures: int) -> None:
    patience = PATIENCE[outcome]
    step, following = patience.wait(failures, 1.0), patience.wait(failures + 1, 1.0)
    assert following == min(patience.longest, step * 2)


def test_what_a_person_has_to_correct_is_tried_least_often_at_first_and_what_comes_back_by_itself_soonest() -> None:
    first = {outcome: patience.first for outcome, patience in PATIENCE.items()}
    assert first[RefreshOutcome.NOT_SENT] < first[RefreshOutcome.SERVER_ERROR] < first[RefreshOutcome.CLIENT_FAULT]


def test_steps_of_expiry_grow() -> None:
    periods = [within.period for within in Within]
    assert periods == sorted(set(periods))
    assert Within.EXPIRED.period == timedelta(0)
