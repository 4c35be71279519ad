"""The connection that all callers share: answers in order, and nobody hangs whatever becomes of the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.redis.connection import RedisClients, open_redis
from adapters.redis.line import Line
from adapters.redis.rate_limiter import RateScript
from core.domain.rate import Allowance
from core.errors import Unavailable
from tests.valkey_fleet import Node, one_server

ALLOWANCE = Allowance(60.0)
MANY = 300
LIMIT = 30.0
"""Seconds in which anything has to end that hangs."""


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with one_server() as node:
        yield node


@pytest.fixture
async def clients(node: Node) -> AsyncIterator[RedisClients]:
    clients = open_redis(f"redis://127.0.0.1:{node.port}/0")
    await until_open(clients.line)
    yield clients
    await clients.aclose()


async def until_open(line: Line) -> None:
    async with asyncio.timeout(LIMIT):
        while await line.ask("PING") != "PONG":
            await asyncio.sleep(0.01)


def echoed(line: Line, count: int) -> list[asyncio.Task[object | None]]:
    return [asyncio.create_task(line.ask("ECHO", number)) for number in range(count)]


async def all_of(callers: list[asyncio.Task[object | None]]) -> list[object | None]:
    async with asyncio.timeout(LIMIT):
        return await asyncio.gather(*callers)


async def until_all_are_answered(line: Line, count: int) -> None:
    """Nobody ever gets another's answer; a process that stands still for a second may hang up in between."""
    async with asyncio.timeout(LIMIT):
        while None in (answers := await all_of(echoed(line, count))):
            assert_own(dict(enumerate(answers)))
            await asyncio.sleep(0.01)
    assert_own(dict(enumerate(answers)))


def assert_own(answers: dict[int, object | None]) -> None:
    assert {number: found for number, found in answers.items() if found not in (None, str(number))} == {}


async def until_sent(line: Line) -> None:
    """Those who were begun have sent what they ask."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_everybody_gets_the_own_answer(clients: RedisClients) -> None:
    for _ in range(3):
        await until_all_are_answered(clients.line, MANY)


async def test_who_goes_away_leaves_the_answers_of_the_others_where_they_are(node: Node, clients: RedisClients) -> None:
    with node.frozen():
        callers = echoed(clients.line, MANY)
        await until_sent(clients.line)
        for caller in callers[::3]:
            caller.cancel()
        await asyncio.wait(callers[::3])
    stayed = [number for number in range(MANY) if number % 3]
    assert_own(dict(zip(stayed, await all_of([callers[number] for number in stayed]), strict=True)))
    await until_all_are_answered(clients.line, MANY)


async def test_one_that_is_refused_does_not_hold_up_the_next(clients: RedisClients) -> None:
    assert await clients.line.ask("NO-SUCH-COMMAND") is None
    await until_all_are_answered(clients.line, MANY)


async def test_scripts_that_the_server_forgot_are_given_to_it_again(clients: RedisClients) -> None:
    script = RateScript(clients)
    await script.run("wasl:rate:{a:1}", ALLOWANCE, "take", 0)
    await clients.writer.script_flush()
    assert await clients.line.ask("EVALSHA", "0" * 40, 0) is None
    taken = await asyncio.gather(*(script.run(f"wasl:rate:{{a:{n}}}", ALLOWANCE, "take", 0) for n in range(50)))
    assert [one.wait for one in taken] == [0.0] * 50
    await until_all_are_answered(clients.line, MANY)


async def test_a_frozen_server_keeps_callers_no_longer_than_one(node: Node, clients: RedisClients) -> None:
    with node.frozen():
        assert await all_of(echoed(clients.line, MANY)) == [None] * MANY, "one after another would take minutes"
        assert await all_of(echoed(clients.line, MANY)) == [None] * MANY, "nobody waits for it to be opened again"
    await until_open(clients.line)


async def test_a_limiter_on_a_frozen_server_says_that_it_is_away(node: Node, clients: RedisClients) -> None:
    script = RateScript(clients)
    with node.frozen():
        takes = [asyncio.create_task(script.run(f"wasl:rate:{{a:{n}}}", ALLOWANCE, "take", 0)) for n in range(30)]
        async with asyncio.timeout(LIMIT):
            ends = await asyncio.gather(*takes, return_exceptions=True)
    assert {type(end) for end in ends} == {Unavailable}
    await until_open(clients.line)


async def test_a_server_that_dies_in_mid_flight_lets_everybody_go(node: Node, clients: RedisClients) -> None:
    with node.frozen():
        callers = echoed(clients.line, MANY)
        await until_sent(clients.line)
        await asyncio.to_thread(node.kill)
        assert await all_of(callers) == [None] * MANY
    assert await clients.line.ask("PING") is None
    await asyncio.to_thread(node.start)
    await until_all_are_answered(clients.line, MANY)


async def test_a_connection_that_the_server_cuts_is_opened_again(node: Node, clients: RedisClients) -> None:
    await asyncio.to_thread(node.ask, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await until_all_are_answered(clients.line, MANY)


async def test_nothing_stays_open_after_the_end(node: Node) -> None:
    clients = open_redis(f"redis://127.0.0.1:{node.port}/0")
    await until_open(clients.line)
    name = str(await clients.line.ask("CLIENT", "ID"))
    waiting = asyncio.create_task(clients.line.ask("ECHO", "asked as it ends"))
    await until_sent(clients.line)
    await clients.aclose()
    assert await waiting in (None, "asked as it ends")
    async with asyncio.timeout(LIMIT):
        while f"id={name} " in str(await asyncio.to_thread(node.ask, "CLIENT", "LIST")):
            await asyncio.sleep(0.01)


async def test_an_end_while_it_is_being_opened_leaves_nothing(node: Node) -> None:
    clients = open_redis(f"redis://127.0.0.1:{node.port}/0")
    assert await clients.line.ask("PING") is None
    await clients.aclose()
    assert await clients.line.ask("PING") is None
    await clients.aclose()


async def test_a_password_is_given() -> None:
    with one_server("--requirepass", "a password") as node:
        clients = open_redis(f"redis://:a%20password@127.0.0.1:{node.port}/0")
        await until_open(clients.line)
        await clients.aclose()


async def test_a_wrong_password_is_left_to_the_driver_to_tell() -> None:
    with one_server("--requirepass", "a password") as node:
        clients = open_redis(f"redis://:another@127.0.0.1:{node.port}/0")
        assert await clients.line.ask("PING") is None
        with pytest.raises(Unavailable):
            await RateScript(clients).run("wasl:rate:{a:1}", ALLOWANCE, "take", 0)
        await clients.aclose()


async def test_nobody_waits_for_a_server_that_is_not_there() -> None:
    clients = open_redis("redis://127.0.0.1:1/0")
    assert await all_of(echoed(clients.line, MANY)) == [None] * MANY
    await clients.aclose()
