"""What the division of an allowance promises, whoever asks when."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.rate import (
    LEAST_TRUST,
    LONGEST_RETRY_AFTER,
    LOWERED,
    RECOVERY,
    SHARES,
    UNNAMED_PAUSE,
    Allowance,
    Bucket,
    Traffic,
    believed,
    full,
    learn,
    settled_in,
    take,
)
from tests.thoroughness import examples

ALLOWANCE = Allowance(60)
INTERACTIVE, HANDLER, BACKFILL = Traffic


@dataclass
class Store:
    """One bucket and the callers around it."""

    allowance: Allowance = ALLOWANCE
    start: float = 1000.0
    granted: list[tuple[float, Traffic]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bucket: Bucket = full(self.allowance, self.start)

    def take(self, traffic: Traffic, now: float) -> float:
        wait, self.bucket = take(self.bucket, self.allowance, traffic, now)
        if not wait:
            self.granted.append((now, traffic))
        return wait

    def run(self, callers: Iterable[Caller], seconds: float, lateness: float = 0.0, seed: int = 0) -> None:
        """Everybody asks, waits as told (and up to `lateness` longer), asks again, until the time is over."""
        chance = Random(seed)
        agenda = [(self.start + caller.since, number, caller) for number, caller in enumerate(callers)]
        heapq.heapify(agenda)
        while agenda and agenda[0][0] < self.start + seconds:
            now, number, caller = heapq.heappop(agenda)
            wait = self.take(caller.traffic, now)
            then = now + wait + chance.random() * lateness if wait else now + caller.pause
            if then < self.start + caller.until:
                heapq.heappush(agenda, (then, number, caller))

    def count(self, traffic: Traffic | None = None, since: float = 0.0, until: float = 1e9) -> int:
        return sum(
            1 for at, who in self.granted if traffic in (None, who) and self.start + since <= at < self.start + until
        )


@dataclass(frozen=True)
class Caller:
    """Somebody who wants one request after another, `pause` seconds apart, from `since` to `until`."""

    traffic: Traffic
    since: float = 0.0
    until: float = 1e9
    pause: float = 0.0


def greedy(traffic: Traffic, count: int = 1, **when: float) -> list[Caller]:
    return [Caller(traffic, **when) for _ in range(count)]


callers = st.lists(
    st.builds(
        Caller,
        st.sampled_from(Traffic),
        since=st.floats(0, 100),
        until=st.floats(0, 300),
        pause=st.sampled_from([0.0, 0.0, 0.3, 2.0]),
    ),
    max_size=12,
)
allowances = st.sampled_from([Allowance(6), Allowance(60), Allowance(720)])
lateness = st.sampled_from([0.0, 0.02, 0.3])


@settings(max_examples=examples(30))
@given(callers, allowances, lateness, st.integers(0, 99))
def test_no_stretch_of_time_sees_more_than_the_burst_and_the_rate(
    crowd: list[Caller], allowance: Allowance, late: float, seed: int
) -> None:
    store = Store(allowance)
    store.run(crowd, 100, late, seed)
    assert most_over(store.granted, allowance.rate) <= allowance.burst + 1e-6


def most_over(granted: Sequence[tuple[float, Traffic]], rate: float) -> float:
    """The most by which any stretch of time exceeded the rate."""
    level, last, most = 0.0, 0.0, 0.0
    for at, _ in granted:
        level = max(0.0, level - (at - last) * rate) + 1
        last, most = at, max(most, level)
    return most


@settings(max_examples=examples(30))
@given(callers, st.sampled_from(Traffic), allowances, lateness, st.integers(0, 99))
def test_nothing_is_left_unused_while_somebody_waits(
    crowd: list[Caller], traffic: Traffic, allowance: Allowance, late: float, seed: int
) -> None:
    interval = 1 / allowance.rate
    store = Store(allowance)
    store.run([*crowd, *greedy(traffic)], 200 * interval, min(late, interval), seed)
    assert store.count() >= 200 - 1


@settings(max_examples=examples(30))
@given(callers, st.sampled_from(Traffic), st.integers(1, 8), st.sampled_from([0.0, 0.02, 0.2]), st.integers(0, 99))
def test_a_class_that_keeps_asking_gets_its_share(
    crowd: list[Caller], traffic: Traffic, number: int, late: float, seed: int
) -> None:
    store = Store()
    store.run([*crowd, *greedy(traffic, number)], 200, late, seed)
    for since, until in ((0, 200), (50, 150), (120, 200)):
        assert store.count(traffic, since, until) >= SHARES[traffic] * (until - since) * ALLOWANCE.rate - 3


def test_all_at_once_get_their_shares_and_no_more() -> None:
    store = Store()
    store.run([caller for traffic in Traffic for caller in greedy(traffic, 8)], 600, 0.02)
    for traffic in Traffic:
        assert store.count(traffic, 60, 600) == pytest.approx(540 * SHARES[traffic], rel=0.03)


def test_who_asks_alone_gets_everything() -> None:
    store = Store()
    store.run(greedy(BACKFILL), 180.5)
    assert store.count() == 180 + ALLOWANCE.burst


def test_a_hair_below_one_request_is_a_wait() -> None:
    bucket = Bucket(level=1 - 2**-53, at=1.7e9, credits=(0.0, 0.0, 0.0))
    wait, after = take(bucket, ALLOWANCE, HANDLER, 1.7e9)
    assert wait > 0
    assert after.level == bucket.level


def test_a_share_that_is_not_used_goes_to_a_person_first() -> None:
    store = Store()
    store.run([*greedy(INTERACTIVE, 4), *greedy(BACKFILL, 4)], 600, 0.02)
    assert store.count(BACKFILL, 60) == pytest.approx(540 * 0.2, rel=0.03)
    assert store.count(INTERACTIVE, 60) == pytest.approx(540 * 0.8, rel=0.03)


def test_a_person_who_comes_back_meets_no_queue_of_backfill() -> None:
    store = Store()
    store.run([*greedy(BACKFILL, 8), Caller(INTERACTIVE, since=60.5, pause=10)], 120, 0.02)
    first = next(at for at, who in store.granted if who is INTERACTIVE)
    assert first - store.start - 60.5 <= 2 / ALLOWANCE.rate


def test_waiters_of_one_class_are_sent_away_for_different_times() -> None:
    store = Store()
    while not store.take(HANDLER, store.start):
        pass
    waits = [store.take(HANDLER, store.start) for _ in range(3)]
    assert waits == pytest.approx([2, 3, 4])


def test_nobody_goes_before_the_retry_after() -> None:
    bucket = learn(full(ALLOWANCE, 0.0), ALLOWANCE, 7.0, 0.0)
    for traffic in Traffic:
        for now in (0.0, 3.0, 6.999):
            assert take(bucket, ALLOWANCE, traffic, now)[0] >= 7.0 - now - 1e-9
        assert take(bucket, ALLOWANCE, traffic, 7.0)[0] == 0
    _, after_one = take(bucket, ALLOWANCE, INTERACTIVE, 7.0)
    assert take(after_one, ALLOWANCE, INTERACTIVE, 7.0)[0] > 0, "Zid has room for one"


def test_a_refusal_lowers_the_rate_for_a_while_and_many_at_once_lower_it_once() -> None:
    bucket = full(ALLOWANCE, 0.0)
    for _ in range(8):
        bucket = learn(bucket, ALLOWANCE, None, 0.0)
    assert bucket.trust == LOWERED
    assert bucket.closed_until == pytest.approx(UNNAMED_PAUSE * (1 - LOWERED))
    later = bucket.closed_until + RECOVERY * (1 - LOWERED)
    assert take(bucket, ALLOWANCE, HANDLER, later)[1].trust == pytest.approx(1.0)
    halfway = bucket.closed_until + RECOVERY * (1 - LOWERED) / 2
    assert take(bucket, ALLOWANCE, HANDLER, halfway)[1].trust == pytest.approx((1 + LOWERED) / 2)


def test_without_retry_after_pauses_grow_and_end_below_a_minute() -> None:
    bucket, now, pauses = full(ALLOWANCE, 0.0), 0.0, []
    for _ in range(8):
        bucket = learn(bucket, ALLOWANCE, None, now)
        pauses.append(round(bucket.closed_until - now, 6))
        now = bucket.closed_until
    assert pauses == sorted(pauses)
    assert pauses[0] > 10
    assert pauses[-1] == pytest.approx(UNNAMED_PAUSE * (1 - LEAST_TRUST))


def test_zid_allowing_half_of_what_we_assume_is_found_out() -> None:
    """A bucket at Zid of half the size: refusals become rare, and most of what it allows is used."""
    store, level, last, refused = Store(), 0.0, 1000.0, 0
    now = store.start
    while now < store.start + 1800:
        wait = store.take(HANDLER, now)
        if not wait:
            level, last = max(0.0, level - (now - last) * 0.5), now
            if level + 1 > 30:
                refused += 1
                store.bucket = learn(store.bucket, ALLOWANCE, (level + 1 - 30) / 0.5, now)
            else:
                level += 1
        now += wait
    assert refused <= 0.1 * len(store.granted)
    assert len(store.granted) - refused >= 0.75 * 900


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, None),
        (-5.0, None),
        (float("nan"), None),
        (0.0, 0.0),
        (3.5, 3.5),
        (1e12, LONGEST_RETRY_AFTER),
        (float("inf"), LONGEST_RETRY_AFTER),
    ],
)
def test_a_lying_retry_after_is_put_right(said: float | None, meant: float | None) -> None:
    assert believed(said) == meant
    assert learn(full(ALLOWANCE, 0.0), ALLOWANCE, said, 0.0).closed_until <= LONGEST_RETRY_AFTER


def test_a_clock_set_back_blocks_nobody_for_longer_than_a_retry_after() -> None:
    bucket = learn(full(ALLOWANCE, 50_000.0), ALLOWANCE, 60.0, 50_000.0)
    assert take(bucket, ALLOWANCE, HANDLER, 10.0)[0] <= LONGEST_RETRY_AFTER
    _, bucket = take(bucket, ALLOWANCE, HANDLER, 10.0)
    assert take(bucket, ALLOWANCE, HANDLER, 10.0 + LONGEST_RETRY_AFTER)[0] == 0


@given(
    st.lists(
        st.tuples(st.sampled_from([*Traffic, None, -1.0, 0.5, 20.0, 1e9]), st.floats(0, 30)),
        min_size=1,
        max_size=30,
    )
)
def test_a_settled_bucket_is_a_full_one(steps: list[tuple[Traffic | float | None, float]]) -> None:
    bucket, now = full(ALLOWANCE, 0.0), 0.0
    for step, passed in steps:
        now += passed
        if isinstance(step, Traffic):
            _, bucket = take(bucket, ALLOWANCE, step, now)
        else:
            bucket = learn(bucket, ALLOWANCE, step, now)
    later = now + settled_in(bucket, ALLOWANCE)
    for traffic in Traffic:
        wait, remembered = take(bucket, ALLOWANCE, traffic, later)
        _, fresh = take(full(ALLOWANCE, later), ALLOWANCE, traffic, later)
        assert wait == 0
        assert remembered.level == pytest.approx(fresh.level)
        assert remembered.credits == pytest.approx(fresh.credits)
        assert remembered.trust == pytest.approx(1.0)
