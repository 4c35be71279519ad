"""A store's webhook subscriptions (docs.zid.sa "create-a-webhook", "delete-a-webhook-by-original-id")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from core.domain.operations.operation import Operation
from core.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook as Zid lists it. `health` is healthy, degraded, broken or None where Zid does not say;
    `broken_at` is from when on nothing was delivered."""

    id: str
    event: str
    target_url: str
    original_id: str | None
    active: bool
    health: str | None
    broken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListWebhooks(Operation[Sequence[Subscription]]):
    """Every subscription of the app in this store."""

    scope: ClassVar[str] = "third_webhook_read"


@dataclass(frozen=True, slots=True)
class CreateWebhook(Operation[Subscription | None]):
    """Subscribes one event; None when Zid says it exists already (409 or 422, U6)."""

    event: str
    target_url: str
    original_id: str
    username: str
    password: Secret
    scope: ClassVar[str] = "third_webhook_write"
    writes: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class DeleteWebhooks(Operation[None]):
    """Removes every subscription of one original id; none existing is success."""

    original_id: str
    scope: ClassVar[str] = "third_webhook_write"
    writes: ClassVar[bool] = True
