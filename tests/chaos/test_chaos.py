"""The chaos run: everything is hit while webhooks pour in, and in the end nothing is lost and nothing happened twice.

`make chaos` runs it for half an hour and prints its seed: CHAOS_SEED strikes the same blows again. CHAOS_SECONDS and
CHAOS_RATE (events a second) change its size.
"""

import os
import secrets

import pytest

from tests.chaos.blows import Force
from tests.chaos.run import Plan, chaos

SHORT = Force(away=4)
LONG = Force(away=60)


def test_nothing_is_lost_while_everything_is_hit() -> None:
    chaos(Plan(seed=11, seconds=90, rate=120, force=SHORT, longest_pause=1))


def test_one_database_alone_loses_nothing_either() -> None:
    chaos(Plan(seed=12, seconds=45, rate=80, force=SHORT, redis=False, longest_pause=1))


@pytest.mark.prove
def test_half_an_hour_of_chaos() -> None:
    chaos(long_plan(redis=True))


@pytest.mark.prove
def test_half_an_hour_of_chaos_on_one_database() -> None:
    chaos(long_plan(redis=False))


def long_plan(*, redis: bool) -> Plan:
    seed = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))
    seconds, rate = float(os.environ.get("CHAOS_SECONDS", "1800")), float(os.environ.get("CHAOS_RATE", "300"))
    return Plan(seed=seed, seconds=seconds, rate=rate, force=LONG, redis=redis, in_memory=False, longest_pause=10)
