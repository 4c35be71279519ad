"""How long guessers wait, and who is signed in for how long."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.api_keys import MemoryKeyBook
from adapters.memory.audit_trail import MemoryAuditTrail
from adapters.memory.database import MemoryDatabase
from adapters.memory.sign_in_guards import MemoryGuessLimit, MemorySessions
from adapters.memory.system import ManualClock, SequentialIds
from core.domain.api_access import ApiScope
from core.domain.api_keys import KeyDraft
from core.domain.guessing import ADDRESS, EVERYBODY, Guesses, Patience, guess
from core.domain.secret import Secret
from core.errors import Unavailable
from core.features.api_keys import KeepApiKeys, KnowCallers, NewKey
from core.features.console_sign_in import (
    IDLE,
    LOCKED_OUT,
    LONGEST,
    SIGNED_IN,
    SIGNED_OUT,
    ConsoleSession,
    ConsoleSignIn,
    LockedOut,
    SignedIn,
    Visitor,
    WrongKey,
)

ADMIN, OTHER_ADMIN = Secret("the admin key"), Secret("another admin key")


@given(st.lists(st.floats(0, 5000), max_size=60))
def test_nobody_gets_more_guesses_than_the_pauses_leave(steps: list[float]) -> None:
    """However the tries are spread: after the free ones each is at least a pause after the one before."""
    known, now, granted = Guesses(), 0.0, []
    for step in steps:
        now += step
        turn, known = guess(known, ADDRESS, now)
        if turn.wait:
            assert turn.wait <= ADDRESS.longest
            continue
        granted.append((now, known.count))
    for (before, count), (after, _) in pairwise(granted):
        assert after - before >= ADDRESS.pause(count) - 1e-6


def test_the_pause_doubles_up_to_a_limit_and_all_is_forgotten_in_the_end() -> None:
    assert [ADDRESS.pause(count) for count in (1, 4, 5, 6, 7, 11, 10_000)] == [0, 0, 60, 120, 240, 3600, 3600]
    assert EVERYBODY.pause(10_000) <= 5
    strict = Patience(free=1, first=60, longest=60, quiet=100)
    _, known = guess(Guesses(), strict, 0.0)
    assert guess(known, strict, 59.0)[0].wait == pytest.approx(1)
    assert guess(known, strict, 61.0)[1].count == 2
    assert guess(known, strict, 160.0)[1].count == 1


class House:
    """A console with its guards, in memory."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.database = MemoryDatabase(self.clock)
        self.sessions = MemorySessions(self.clock)
        self.limit = MemoryGuessLimit(self.clock)
        self.book = MemoryKeyBook(self.database)
        self.configured = (ADMIN, OTHER_ADMIN)

    def console(self) -> ConsoleSignIn:
        """As another process has it."""
        return ConsoleSignIn(
            api_keys=KnowCallers(book=self.book, configured=self.configured, clock=self.clock),
            sessions=self.sessions,
            limit=self.limit,
            trail=MemoryAuditTrail(self.database),
            clock=self.clock,
            ids=SequentialIds(),
        )

    async def key(self, expires_in: timedelta | None = None) -> NewKey:
        ends = self.clock.now() + expires_in if expires_in else None
        draft = KeyDraft.of("courier", [ApiScope.READ], now=self.clock.now(), expires_at=ends)
        return await KeepApiKeys(book=self.book, ids=SequentialIds()).create(draft)

    def actions(self) -> list[tuple[str, str]]:
        return [(entry.action, entry.actor) for entry in self.database.audit if entry.action.startswith("console")]


@pytest.fixture
def house() -> House:
    return House()


async def entered(house: House, key: Secret = ADMIN, visitor: str = "a") -> ConsoleSession:
    outcome = await house.console().sign_in(key, Visitor(visitor))
    assert isinstance(outcome, SignedIn)
    return outcome.session


async def test_a_session_says_whose_key_it_is_in_every_process(house: House) -> None:
    key = await house.key()
    session = await entered(house, key.text)

    again = await house.console().session(session.session_id)

    assert again == session
    assert session.caller.name == "courier"
    assert not session.caller.may(ApiScope.OPERATE)
    assert house.actions() == [(SIGNED_IN, f"key:{key.key.key_id}")]


async def test_what_is_kept_of_a_session_opens_none(house: House) -> None:
    session = await entered(house)
    kept = repr(house.sessions.__dict__)
    assert session.session_id not in kept
    assert ADMIN.reveal() not in kept
    [name] = house.sessions._kept
    assert await house.console().session(name) is None


async def test_an_idle_session_ends_and_a_used_one_goes_on_until_its_end(house: House) -> None:
    idle = await entered(house)
    house.clock.advance(IDLE.total_seconds() + 1)
    assert await house.console().session(idle.session_id) is None

    used, passed = await entered(house), timedelta(0)
    while await house.console().session(used.session_id):
        passed += IDLE * 0.9
        house.clock.advance((IDLE * 0.9).total_seconds())
    assert LONGEST <= passed < LONGEST + IDLE


