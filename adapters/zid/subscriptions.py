"""Webhook objects as Zid returns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.domain.documents import Document, rows, sub, text
from core.domain.operations.webhooks import Subscription
from core.domain.timestamps import parse_time
from core.errors import UnknownShape

_ASLEEP: Final = frozenset({"inactive", "error"})


def read_subscriptions(answer: Document) -> Sequence[Subscription]:
    """`{"data": [..]}`; UnknownShape without that list."""
    if not isinstance(answer.get("data"), list):
        raise UnknownShape("the list of webhooks has no data")
    return [read_subscription(row) for row in rows(answer, "data")]


def read_subscription(answer: Document) -> Subscription:
    """A webhook at the root, or under `data` (U6)."""
    webhook = sub(answer, "data") or answer
    event, target = text(webhook.get("event")), text(webhook.get("target_url"))
    if event is None or target is None:
        raise UnknownShape("a webhook without event or target_url")
    return Subscription(
        id=text(webhook.get("id")) or f"{event} {target}",
        event=event,
        target_url=target,
        original_id=text(webhook.get("original_id")),
        active=webhook.get("active") is not False and _status(webhook) not in _ASLEEP,
        health=_lower(webhook.get("health_status")),
        broken_at=parse_time(webhook.get("broken_at")),
    )


def _status(webhook: Document) -> str | None:
    """Documented as a code; also seen as an object."""
    return _lower(sub(webhook, "status").get("code")) or _lower(webhook.get("status"))


def _lower(value: object) -> str | None:
    found = text(value)
    return found.lower() if found else None
