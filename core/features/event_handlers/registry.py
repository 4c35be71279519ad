"""Handlers as an app's developer declares them, and the value that holds them all.

`@on` only marks the function; nothing is registered at import. `Handlers.of` collects
the marked functions of the modules named by WASL_HANDLERS.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import Final, TypeVar

from core.domain.app_events import APP_EVENTS
from core.domain.retry import DEFAULT_POLICY, RetryPolicy
from core.domain.topics import DERIVED_SOURCES, ZID_TOPICS, is_known
from core.errors import SettingInvalid
from core.features.event_handlers.context import Context, Event
from core.features.event_handlers.outcomes import Outcome

HandlerFunction = Callable[[Event, Context], Awaitable[Outcome]]
F = TypeVar("F", bound=HandlerFunction)

_MARK: Final = "__wasl_handles__"
DEFAULT_TIME_LIMIT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Handler:
    """One function for one topic. `name` identifies its runs for ever: renaming it starts a new history."""

    name: str
    topic: str
    function: HandlerFunction
    snapshot: bool = False
    retry: RetryPolicy = DEFAULT_POLICY
    time_limit: float = DEFAULT_TIME_LIMIT


def on(
    *topics: str,
    name: str | None = None,
    snapshot: bool = False,
    retry: RetryPolicy = DEFAULT_POLICY,
    time_limit: float = DEFAULT_TIME_LIMIT,
) -> Callable[[F], F]:
    """Marks an async function as the handler of one or more topics.

    `snapshot=True` also calls it when an entity is first seen. `time_limit` is in
    seconds. Raises SettingInvalid for an unknown topic, naming the known ones.
    """
    for topic in topics:
        if not is_known(topic):
            known = ", ".join([*ZID_TOPICS, *DERIVED_SOURCES, *APP_EVENTS])
            raise SettingInvalid("WASL_HANDLERS", f"unknown topic {topic!r}; known are: {known}")

    def mark(function: F) -> F:
        own_name = name or f"{function.__module__}.{function.__qualname__}"
        earlier: Sequence[Handler] = getattr(function, _MARK, ())
        declared = [Handler(own_name, topic, function, snapshot, retry, time_limit) for topic in topics]
        setattr(function, _MARK, (*earlier, *declared))
        return function

    return mark


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
    def topics(self) -> tuple[str, ...]:
        return tuple(self._by_topic)
