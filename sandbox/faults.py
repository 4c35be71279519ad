"""Bad days on demand: what happens to the next requests of a route, or to the next webhooks of an event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import Any

REQUEST_KINDS = ("status", "latency", "cut", "cut_after_commit", "garbage", "truncate")
WEBHOOK_KINDS = ("drop_webhook", "duplicate_webhook", "reorder_webhooks")


class FaultError(ValueError):
    """A fault that cannot be; `field` names what is wrong."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name


@dataclass(slots=True)
class Fault:
    """One fault. `route` is `METHOD /path`, `/path` or `*` with shell wildcards; for webhooks it is the event.

    `left` counts down from `times`; None means that `probability` decides each time.
    """

    id: int
    route: str
    kind: str
    left: int | None = None
    probability: float = 1.0
    store_id: int | None = None
    status: int = 500
    seconds: float = 1.0
    when: str = "before"
    body: str | None = None
    content_type: str | None = None
    retry_after: str | None = None
    hits: int = field(default=0)

    def matches(self, route: str, store_id: int | None) -> bool:
        if self.store_id is not None and store_id != self.store_id:
            return False
        path = route.partition(" ")[2] or route
        return fnmatchcase(route, self.route) or fnmatchcase(path, self.route)


class Faults:
    """The faults in force. Taking one counts it."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = Random(seed)
        self._faults: list[Fault] = []
        self._last_id = 0

    def add(self, described: dict[str, Any]) -> Fault:
        """Raises FaultError unless `described` is a fault as the control API takes it."""
        self._last_id += 1
        fault = parse_fault(self._last_id, described)
        self._faults.append(fault)
        return fault

    def remove(self, fault_id: int | None = None) -> int:
        """Removes one fault, or all; says how many."""
        before = len(self._faults)
        self._faults = [fault for fault in self._faults if fault_id is not None and fault.id != fault_id]
        return before - len(self._faults)

    def take(self, kinds: Iterable[str], route: str, store_id: int | None = None) -> list[Fault]:
        """The faults that happen now, each used up by one."""
        if not self._faults:
            return []
        return [fault for fault in self._faults if self._happens(fault, tuple(kinds), route, store_id)]

    def jitter(self, seconds: float) -> float:
        """A random wait of at most `seconds`, which puts deliveries out of order."""
        return self._rng.uniform(0, seconds)

    def _happens(self, fault: Fault, kinds: tuple[str, ...], route: str, store_id: int | None) -> bool:
        if fault.kind not in kinds or fault.left == 0 or not fault.matches(route, store_id):
            return False
        if self._rng.random() >= fault.probability:
            return False
        fault.hits += 1
        if fault.left is not None:
            fault.left -= 1
        return True

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._faults)


_OPTIONS = {
    "store_id": int, "status": int, "seconds": (int, float), "when": str, "body": str, "content_type": str,
    "retry_after": (str, int),
}  # fmt: skip


def parse_fault(fault_id: int, described: dict[str, Any]) -> Fault:
    """Reads `{"route", "kind", "times"|"probability", …}`; `times` is 1 when neither is given."""
    kind, route = described.get("kind"), described.get("route", "*")
    if kind not in REQUEST_KINDS + WEBHOOK_KINDS:
        raise FaultError("kind", f"kind must be one of {', '.join(REQUEST_KINDS + WEBHOOK_KINDS)}, not {kind!r}")
    if not isinstance(route, str) or not route:
        raise FaultError("route", 'route must be a pattern like "POST /oauth/token", "/v1/products/*" or "order.*"')
    unknown = described.keys() - _OPTIONS.keys() - {"kind", "route", "times", "probability"}
    if unknown:
        raise FaultError(min(unknown), f"unknown key; known: kind, route, times, probability, {', '.join(_OPTIONS)}")
    options = {name: _option(name, described[name]) for name in _OPTIONS if name in described}
    return Fault(fault_id, route, kind, _times(described), _probability(described), **options)


def _option(name: str, value: Any) -> Any:
    if not isinstance(value, _OPTIONS[name]) or isinstance(value, bool):  # type: ignore[arg-type]  # table of types
        raise FaultError(name, f"{name} has the wrong type: {value!r}")
    if name == "when" and value not in ("before", "after"):
        raise FaultError(name, "when must be before or after (the handler ran)")
    return str(value) if name == "retry_after" else value


def _times(described: dict[str, Any]) -> int | None:
    if "times" not in described:
        return None if "probability" in described else 1
    times = described["times"]
    if not isinstance(times, int) or isinstance(times, bool) or times < 1:
        raise FaultError("times", f"times must be a whole number above 0, not {times!r}")
    return times


def _probability(described: dict[str, Any]) -> float:
    value = described.get("probability", 1.0)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise FaultError("probability", f"probability must be above 0 and at most 1, not {value!r}")
    return float(value)
