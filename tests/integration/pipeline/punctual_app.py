"""Handlers that ask to be called again at a moment they name: until they were called to the second, or often enough."""

from datetime import UTC, datetime, timedelta

from core.features.event_handlers import Context, Event, Outcome, Retry, RetryPolicy, Snooze, on

PAUSE = timedelta(seconds=0.7)
FEWEST, MOST = 3, 12
dues: dict[str, list[datetime]] = {"snoozing": [], "retrying": []}
least: dict[str, timedelta] = {}


def _is_enough(handler: str) -> bool:
    """The least delay so far is kept, so that one bad moment of the machine proves nothing."""
    known = dues[handler]
    if known:
        delay = datetime.now(UTC) - known[-1]
        least[handler] = min(least.get(handler, delay), delay)
    return len(known) >= MOST or (len(known) >= FEWEST and least[handler] < timedelta(seconds=1))


@on("category.create", name="snoozing")
async def snoozing(event: Event, ctx: Context) -> Outcome:
    if _is_enough("snoozing"):
        return None
    dues["snoozing"].append(datetime.now(UTC) + PAUSE)
    return Snooze(dues["snoozing"][-1])


@on("category.create", name="retrying", retry=RetryPolicy(max_attempts=MOST + 1))
async def retrying(event: Event, ctx: Context) -> Outcome:
    if _is_enough("retrying"):
        return None
    dues["retrying"].append(datetime.now(UTC) + PAUSE)
    return Retry(PAUSE.total_seconds())
