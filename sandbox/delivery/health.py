"""The health of a webhook: a sliding hour of failures, as `webhook-health-tracking` documents it."""

from __future__ import annotations

from sandbox.world.records import Webhook

WINDOW_SECONDS = 3_600
DEGRADED_AT = 10
BROKEN_AT = 30


def health(hook: Webhook, now: float) -> str:
    """`healthy`, `degraded` (10 failures within the hour) or `broken` (30; for good, until recovered)."""
    if hook.broken_at is not None:
        return "broken"
    return "degraded" if len(_recent(hook, now)) >= DEGRADED_AT else "healthy"


def note_success(hook: Webhook) -> bool:
    """One success resets the count, though not of a broken webhook. True when something changed."""
    if hook.broken_at is not None or not hook.failures:
        return False
    hook.failures = []
    return True


def note_failure(hook: Webhook, now: float) -> bool:
    """Counts a failure; True when it is the one that breaks the webhook."""
    hook.failures = [*_recent(hook, now), now][-BROKEN_AT:]
    if hook.broken_at is not None or len(hook.failures) < BROKEN_AT:
        return False
    hook.broken_at = now
    return True


def recover(hook: Webhook, target_url: str) -> None:
    """Makes a webhook healthy again at a new URL."""
    hook.target_url = target_url
    hook.broken_at = None
    hook.failures = []


def _recent(hook: Webhook, now: float) -> list[float]:
    return [at for at in hook.failures if at > now - WINDOW_SECONDS]
