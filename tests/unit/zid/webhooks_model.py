"""A model of Zid's webhook subscriptions behind the gateway port, with its undocumented variants as switches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TypeVar, cast

from core.domain.operations.operation import Operation
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks, Subscription
from core.domain.recover_webhook import RecoverWebhook
from core.errors import NotFound, WaslError
from core.ids import StoreId
from core.ports.zid_gateway import ZidGateway

R = TypeVar("R")


async def _nothing(_: Operation[object]) -> None:
    """Nothing happens before an operation."""


@dataclass
class WebhooksModel(ZidGateway):
    """`refuses_duplicates` by event (U6); `recovers` where the path is right (U7).

    `fails` raises for an event before, `loses` after it was made.
    """

    refuses_duplicates: bool = False
    recovers: bool = False
    fails: dict[str, WaslError] = field(default_factory=dict)
    loses: dict[str, WaslError] = field(default_factory=dict)
    before: Callable[[Operation[object]], Awaitable[None]] = _nothing
    standing: list[Subscription] = field(default_factory=list)
    performed: list[Operation[object]] = field(default_factory=list)
    fewest: dict[str, int] = field(default_factory=dict)
    """Per event, the fewest subscriptions that ever stood once it had one."""
    _ids: count[int] = field(default_factory=lambda: count(1))

    async def perform(self, store_id: StoreId, operation: Operation[R]) -> R:
        await self.before(operation)
        self.performed.append(operation)
        result = self._do(operation)
        for event in {one.event for one in self.standing} | set(self.fewest):
            standing = sum(one.event == event for one in self.standing)
            self.fewest[event] = min(self.fewest.get(event, standing), standing)
        return cast("R", result)

    def _do(self, operation: Operation[object]) -> object:
        match operation:
            case ListWebhooks():
                return list(self.standing)
            case CreateWebhook():
                return self._create(operation)
            case RecoverWebhook():
                return self._recover(operation)
            case DeleteWebhooks(original_id):
                self.standing = [one for one in self.standing if one.original_id != original_id]
                return None
        raise LookupError(operation)

    def _recover(self, wanted: RecoverWebhook) -> None:
        if not self.recovers:
            raise NotFound(404, "there is no such path")
        self.standing = [
            replace(one, health="healthy", broken_at=None) if one.id == wanted.webhook_id else one
            for one in self.standing
        ]

    def _create(self, wanted: CreateWebhook) -> Subscription | None:
        if wanted.event in self.fails:
            raise self.fails[wanted.event]
        if self.refuses_duplicates and any(one.event == wanted.event for one in self.standing):
            return None
        made = Subscription(str(next(self._ids)), wanted.event, wanted.target_url, wanted.original_id, True, None)
        self.standing.append(made)
        if wanted.event in self.loses:
            raise self.loses[wanted.event]
        return made

    def count(self, kind: type[Operation[R]]) -> int:
        return sum(isinstance(operation, kind) for operation in self.performed)
