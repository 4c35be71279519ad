"""What sessions and the limit on guesses promise; and the servers reckon as the rules do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from random import Random

import pytest

from adapters.memory.sign_in_guards import MemoryGuessLimit, MemorySessions
from adapters.memory.system import ManualClock
from adapters.postgres.maintenance import PostgresMaintenance
from adapters.postgres.sign_in_guards import PostgresGuessLimit, PostgresSessions
from adapters.redis.connection import open_redis
from adapters.redis.guess_limit import RedisGuessLimit
from adapters.redis.sessions import RedisSessions
from core.domain.guessing import Guesses, Patience, Turn, guess
from core.errors import Unavailable
from core.ports.sign_in_guards import GuessLimit, Sessions
from tests.contract.two_pools import two_pools

SOON = 20.0
LONG = 3600.0
STRICT = Patience(free=3, first=600.0, longest=1800.0, quiet=LONG)
"""Real time passes on the servers: pauses are long, so that a slow machine sees none of them end."""
BRIEF = Patience(free=1, first=0.05, longest=0.05, quiet=LONG)
"""Where a pause has to end."""


@dataclass
class Guards:
    """The guards, the same as another process sees them, and a way to let time pass."""

    sessions: Sessions
    other_sessions: Sessions
    limit: GuessLimit
    other_limit: GuessLimit
    sleep: Callable[[float], Awaitable[None]]


@pytest.fixture(params=["memory", "redis", "postgres"])
async def guards(request: pytest.FixtureRequest) -> AsyncIterator[Guards]:
    match request.param:
        case "memory":
            clock = ManualClock()
            sessions, limit = MemorySessions(clock), MemoryGuessLimit(clock)
            yield Guards(sessions, sessions, limit, limit, clock.sleep)
        case "redis":
            url = request.getfixturevalue("redis_url")
            ours, theirs = open_redis(url), open_redis(url)
            sessions_pair = RedisSessions(ours), RedisSessions(theirs)
            yield Guards(*sessions_pair, RedisGuessLimit(ours), RedisGuessLimit(theirs), asyncio.sleep)
            await ours.aclose()
            await theirs.aclose()
        case _:
            async with two_pools(request.getfixturevalue("database")) as (one, two):
                pair = PostgresSessions(one), PostgresSessions(two)
                yield Guards(*pair, PostgresGuessLimit(one), PostgresGuessLimit(two), asyncio.sleep)


# --- sessions ---------------------------------------------------------------------


async def test_a_session_is_known_to_every_process(guards: Guards) -> None:
    await guards.sessions.begin("a", "وصل", idle=LONG)

    assert await guards.other_sessions.use("a", idle=LONG) == "وصل"
    assert await guards.other_sessions.look("a") == "وصل"
    assert await guards.sessions.look("b") is None
    assert await guards.sessions.use("b", idle=LONG) is None


async def over(guards: Guards, name: str) -> bool:
    """Whether it ends by itself; looking does not keep it."""
    async with asyncio.timeout(SOON):
        while await guards.sessions.look(name) is not None:
            await guards.sleep(0.01)
    return True


async def test_a_session_ends_when_it_is_idle_and_looking_is_no_use_of_it(guards: Guards) -> None:
    await guards.sessions.begin("a", "1", idle=0.1)
    await guards.sessions.begin("b", "2", idle=LONG)

    assert await over(guards, "a")
    assert await guards.other_sessions.use("a", idle=LONG) is None
    assert await guards.sessions.look("a") is None
    assert await guards.sessions.look("b") == "2"


async def test_use_sets_how_long_it_is_kept_from_now(guards: Guards) -> None:
    await guards.sessions.begin("a", "1", idle=LONG)
    await guards.sessions.begin("b", "2", idle=60.0)
    assert await guards.sessions.use("b", idle=LONG) == "2"
    assert await guards.sessions.use("a", idle=0.1) == "1"

    assert await over(guards, "a")
    assert await guards.other_sessions.look("b") == "2"


async def test_an_ended_session_does_not_come_back(guards: Guards) -> None:
    await guards.sessions.begin("a", "1", idle=LONG)
    await guards.other_sessions.end("a")
    await guards.other_sessions.end("never begun")

    assert await guards.sessions.use("a", idle=LONG) is None
    assert await guards.sessions.look("a") is None


# --- guesses ----------------------------------------------------------------------


async def test_some_guesses_are_free_and_then_each_pause_is_longer(guards: Guards) -> None:
    assert await guards.limit.guess("a", STRICT) == Turn(0.0, 0.0)
    assert await guards.other_limit.guess("a", STRICT) == Turn(0.0, 0.0)
    assert await guards.limit.guess("a", STRICT) == Turn(0.0, 600.0)

    told = [(await limit.guess("a", STRICT)).wait for limit in (guards.other_limit, guards.limit)]
    assert all(300 < wait <= 600 for wait in told)
    assert told[1] <= told[0]


async def test_guessers_do_not_share(guards: Guards) -> None:
    for _ in range(4):
        await guards.limit.guess("a", STRICT)
    assert (await guards.limit.guess("a", STRICT)).wait > 0
    assert await guards.limit.guess("2001:db8::/64 }{*", STRICT) == Turn(0.0, 0.0)


async def test_a_right_guess_is_forgiven(guards: Guards) -> None:
    for _ in range(4):
        await guards.limit.guess("a", STRICT)
    await guards.other_limit.forgive("a")
    await guards.other_limit.forgive("b")
    assert await guards.limit.guess("a", STRICT) == Turn(0.0, 0.0)


async def test_after_the_pause_there_is_one_more(guards: Guards) -> None:
    assert (await guards.limit.guess("a", BRIEF)).pause == 0.05
    async with asyncio.timeout(SOON):
        while wait := (await guards.limit.guess("a", BRIEF)).wait:
            await guards.sleep(wait)


async def test_of_many_guesses_at_once_the_free_ones_get_a_turn(guards: Guards) -> None:
    turns = await asyncio.gather(*(one.guess("a", STRICT) for one in (guards.limit, guards.other_limit) * 8))
    assert sum(turn.wait == 0 for turn in turns) == STRICT.free
    assert sum(turn.pause > 0 for turn in turns) == 1


@pytest.mark.parametrize("where", ["redis", "postgres"])
@pytest.mark.parametrize("seed", range(2))
async def test_the_servers_reckon_as_the_rules_do(request: pytest.FixtureRequest, where: str, seed: int) -> None:
    chance = Random(seed)
    if where == "redis":
        clients = open_redis(request.getfixturevalue("redis_url"))
        await follow_the_rules(RedisGuessLimit(clients), chance)
        await clients.aclose()
        return
    async with two_pools(request.getfixturevalue("database")) as (pool, _):
        await follow_the_rules(PostgresGuessLimit(pool), chance)


async def follow_the_rules(limit: RedisGuessLimit | PostgresGuessLimit, chance: Random) -> None:
    known: dict[str, Guesses] = {}
    policies = {"a": Patience(2, 0.004, 0.02, 0.01), "b": Patience(1, 0.01, 0.01, 60.0), "c": Patience(3, 9, 1e6, 1.0)}
    for _ in range(40):
        who = chance.choice(list(policies))
        turn, now = await limit.reckon(who, policies[who])
        expected, known[who] = guess(known.get(who, Guesses()), policies[who], now)
        assert turn.wait == pytest.approx(expected.wait, abs=1e-4)
        assert turn.pause == pytest.approx(expected.pause)
        await asyncio.sleep(chance.choice([0, 0.002, 0.012]))


async def test_what_is_forgotten_is_swept_away(database) -> None:
    async with two_pools(database) as (pool, other):
        await PostgresGuessLimit(pool).guess("a", Patience(1, 0.0, 0.0, 0.0))
        await PostgresGuessLimit(pool).guess("b", STRICT)
        await PostgresMaintenance(other).forget_expired(limit=100)
        assert await pool.fetchval("SELECT count(*) FROM guesses") == 1


async def test_a_redis_that_is_away_is_unavailable() -> None:
    clients = open_redis("redis://127.0.0.1:1/0")
    sessions, limit = RedisSessions(clients), RedisGuessLimit(clients)
    for call in (
        sessions.begin("a", "1", idle=1),
        sessions.use("a", idle=1),
        sessions.look("a"),
        sessions.end("a"),
        limit.guess("a", STRICT),
        limit.forgive("a"),
    ):
        with pytest.raises(Unavailable):
            await call
    await clients.aclose()
