"""Whoever is let in is served soon, whatever comes in and however fast it goes out."""

import random
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.admission import ALWAYS, CALM, LAG_TARGET, STANDS, TARGET, LoopLag, QueueTime, StandingQueue, Ticket


def test_an_empty_queue_makes_nobody_wait() -> None:
    queue = QueueTime()
    assert queue.wait(5.0) == 0
    ticket = queue.enter(5.0)
    queue.leave(ticket, 5.2)
    assert (queue.wait(6.0), len(queue)) == (0, 0)


def test_a_queue_that_stands_still_is_as_long_as_its_oldest_waits() -> None:
    queue = QueueTime()
    for _ in range(ALWAYS):
        queue.enter(10.0)
    assert queue.has_room(10.0 + TARGET)
    assert queue.wait(10.7) - 0.7 < 1e-9
    assert not queue.has_room(10.01 + TARGET)


def test_a_moving_queue_is_as_long_as_its_length_by_its_speed() -> None:
    """400 wait, and 100 left in the last tenth of a second: the next would wait 0.4 s."""
    queue = QueueTime()
    tickets = [queue.enter(0.0) for _ in range(500)]
    for ticket in tickets[:100]:
        queue.leave(ticket, 0.1)
    assert abs(queue.wait(0.1) - 0.4) < 1e-9
    assert abs(queue.wait(0.2) - 0.8) < 1e-9


def test_a_few_are_let_in_however_slow_it_goes() -> None:
    queue = QueueTime()
    for _ in range(ALWAYS - 1):
        queue.enter(0.0)
    assert queue.has_room(1000.0)
    queue.enter(1000.0)
    assert not queue.has_room(1000.0)


def test_what_left_before_a_rest_says_nothing() -> None:
    queue = QueueTime()
    first = queue.enter(0.0)
    queue.leave(first, 0.5)
    second = queue.enter(0.6)
    assert queue.wait(0.6) == 0
    assert abs(queue.wait(0.9) - 0.3) < 1e-9
    queue.leave(second, 0.9)


@given(
    speed=st.floats(50, 300),
    pressure=st.floats(0.1, 5),
    interval=st.floats(0.005, 0.1),
    stall=st.floats(0, 2),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=30)
def test_nobody_who_is_let_in_waits_long(
    speed: float, pressure: float, interval: float, stall: float, seed: int
) -> None:
    """Random arrivals for three seconds, served in batches of one interval; in the middle everything stalls once."""
    served = Served(speed, interval, stall)
    chance, now = random.Random(seed), 0.0
    while now < 3.0:
        now += chance.expovariate(speed * pressure)
        served.until(now)
        served.come(now)
    before_the_first = pressure * interval  # whose speed nobody knows yet
    assert served.longest <= TARGET + stall + before_the_first + 2 * interval + ALWAYS / speed + 0.5
    if pressure < 0.5 and stall < TARGET / 2:
        assert served.turned_away == 0


class Served:
    """A queue in front of something that serves so many a second, in batches."""

    def __init__(self, speed: float, interval: float, stall: float) -> None:
        self.queue = QueueTime()
        self.longest, self.turned_away = 0.0, 0
        self._per_batch, self._interval, self._stall = speed * interval, interval, stall
        self._waiting: deque[tuple[Ticket, float]] = deque()
        self._next, self._due = interval, 0.0

    def come(self, now: float) -> None:
        if self.queue.has_room(now):
            self._waiting.append((self.queue.enter(now), now))
        else:
            self.turned_away += 1

    def until(self, now: float) -> None:
        while self._next <= now:
            self._serve(self._next)
            stalls = self._next < 1.5 <= self._next + self._interval
            self._next += self._interval + (self._stall if stalls else 0.0)

    def _serve(self, now: float) -> None:
        self._due = min(self._due + self._per_batch, max(self._per_batch, 1.0) + 1.0)
        while self._waiting and self._due >= 1:
            ticket, came = self._waiting.popleft()
            self.queue.leave(ticket, now)
            self.longest = max(self.longest, now - came)
            self._due -= 1


def test_a_loop_on_time_has_room() -> None:
    lag = LoopLag(every=0.1)
    for look in range(20):
        assert lag.look(look * 0.1) < 1e-6
    assert lag.has_room()


def test_one_late_turn_is_no_overload_and_a_lasting_one_is() -> None:
    lag = LoopLag(every=0.1)
    now = 0.0
    for late in (0, 0, 0, 30.0):
        now += 0.1 + late
        lag.look(now)
    assert lag.has_room()
    for _ in range(3):
        now += 0.1 + LAG_TARGET + 0.01
        lag.look(now)
    assert not lag.has_room()
    now += 0.1
    lag.look(now)
    assert lag.has_room()


def long_for(queue: StandingQueue, looks: int, *, length: int = 500) -> None:
    for _ in range(looks):
        queue.look(length)


def test_a_queue_stands_when_it_is_never_short_for_some_looks() -> None:
    queue = StandingQueue(long=400)
    long_for(queue, STANDS)
    assert not queue.stands
    long_for(queue, 1)
    assert queue.stands


def test_a_queue_that_was_short_in_between_does_not_stand() -> None:
    queue = StandingQueue(long=400)
    for _ in range(10 * STANDS):
        queue.look(500)
        queue.shorter(399)
    assert not queue.stands


def test_a_queue_stands_until_nobody_was_turned_away_for_a_while() -> None:
    queue = StandingQueue(long=400)
    long_for(queue, STANDS + 1)
    for _ in range(3 * CALM):
        queue.turned_away()
        queue.look(10)
        assert queue.stands
    long_for(queue, CALM - 1, length=10)
    assert queue.stands
    long_for(queue, 1, length=10)
    assert not queue.stands
