"""What clocks, chance and ids promise."""

import asyncio
import re
from datetime import timedelta

import pytest

from adapters.memory.system import ManualClock, SeededChance, SequentialIds
from adapters.system import SystemChance, SystemClock, SystemIds
from core.ports.system import Chance, Clock, Ids


@pytest.fixture(params=[ManualClock, SystemClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


@pytest.fixture(params=[SeededChance, SystemChance])
def chance(request: pytest.FixtureRequest) -> Chance:
    made: Chance = request.param()
    return made


@pytest.fixture(params=[SequentialIds, SystemIds])
def ids(request: pytest.FixtureRequest) -> Ids:
    made: Ids = request.param()
    return made


def test_now_is_aware_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


async def test_sleeping_lets_time_pass(clock: Clock) -> None:
    before, now = clock.monotonic(), clock.now()
    await clock.sleep(0.02)
    assert clock.monotonic() - before >= 0.019
    assert clock.now() > now


async def test_a_negative_sleep_is_none(clock: Clock) -> None:
    before = clock.monotonic()
    await clock.sleep(-5)
    assert clock.monotonic() >= before


async def test_a_clock_without_autojump_holds_sleepers_until_their_time() -> None:
    clock = ManualClock(autojump=False)
    sleeping = asyncio.create_task(clock.sleep(10))
    while not clock.sleeping:
        await asyncio.sleep(0)
    clock.advance(9)
    await asyncio.sleep(0)
    assert not sleeping.done()
    clock.advance(1)
    await sleeping
    assert clock.sleeping == 0


def test_fractions_are_below_one(chance: Chance) -> None:
    drawn = [chance.fraction() for _ in range(200)]
    assert all(0 <= fraction < 1 for fraction in drawn)
    assert len(set(drawn)) > 100


def test_a_seed_repeats_its_numbers() -> None:
    one, same, other = SeededChance(1), SeededChance(1), SeededChance(2)
    drawn = [one.fraction() for _ in range(5)]
    assert [same.fraction() for _ in range(5)] == drawn
    assert [other.fraction() for _ in range(5)] != drawn


def test_event_ids_grow_and_are_version_seven(ids: Ids) -> None:
    made = [ids.event_id() for _ in range(100)]
    assert len(set(made)) == 100
    assert made[0] < made[-1]
    assert all((one.version, one.variant) == (7, "specified in RFC 4122") for one in made)


def test_install_ids_fit_a_positive_bigint(ids: Ids) -> None:
    made = [ids.install_id() for _ in range(100)]
    assert len(set(made)) == 100
    assert all(0 < one < 2**63 for one in made)


def test_secrets_are_43_url_safe_characters(ids: Ids) -> None:
    made = [ids.secret_text() for _ in range(100)]
    assert len(set(made)) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", one) for one in made)
