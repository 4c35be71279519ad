"""The current value of every knob, checked when set."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.knob_table import KNOBS


class KnobError(ValueError):
    """A knob that does not exist or a value it does not take; `field` is the name that was used."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Knobs:
    """Reads by name and type; a change is all or nothing and is told to the listeners."""

    def __init__(self, initial: Mapping[str, object] | None = None) -> None:
        self._initial = dict(initial or {})
        self._values: dict[str, object] = {}
        self._listeners: list[Callable[[], None]] = []
        self.update(self._initial)

    def text(self, name: str) -> str:
        return str(self.value(name))

    def flag(self, name: str) -> bool:
        return bool(self.value(name))

    def number(self, name: str) -> float:
        value = self.value(name)
        return float(value) if isinstance(value, int | float) else 0.0

    def value(self, name: str) -> object:
        return self._values.get(name, KNOBS[name].default)

    def update(self, changes: Mapping[str, object]) -> None:
        """Sets all of `changes`, or none: raises KnobError naming the first that is wrong."""
        for name, value in changes.items():
            _check(name, value)
        self._values.update(changes)
        for listener in self._listeners:
            listener()

    def reset(self) -> None:
        self._values = {}
        self.update(self._initial)

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def changed(self) -> dict[str, object]:
        """Only what differs from the defaults; what a state file keeps."""
        return dict(self._values)

    def describe(self) -> list[dict[str, object]]:
        """The table with current values, as GET /__sandbox/knobs shows it."""
        return [
            {
                "name": knob.name,
                "id": knob.source,
                "value": self.value(knob.name),
                "default": knob.default,
                "allowed": knob.allowed,
                "meaning": knob.meaning,
            }
            for knob in KNOBS.values()
        ]


def _check(name: str, value: object) -> None:
    knob = KNOBS.get(name)
    if knob is None:
        raise KnobError(name, f"no knob is named {name!r}; known: {', '.join(sorted(KNOBS))}")
    if not knob.accepts(value):
        raise KnobError(name, f"{name} takes {knob.allowed}, not {value!r}")
