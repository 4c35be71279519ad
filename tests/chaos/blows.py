"""What hits the service. Each blow tells in a few words what it did."""

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from signal import SIGKILL, SIGTERM

import redis

from tests.chaos.arena import PARTS, Arena, awake, waited_for

LONGER_THAN_A_LEASE = 13.0
"""Seconds: who sleeps so long has lost what it held."""


@dataclass(frozen=True)
class Force:
    """How hard it comes: seconds that servers are away."""

    away: float


Blow = Callable[[Arena, random.Random, Force], str]


def kill_a_part(arena: Arena, chance: random.Random, force: Force) -> str:
    title = chance.choice(["wasl http", "wasl consumer", "wasl scheduler"])
    return f"kill {title} {hit(arena, title, SIGKILL)}"


def kill_the_second_consumer(arena: Arena, chance: random.Random, force: Force) -> str:
    assert waited_for(arena.second_consumer.pids)
    known = arena.second_consumer.pids()
    for pid in known:
        arena.hurt.add(pid)
        os.kill(pid, SIGKILL)
    return f"kill the second consumer {known}"


def freeze_a_consumer(arena: Arena, chance: random.Random, force: Force) -> str:
    """One of the two, so that the other takes over what it holds."""
    assert waited_for(lambda: awake(arena.consumers()))
    pid = min(awake(arena.consumers()))
    arena.freeze(pid, LONGER_THAN_A_LEASE)
    return f"freeze a consumer {pid} for {LONGER_THAN_A_LEASE:.0f} s"


def freeze_an_http_process(arena: Arena, chance: random.Random, force: Force) -> str:
    """Never both: somebody has to answer Zid."""
    assert waited_for(lambda: len(awake(arena.service.children("wasl http"))) == 2)
    pid = min(awake(arena.service.children("wasl http")))
    arena.freeze(pid, LONGER_THAN_A_LEASE)
    assert waited_for(lambda: pid not in arena.service.children("wasl http")), "nobody replaced the frozen one"
    return f"freeze http {pid} until it is replaced"


def freeze_the_scheduler(arena: Arena, chance: random.Random, force: Force) -> str:
    assert waited_for(lambda: awake(arena.service.children("wasl scheduler")))
    pid = min(awake(arena.service.children("wasl scheduler")))
    arena.freeze(pid, LONGER_THAN_A_LEASE)
    return f"freeze the scheduler {pid} for {LONGER_THAN_A_LEASE:.0f} s"


def kill_postgres(arena: Arena, chance: random.Random, force: Force) -> str:
    with arena.outage():
        pid = arena.postgres.pid
        assert pid is not None
        os.kill(pid, SIGKILL)
        assert waited_for(lambda: arena.postgres.poll() is not None)
        arena.postgres.start()
    return f"kill Postgres {pid}"


def postgres_away(arena: Arena, chance: random.Random, force: Force) -> str:
    arena.away(force.away, arena.postgres)
    return f"Postgres away for {force.away:.0f} s"


def a_rolling_restart(arena: Arena, chance: random.Random, force: Force) -> str:
    for title in ("wasl http", "wasl http", "wasl consumer", "wasl scheduler"):
        hit(arena, title, SIGTERM)
    return "restart everything, one after the other"


def the_clock_jumps(arena: Arena, chance: random.Random, force: Force) -> str:
    seconds = chance.choice([1, 30, 120])
    arena.service.sandbox.ask("POST", "/clock", {"advance_seconds": seconds})
    return f"Zid's clock jumps {seconds} s"


def kill_valkey(arena: Arena, chance: random.Random, force: Force) -> str:
    assert arena.valkey is not None
    pid = arena.valkey.pid
    assert pid is not None
    os.kill(pid, SIGKILL)
    assert waited_for(lambda: arena.valkey.poll() is not None)
    arena.valkey.start()
    return f"kill Valkey {pid}"


def flush_valkey(arena: Arena, chance: random.Random, force: Force) -> str:
    assert arena.valkey is not None
    with redis.Redis.from_url(arena.valkey.url()) as client:
        client.flushall()
    return "FLUSHALL"


def valkey_away(arena: Arena, chance: random.Random, force: Force) -> str:
    assert arena.valkey is not None
    arena.away(force.away, arena.valkey)
    return f"Valkey away for {force.away:.0f} s"


def both_away(arena: Arena, chance: random.Random, force: Force) -> str:
    assert arena.valkey is not None
    arena.away(force.away, arena.postgres, arena.valkey)
    return f"Postgres and Valkey away for {force.away:.0f} s"


ANYWHERE: Sequence[Blow] = (
    kill_a_part,
    kill_the_second_consumer,
    freeze_a_consumer,
    freeze_an_http_process,
    freeze_the_scheduler,
    kill_postgres,
    postgres_away,
    a_rolling_restart,
    the_clock_jumps,
)
WITH_REDIS: Sequence[Blow] = (kill_valkey, flush_valkey, valkey_away, both_away)


def hit(arena: Arena, title: str, signal: int) -> int:
    """One process of this title, as soon as all of them run: whoever was hit before has been replaced."""
    wanted = PARTS[title]
    assert waited_for(lambda: len(awake(arena.service.children(title))) == wanted), f"{title}: nobody took the place"
    pid = min(awake(arena.service.children(title)))
    arena.hurt.add(pid)
    os.kill(pid, signal)
    return pid
