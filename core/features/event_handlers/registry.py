"""Handlers as an app's developer declares them, and the value that holds them all.

`@on` only marks the function; nothing is registered at import. `Handlers.of` collects
the marked functions of the modules named by WASL_HANDLERS.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import Final, TypeVar, cast

from core.domain.app_events import APP_EVENTS
from core.domain.retry import DEFAULT_POLICY, RetryPolicy
from core.domain.topics import DERIVED_SOURCES, ZID_TOPICS, is_known
from core.errors import SettingInvalid
from core.features.event_handlers.context import BatchContext, Context, Event
from core.features.event_handlers.outcomes import Outcome

HandlerFunction = Callable[[Event, Context], Awaitable[Outcome]]
BatchFunction = Callable[[Sequence[Event], BatchContext], Awaitable[Outcome]]
F = TypeVar("F", bound=HandlerFunction | BatchFunction)

_MARK: Final = "__wasl_handles__"
DEFAULT_TIME_LIMIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Handler:
    """One function for one topic. `name` identifies its runs for ever: renaming it starts a new history.

    `concurrency` is how often it may be at work in one process, `batch` how many events it
    takes at once; None is no limit of its own, and one event at a time.
    """

    name: str
    topic: str
    function: HandlerFunction | BatchFunction
    snapshot: bool = False
    retry: RetryPolicy = DEFAULT_POLICY
    time_limit: float = DEFAULT_TIME_LIMIT
    concurrency: int | None = None
    batch: int | None = None

    def call(self, events: Sequence[Event], context: Context | BatchContext) -> Awaitable[Outcome]:
        """The function on these events; the context is of the kind that the function takes."""
        if isinstance(context, BatchContext):
            return cast("BatchFunction", self.function)(events, context)
        return cast("HandlerFunction", self.function)(events[0], context)


def on(
    *topics: str,
    name: str | None = None,
    snapshot: bool = False,
    retry: RetryPolicy = DEFAULT_POLICY,
    time_limit: float = DEFAULT_TIME_LIMIT,
    concurrency: int | None = None,
    batch: int | None = None,
) -> Callable[[F], F]:
    """Marks an async function as the handler of one or more topics.

    `snapshot=True` also calls it when an entity is first seen. `time_limit` is in seconds.
    At most `concurrency` calls are under way in one process. With `batch=n` the function takes
    a sequence of up to n events of one store and a BatchContext; what it says holds for all of
    them, and after a failure it gets them one at a time. Raises SettingInvalid for an unknown
    topic, naming the known ones, and for a number below what makes sense.
    """
    for topic in topics:
        _check_topic(topic)
    _check_numbers(retry, time_limit, concurrency, batch)

    def mark(function: F) -> F:
        own_name = name or f"{function.__module__}.{function.__qualname__}"
        earlier: Sequence[Handler] = getattr(function, _MARK, ())
        declared = [
            Handler(own_name, topic, function, snapshot, retry, time_limit, concurrency, batch) for topic in topics
        ]
        setattr(function, _MARK, (*earlier, *declared))
        return function

    return mark


def _check_topic(topic: str) -> None:
    if not is_known(topic):
        known = ", ".join([*ZID_TOPICS, *DERIVED_SOURCES, *APP_EVENTS])
        raise SettingInvalid("WASL_HANDLERS", f"unknown topic {topic!r}; known are: {known}")


def _check_numbers(retry: RetryPolicy, time_limit: float, concurrency: int | None, batch: int | None) -> None:
    if not time_limit > 0:
        raise SettingInvalid("WASL_HANDLERS", f"time_limit={time_limit!r}: give seconds above 0")
    counts = {"retry.max_attempts": retry.max_attempts, "concurrency": concurrency, "batch": batch}
    for name, number in counts.items():
        if number is not None and number < 1:
            raise SettingInvalid("WASL_HANDLERS", f"{name}={number!r}: give 1 or more")


@dataclass(frozen=True, slots=True)
class Handlers:
    """Every handler of the running app, by topic and by name."""

    all: tuple[Handler, ...] = ()
    _by_topic: Mapping[str, tuple[Handler, ...]] = field(init=False, repr=False)
    _by_run: Mapping[tuple[str, str], Handler] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_topic: dict[str, tuple[Handler, ...]] = {}
        by_run: dict[tuple[str, str], Handler] = {}
        for handler in self.all:
            if by_run.setdefault((handler.name, handler.topic), handler) is not handler:
                raise SettingInvalid("WASL_HANDLERS", f"two handlers named {handler.name!r} for {handler.topic!r}")
            by_topic[handler.topic] = (*by_topic.get(handler.topic, ()), handler)
        object.__setattr__(self, "_by_topic", MappingProxyType(by_topic))
        object.__setattr__(self, "_by_run", MappingProxyType(by_run))

    @classmethod
    def of(cls, modules: Iterable[ModuleType]) -> Handlers:
        """The marked functions of these modules, in the order they are written."""
        found: dict[tuple[str, str], Handler] = {}
        for module in modules:
            for value in vars(module).values():
                for handler in getattr(value, _MARK, ()):
                    if getattr(handler.function, "__module__", None) == module.__name__:
                        found[handler.name, handler.topic] = handler
        return cls(tuple(found.values()))

    def names_for(self, topic: str, *, snapshot: bool = False) -> tuple[str, ...]:
        """The handlers that get an event of this topic; of a first sight only those that asked for it."""
        return tuple(h.name for h in self._by_topic.get(topic, ()) if h.snapshot or not snapshot)

    def find(self, name: str, topic: str) -> Handler | None:
        """The handler of a run, or None when the app no longer has it."""
        return self._by_run.get((name, topic))

    @property
    def limits(self) -> Mapping[str, int]:
        """The handlers that have a concurrency of their own, by name; the least where topics differ."""
        found: dict[str, int] = {}
        for handler in self.all:
            if handler.concurrency is not None:
                found[handler.name] = min(handler.concurrency, found.get(handler.name, handler.concurrency))
        return found

    def batch_of(self, name: str) -> int:
        """How many events the handlers of this name take at once, at most."""
        return max((handler.batch or 1 for handler in self.all if handler.name == name), default=1)

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._by_topic)
