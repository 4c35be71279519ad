"""What an app's developer imports to write handlers."""

from core.domain.retry import RetryPolicy
from core.features.event_handlers.context import BatchContext, Context, Event
from core.features.event_handlers.outcomes import Cancel, Done, Outcome, Retry, Snooze
from core.features.event_handlers.registry import Handler, Handlers, on

__all__ = [
    "BatchContext",
    "Cancel",
    "Context",
    "Done",
    "Event",
    "Handler",
    "Handlers",
    "Outcome",
    "Retry",
    "RetryPolicy",
    "Snooze",
    "on",
]
