"""What a handler is given: the event, and a context bound to the event's store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol
from uuid import UUID

from core.domain.documents import Document
from core.domain.event_states import Origin
from core.ids import EntityKind, StoreId
from core.ports.event_ledger import AppTransaction
from core.ports.zid_gateway import BoundGateway


@dataclass(frozen=True, slots=True)
class Event:
    """What happened.

    `data` is Zid's JSON for Zid's topics, and `{"old", "new", …}` for derived ones.
    `attempt` counts from 1; `received_at` is aware UTC. `stale` says that a newer
    version of the entity had been seen before this one came in.
    """

    id: UUID
    topic: str
    store_id: StoreId
    entity_kind: EntityKind
    entity_id: str
    data: Document
    origin: Origin
    received_at: datetime
    attempt: int = 1
    stale: bool = False


class Log(Protocol):
    """A logger that carries the ids of the event. Never pass it a token, a body or personal data."""

    def debug(self, event: str, **fields: object) -> object: ...
    def info(self, event: str, **fields: object) -> object: ...
    def warning(self, event: str, **fields: object) -> object: ...
    def error(self, event: str, **fields: object) -> object: ...


class UnitsOfWork(AbstractAsyncContextManager[AppTransaction]):
    """`ctx.unit_of_work`: may be entered again after it was left, and goes on with the same transaction then."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AppTransaction]]) -> None:
        self._begin = begin
        self._open: list[AbstractAsyncContextManager[AppTransaction]] = []

    async def __aenter__(self) -> AppTransaction:
        unit = self._begin()
        transaction = await unit.__aenter__()
        self._open.append(unit)
        return transaction

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> bool | None:
        return await self._open.pop().__aexit__(kind, error, frames)


@dataclass(frozen=True, slots=True)
class BatchContext:
    """The hands of a handler that takes several events of one store at once.

    As `Context`, but for the key: every event has its own, `key_of(event)`. Effects of the
    one `unit_of_work` commit together with the settling of all its events.
    """

    zid: BoundGateway
    unit_of_work: AbstractAsyncContextManager[AppTransaction]
    log: Log
    handler: str

    def key_of(self, event: Event) -> str:
        """The event's idempotency key, the same at every attempt, in a batch or alone."""
        return f"{event.id}:{self.handler}"


@dataclass(frozen=True, slots=True)
class Context:
    """A handler's hands.

    `zid` calls Zid for the event's store; it raises RuntimeError inside `unit_of_work`,
    whose effects commit together with the event's settling. Effects elsewhere are
    at-least-once: give them `idempotency_key`, which is the same at every attempt.
    """

    zid: BoundGateway
    unit_of_work: AbstractAsyncContextManager[AppTransaction]
    log: Log
    idempotency_key: str
