"""Recovering a broken webhook. Zid documents what that takes and not where it is asked for (U7): a setting says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.domain.operations.operation import Operation


@dataclass(frozen=True, slots=True)
class RecoverWebhook(Operation[None]):
    """Makes a broken webhook deliver again (docs.zid.sa "recover-broken-webhooks": its id and a target URL)."""

    path: str
    webhook_id: str
    target_url: str
    scope: ClassVar[str] = "third_webhook_write"
    writes: ClassVar[bool] = True
