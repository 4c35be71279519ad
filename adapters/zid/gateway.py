"""Calling Zid for a store: tokens, headers, sending, and obeying what the rules say comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, Final, TypeVar

import backoff
import structlog

from adapters.zid.errors import error_after
from adapters.zid.headers import api_headers
from adapters.zid.recovery import any_route_of
from adapters.zid.route import Route
from adapters.zid.time_limit import TimeLimit
from adapters.zid.wire import Request, Wire
from core.domain.exchange import Accept, Answer, Exchange, Pause, Renew, judge
from core.domain.operations.operation import Operation
from core.domain.tokens import TokenSet
from core.errors import RefreshInProgress
from core.ids import StoreId
from core.ports.system import Chance
from core.ports.zid_gateway import TokenSource, ZidGateway

R = TypeVar("R")
log = structlog.get_logger()


class _SendAgain(Exception):
    """Wait, then send again."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def _as_decided() -> Generator[float, _SendAgain, None]:
    """Waits as the rules said; they have jittered and capped it already."""
    asked = yield 0.0
    while True:
        asked = yield asked.seconds


_obeying_pauses: Final = backoff.on_exception(_as_decided, _SendAgain, jitter=None, logger=None)


@dataclass(slots=True)
class _Call:
    """One operation on its way. `tokens` and `exchange` change from one sending to the next."""

    store_id: StoreId
    operation: Operation[Any]
    route: Route[Any, Any]
    tokens: TokenSet
    exchange: Exchange
    until: float | None


class AiohttpZidGateway(ZidGateway):
    """The gateway over a Wire. Whatever shapes traffic is a Wire around the one given.

    With a `limit` the last sending of an operation begins and ends within it; without one
    each sending has the wire's own.
    """

    def __init__(
        self, wire: Wire, tokens: TokenSource, chance: Chance, *, api_url: str, limit: TimeLimit | None = None
    ) -> None:
        self._wire = wire
        self._tokens = tokens
        self._chance = chance
        self._api_url = api_url
        self._limit = limit

    async def perform(self, store_id: StoreId, operation: Operation[R]) -> R:
        route = any_route_of(operation)
        tokens = await self._tokens.current(store_id)
        until = self._limit.start() if self._limit else None
        call = _Call(store_id, operation, route, tokens, Exchange(repeatable=operation.repeatable), until)
        return route.result(operation, await self._answer(call))

    async def _answer(self, call: _Call) -> Answer:
        """The answer to keep. Tokens are renewed at most once, and what may not be repeated is sent once."""
        try:
            return await self._sent(call)
        except _SendAgain as asked:
            return await self._sent_again(call, iter([asked]))

    @_obeying_pauses
    async def _sent_again(self, call: _Call, asked: Iterator[_SendAgain]) -> Answer:
        """Begins with the pause that was asked for: the loop of the library costs as much as a read of the vault."""
        for pause in asked:
            raise pause
        return await self._sent(call)

    async def _sent(self, call: _Call) -> Answer:
        sent = await self._wire.send(self._request(call))
        if isinstance(sent, Answer) and call.route.settles(call.operation, sent):
            return sent
        verdict = judge(sent)
        retry_after = sent.retry_after if isinstance(sent, Answer) else None
        left = self._limit.left(call.until) if self._limit else inf
        match call.exchange.after(verdict, retry_after, self._chance.fraction(), left), sent:
            case Accept(), Answer():
                return sent
            case Renew(then), _:
                call.tokens, call.exchange = await self._renewed(call.tokens, left), then
                raise _SendAgain(0.0)
            case Pause(seconds, then), _:
                call.exchange = then
                log.info("zid_pause", operation=_name(call), store_id=call.store_id, why=verdict, seconds=seconds)
                raise _SendAgain(seconds)
            case _:
                raise error_after(sent, verdict, call.operation, call.store_id)

    async def _renewed(self, seen: TokenSet, left: float) -> TokenSet:
        """Newer tokens within the time that is left; the renewal itself goes on without this caller."""
        limit = asyncio.timeout(None if left == inf else max(0.0, left))
        try:
            async with limit:
                return await self._tokens.renew(seen)
        except TimeoutError:
            if not limit.expired():
                raise
            raise RefreshInProgress(f"the tokens of store {seen.store_id} are being renewed") from None

    def _request(self, call: _Call) -> Request:
        payload = call.route.payload(call.operation)
        return Request(
            method=call.route.method,
            url=self._api_url + call.route.path(call.operation),
            family=call.route.family,
            operation=_name(call),
            store_id=call.store_id,
            query=call.route.query(call.operation),
            headers=api_headers(call.tokens.tokens, call.store_id),
            body=payload.body if payload else None,
            content_type=payload.content_type if payload else None,
            fresh=not call.operation.repeatable,
            until=call.until,
        )


def _name(call: _Call) -> str:
    return type(call.operation).__name__
