"""Whether Zid knows our client is overheard at every exchange, and told by whoever is asked."""

from __future__ import annotations

from contextlib import suppress

import pytest

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.cache import MemoryCache
from adapters.memory.database import MemoryDatabase
from adapters.memory.system import ManualClock
from core.domain.alerts import AlertKind
from core.domain.documents import Document
from core.domain.secret import Secret
from core.errors import ClientRejected, OutcomeUnknown, Refused, ServerFault, Unavailable, WaslError
from core.features.watch_client import BELIEVED_FOR, LOOK_EVERY, ClientStanding, WatchedExchange, client_name
from core.ports.cache import Cache
from core.ports.zid_gateway import Exchange

ANSWER = {"access_token": "new"}
NAME = client_name("48", Secret("a secret"))


class Zid(Exchange):
    """Ends every exchange as told."""

    reply: Exception | Document = ANSWER

    async def redeem_code(self, code: str) -> Document:
        return self._end()

    async def refresh(self, refresh_token: str) -> Document:
        return self._end()

    def _end(self) -> Document:
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


class Service:
    """One process at a cache that several share."""

    def __init__(self, cache: Cache, alerts: MemoryAlerts, clock: ManualClock, name: str = NAME) -> None:
        self.zid = Zid()
        self.standing = ClientStanding(cache, alerts, clock, name=name)
        self.exchange = WatchedExchange(self.zid, self.standing)

    async def meets(self, *replies: Exception | Document) -> None:
        """Exchanges that end so: of codes and of refresh tokens, in turns."""
        for number, self.zid.reply in enumerate(replies):
            asked = (self.exchange.redeem_code, self.exchange.refresh)[number % 2]
            with suppress(WaslError):
                assert await asked("spent") == self.zid.reply

    async def is_known(self) -> bool:
        try:
            await self.standing.check()
        except ClientRejected:
            return False
        return True


class World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cache: Cache = MemoryCache(self.clock)
        self.alerts = MemoryAlerts(MemoryDatabase(self.clock))

    def process(self, name: str = NAME) -> Service:
        return Service(self.cache, self.alerts, self.clock, name)

    async def is_alerted(self) -> bool:
        return (await self.alerts.open_counts())[AlertKind.CLIENT_REJECTED] > 0


@pytest.fixture
def world() -> World:
    return World()


async def test_nothing_was_heard_yet(world: World) -> None:
    assert await world.process().is_known()


@pytest.mark.parametrize("before", [0, 1], ids=["at an install", "at a renewal"])
async def test_a_refused_client_is_told_by_every_process(world: World, before: int) -> None:
    met, other = world.process(), world.process()
    await met.meets(*[ANSWER] * before, ClientRejected("wrong secret"))
    assert not await met.is_known()
    assert not await other.is_known()
    assert await world.is_alerted()


@pytest.mark.parametrize("end", [ANSWER, Refused(401, "The refresh token is invalid.")])
async def test_any_word_about_a_token_takes_it_back(world: World, end: Exception | Document) -> None:
    met = world.process()
    await met.meets(ClientRejected("wrong secret"), end)
    assert await met.is_known()
    assert not await world.is_alerted()


@pytest.mark.parametrize("end", [ServerFault("Zid"), Unavailable("Zid"), OutcomeUnknown("it", "look")])
async def test_silence_says_nothing_about_the_client(world: World, end: Exception) -> None:
    met = world.process()
    await met.meets(ClientRejected("wrong secret"), end)
    assert not await met.is_known()
    assert await world.is_alerted()


async def test_what_another_process_noted_is_taken_back_within_half_a_minute(world: World) -> None:
    met, other = world.process(), world.process()
    await other.meets(ANSWER)
    await met.meets(ClientRejected("wrong secret"))
    await other.meets(ANSWER)
    assert not await met.is_known(), "it does not look at every exchange"
    world.clock.advance(LOOK_EVERY)
    await other.meets(ANSWER)
    assert await met.is_known()


async def test_corrected_credentials_are_not_blamed_for_the_wrong_ones(world: World) -> None:
    await world.process().meets(ClientRejected("wrong secret"))
    assert await world.process(client_name("48", Secret("another"))).is_known()
    assert await world.process(client_name("49", Secret("a secret"))).is_known()


async def test_a_refusal_is_no_news_after_an_hour(world: World) -> None:
    met = world.process()
    await met.meets(ClientRejected("wrong secret"))
    world.clock.advance(BELIEVED_FOR + 1)
    assert await met.is_known()


async def test_a_name_tells_nothing_of_the_secret() -> None:
    assert "a secret" not in NAME
    assert client_name("48", Secret("a secreu")) != NAME


class Away(Cache):
    async def get(self, name: str) -> str | None:
        raise Unavailable("the cache")

    async def put(self, name: str, content: str, *, ttl: float) -> None:
        raise Unavailable("the cache")


async def test_exchanges_do_not_depend_on_it(world: World) -> None:
    world.cache = Away()
    met = world.process()
    await met.meets(ClientRejected("wrong secret"), ANSWER, Refused(400, "no"), ServerFault("Zid"))
    met.zid.reply = ANSWER
    assert await met.exchange.redeem_code("c") == ANSWER
    met.zid.reply = ClientRejected("wrong secret")
    with pytest.raises(ClientRejected):
        await met.exchange.refresh("r")
    with pytest.raises(Unavailable):
        await met.standing.check()