async def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(house: House) -> None:
    session = await entered(house)
    for _ in range(3):
        assert (await house.console().look(session.session_id) is None) == (house.clock.monotonic() >= IDLE.seconds)
        house.clock.advance(IDLE.total_seconds() / 2)


async def test_a_session_ends_with_its_key(house: House) -> None:
    revoked, expiring = await house.key(), await house.key(timedelta(minutes=20))
    sessions = [await entered(house, one.text) for one in (revoked, expiring)] + [await entered(house, OTHER_ADMIN)]
    await KeepApiKeys(book=house.book, ids=SequentialIds()).revoke(revoked.key.key_id)
    house.clock.advance(20 * 60)
    house.configured = (ADMIN,)

    for session in sessions:
        assert await house.console().session(session.session_id) is None
    assert not house.sessions._kept


async def test_a_session_that_was_signed_out_is_over_everywhere(house: House) -> None:
    session = await entered(house)
    await house.console().sign_out(session)
    assert await house.console().session(session.session_id) is None
    assert house.actions() == [(SIGNED_IN, "admin"), (SIGNED_OUT, "admin")]


async def test_signing_in_makes_a_session_of_its_own_and_ends_the_one_before(house: House) -> None:
    console = house.console()
    first = await console.sign_in(ADMIN, Visitor("a"))
    assert isinstance(first, SignedIn)
    second = await console.sign_in(ADMIN, Visitor("a"), replaces=first.session.session_id)
    assert isinstance(second, SignedIn)
    assert second.session.session_id != first.session.session_id
    assert await console.session(first.session.session_id) is None
    assert await console.session("chosen by somebody else") is None


async def test_guessing_locks_an_address_out_and_nobody_else(house: House) -> None:
    console, watching = house.console(), await entered(house, visitor="b")
    wrong = [await console.sign_in(Secret("no"), Visitor("a")) for _ in range(5)]
    assert wrong == [WrongKey(0), WrongKey(0), WrongKey(0), WrongKey(0), WrongKey(60)]

    locked = await console.sign_in(ADMIN, Visitor("a"))

    assert locked == LockedOut(60), "not even the right key is looked at"
    assert await console.session(watching.session_id), "who is in stays in"
    assert await entered(house, visitor="b")
    house.clock.advance(60)
    assert await console.sign_in(Secret("no"), Visitor("a")) == WrongKey(120)
    assert house.actions().count((LOCKED_OUT, "visitor")) == 2
    house.clock.advance(120)
    assert await entered(house, visitor="a")
    assert await console.sign_in(Secret("no"), Visitor("a")) == WrongKey(0), "a right key forgives what was before"


async def test_many_tries_at_once_are_no_more_than_the_free_ones(house: House) -> None:
    console = house.console()
    outcomes = await asyncio.gather(*(console.sign_in(Secret("no"), Visitor("a")) for _ in range(50)))
    assert sum(isinstance(outcome, WrongKey) for outcome in outcomes) == ADDRESS.free


async def test_many_addresses_slow_each_other_down_and_an_owner_still_comes_in(house: House) -> None:
    console = house.console()
    for number in range(EVERYBODY.free):
        assert isinstance(await console.sign_in(Secret("no"), Visitor(f"{number}")), WrongKey)
    before = house.clock.monotonic()
    for number in range(10):
        assert isinstance(await console.sign_in(Secret("no"), Visitor(f"more {number}")), WrongKey)
    assert house.clock.monotonic() - before > 30, "ten guesses took as long as that"
    assert await entered(house, visitor="an owner")
    before = house.clock.monotonic()
    known = await console.sign_in(Secret("no"), Visitor("a browser", known=True))
    assert (known, house.clock.monotonic()) == (WrongKey(0), before), "who was in before waits for nobody else"


async def test_only_so_many_wait_in_one_process(house: House) -> None:
    house.clock = ManualClock(autojump=False)
    house.limit = MemoryGuessLimit(house.clock)
    console = house.console()
    for _ in range(EVERYBODY.free):
        await house.limit.guess("everybody", EVERYBODY)
    waiting = [asyncio.create_task(console.sign_in(Secret("no"), Visitor(f"{number}"))) for number in range(40)]
    async with asyncio.timeout(30):
        while house.clock.sleeping < 32 or sum(one.done() for one in waiting) < 8:
            await asyncio.sleep(0)
    assert all(isinstance(one.result(), LockedOut) for one in waiting if one.done())
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_an_emptied_server_signs_people_out_and_forgets_guesses(house: House) -> None:
    session = await entered(house)
    house.sessions.forget_all()
    assert await house.console().session(session.session_id) is None
    assert await entered(house)


async def test_without_a_trail_nobody_comes_in(house: House) -> None:
    class Away(MemoryAuditTrail):
        async def note(self, entry: object) -> None:
            raise Unavailable("postgres")

    console = house.console()
    console._trail = Away(house.database)
    with pytest.raises(Unavailable):
        await console.sign_in(ADMIN, Visitor("a"))
    assert not house.sessions._kept
