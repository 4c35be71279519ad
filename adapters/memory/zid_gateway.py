"""Zid as a script: tests say what it answers and read what it was asked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from core.domain.documents import Document
from core.domain.operations.operation import Operation
from core.domain.tokens import Tokens, TokenSet
from core.errors import NeedsReauthorization
from core.ids import StoreId
from core.ports.zid_gateway import BoundGateway, Exchange, Probe, TokenSource, ZidGateway

Q = TypeVar("Q")
A = TypeVar("A")
R = TypeVar("R")


class Script(Generic[Q, A]):
    """Replies in order; the last one stays. `asked` lists the questions.

    A reply is a value, an exception to raise, or a function of the question.
    """

    def __init__(self, *replies: A | Exception | Callable[[Q], A]) -> None:
        self._replies = deque(replies)
        self.asked: list[Q] = []

    def then(self, *replies: A | Exception | Callable[[Q], A]) -> None:
        """More replies, after those not used yet."""
        self._replies.extend(replies)

    async def answer(self, question: Q) -> A:
        """The next reply, after giving others a turn as a network would."""
        self.asked.append(question)
        await asyncio.sleep(0)
        if not self._replies:
            raise LookupError(f"no reply is scripted for {question!r}")
        reply = self._replies.popleft() if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        # Values that are callable themselves cannot be scripted; none of Zid's are.
        return reply(question) if callable(reply) else reply


class ScriptedGateway(ZidGateway):
    """Answers operations by their type; `calls` lists what was asked, for which store."""

    def __init__(self) -> None:
        self._scripts: dict[type, Script[Operation[object], object]] = {}
        self.calls: list[tuple[StoreId, Operation[object]]] = []

    def on(self, operation: type[Operation[R]], *replies: R | Exception | Callable[[Operation[object]], R]) -> None:
        """What this operation gets from now on."""
        self._scripts[operation] = Script(*replies)

    async def perform(self, store_id: StoreId, operation: Operation[R]) -> R:
        self.calls.append((store_id, operation))
        script = self._scripts.get(type(operation), Script[Operation[object], object]())
        return cast("R", await script.answer(operation))

    def asked(self, operation: type[Operation[R]]) -> list[Operation[object]]:
        """The calls of one operation, in order."""
        return [called for _, called in self.calls if isinstance(called, operation)]

    def bound_to(self, store_id: StoreId) -> BoundGateway:
        """The same script, for one store."""
        return _Bound(self, store_id)


class _Bound(BoundGateway):
    def __init__(self, gateway: ZidGateway, store_id: StoreId) -> None:
        self._gateway = gateway
        self._store_id = store_id

    async def perform(self, operation: Operation[R]) -> R:
        return await self._gateway.perform(self._store_id, operation)


class ScriptedProbe(Probe):
    """Answers who tokens belong to."""

    def __init__(self, *replies: Document | Exception | Callable[[Tokens], Document | None] | None) -> None:
        self.script: Script[Tokens, Document | None] = Script(*replies)

    async def profile(self, tokens: Tokens) -> Document | None:
        return await self.script.answer(tokens)


class ScriptedExchange(Exchange):
    """The token endpoint: one script for codes, one for refresh tokens."""

    def __init__(self) -> None:
        self.codes: Script[str, Document] = Script()
        self.refreshes: Script[str, Document] = Script()

    async def redeem_code(self, code: str) -> Document:
        return await self.codes.answer(code)

    async def refresh(self, refresh_token: str) -> Document:
        return await self.refreshes.answer(refresh_token)


class ScriptedTokenSource(TokenSource):
    """Tokens per store, and the ones that `renew` moves on to."""

    def __init__(self, *sets: TokenSet) -> None:
        self._current = {tokens.store_id: tokens for tokens in sets}
        self.renewals: Script[TokenSet, TokenSet] = Script()

    async def current(self, store_id: StoreId) -> TokenSet:
        if store_id not in self._current:
            raise NeedsReauthorization(store_id, "no tokens are scripted")
        return self._current[store_id]

    async def renew(self, seen: TokenSet) -> TokenSet:
        here = self._current.get(seen.store_id)
        if here is not None and here.generation > seen.generation:
            return here
        self._current[seen.store_id] = await self.renewals.answer(seen)
        return self._current[seen.store_id]
