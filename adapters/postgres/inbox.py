"""Taking deliveries in, many callers per commit.

Whoever comes while a commit is under way shares the next one: no timer, so a lone
delivery waits for nobody, and under load one round trip serves hundreds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import asyncpg
from structlog import get_logger

from adapters.postgres.connection import Pool, acquire
from adapters.postgres.inbox_sql import ACCEPT, Sighting, arguments
from adapters.postgres.storable_text import storable
from core.domain.event_states import EventState
from core.domain.events import Delivery, Receipt
from core.errors import Unavailable, Unreadable
from core.ports.event_ledger import BulkInbox

log = get_logger()

BAD_DATA: Final = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, UnicodeEncodeError)
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """A delivery and its caller's receipt to come; done early when the caller left."""

    delivery: Delivery
    receipt: asyncio.Future[Receipt] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def is_awaited(self) -> bool:
        return not self.receipt.done()

    def answer(self, receipt: Receipt) -> None:
        if self.is_awaited:
            self.receipt.set_result(receipt)

    def refuse(self, error: Exception) -> None:
        if self.is_awaited:
            self.receipt.set_exception(error)

    def give_up(self, patience: float) -> None:
        self.refuse(Unavailable("postgres", f"no commit within {patience:g} s"))


@dataclass(frozen=True, slots=True)
class Pile:
    """Equal deliveries of one batch, in arrival order: one row in SQL."""

    letters: list[Letter]

    def sighting(self) -> Sighting:
        first = self.letters[0].delivery
        return Sighting(first, sum(letter.delivery.event_id != first.event_id for letter in self.letters))

    def answer(self, receipt: Receipt) -> None:
        first = self.letters[0].delivery
        for letter in self.letters:
            letter.answer(receipt if letter.delivery.event_id == first.event_id else Receipt.DUPLICATE)

    def refuse(self, error: Exception) -> None:
        for letter in self.letters:
            letter.refuse(error)


class PostgresInbox(BulkInbox):
    """One committer per process; commits run back to back while there is anything to commit."""

    def __init__(
        self, pool: Pool, *, patience: float = 5.0, max_rows: int = 200, max_bytes: int = 4 * 1024 * 1024
    ) -> None:
        """`patience` is how many seconds a caller is kept waiting while Postgres is away."""
        self._pool = pool
        self._patience = patience
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._waiting: deque[Letter] = deque()
        self._committer: asyncio.Task[None] | None = None
        self._closed = False

    async def accept(self, delivery: Delivery) -> Receipt:
        """A caller that leaves disturbs nobody; its delivery may be committed all the same."""
        if self._closed:
            raise Unavailable("postgres", "the inbox is closed")
        letter = Letter(delivery)
        self._waiting.append(letter)
        if self._committer is None or self._committer.done():
            self._committer = asyncio.create_task(self._commit_all(), name="inbox committer")
        impatience = asyncio.get_running_loop().call_later(self._patience, letter.give_up, self._patience)
        try:
            return await letter.receipt
        finally:
            impatience.cancel()

    async def accept_all(self, deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
        return await asyncio.gather(*map(self.accept, deliveries))

    async def aclose(self) -> None:
        """Finishes what was handed in, refuses what comes later. Safe to call twice."""
        self._closed = True
        if self._committer is not None:
            await asyncio.wait({self._committer})

    async def _commit_all(self) -> None:
        while self._waiting:
            piles = pile_up(self._take())
            try:
                await self._commit(piles)
            except Exception as error:  # noqa: BLE001 - the loop's edge: every caller is told, the next batch is tried
                _refuse_all(piles, error)

    def _take(self) -> Iterator[Letter]:
        """The next batch: bounded in rows and bytes, without those whose caller left."""
        rows = size = 0
        while self._waiting and rows < self._max_rows and size < self._max_bytes:
            letter = self._waiting.popleft()
            if letter.is_awaited:
                rows += 1
                size += len(letter.delivery.body)
                yield letter

    async def _commit(self, piles: Sequence[Pile]) -> None:
        try:
            await self._write_patiently(piles)
        except BAD_DATA:
            log.warning("inbox_batch_split", deliveries=len(piles))
            for pile in piles:
                await self._commit_alone(pile)

    async def _commit_alone(self, pile: Pile) -> None:
        """So that one delivery's bad data fails nobody else; the bad one is kept as dead, with its body."""
        try:
            await self._write_patiently([pile])
        except BAD_DATA as error:
            try:
                await self._write_patiently([_madestorable(pile, error)])
            except BAD_DATA as worse:
                pile.refuse(Unreadable(f"not storable: {type(worse).__name__}"))

    async def _write_patiently(self, piles: Sequence[Pile]) -> None:
        """Tries until it is committed or every caller's patience is over. A second try never counts twice."""
        pause = 0.0
        while piles:
            try:
                return await self._write(piles)
            except Unavailable as error:
                log.warning("inbox_retries", cause=str(error), pause=pause)
                await self._pool.expire_connections()
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, pause * 2))
            piles = pile_up(letter for pile in piles for letter in pile.letters if letter.is_awaited)
        return None

    async def _write(self, piles: Sequence[Pile]) -> None:
        given = arguments([pile.sighting() for pile in piles])
        async with acquire(self._pool, timeout=self._patience) as connection:
            rows = await connection.fetch(ACCEPT, *given, timeout=self._patience)
        for place, receipt in rows:
            piles[place].answer(Receipt(receipt))


def pile_up(letters: Iterable[Letter]) -> list[Pile]:
    """Letters with equal dedupe keys on one pile."""
    piles: dict[bytes, Pile] = {}
    for letter in letters:
        piles.setdefault(letter.delivery.dedupe_key, Pile([])).letters.append(letter)
    return list(piles.values())


def _refuse_all(piles: Iterable[Pile], error: Exception) -> None:
    """The driver's messages quote what was sent, so only the error's class is logged."""
    log.error("inbox_commit_failed", error=type(error).__name__)
    for pile in piles:
        pile.refuse(error)


def _madestorable(pile: Pile, error: Exception) -> Pile:
    """Text columns hold neither NUL nor lone surrogates; the body is bytes and stays as it came."""
    return Pile([replace(letter, delivery=_dead(letter.delivery, error)) for letter in pile.letters])


def _dead(delivery: Delivery, error: Exception) -> Delivery:
    return replace(
        delivery,
        topic=storable(delivery.topic),
        entity=None,
        state=EventState.DEAD,
        reason=f"its topic or entity id cannot be stored as text: {type(error).__name__}",
    )
