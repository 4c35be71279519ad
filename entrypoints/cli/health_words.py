"""A process's health as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoints.cli.values import plain_text


def lines(process: str, address: str, told: Mapping[str, object]) -> Iterator[str]:
    """The verdict, each dependency, and each loop that does not go on."""
    status = told.get("status")
    if status is None:
        yield f"{process} on {address}: what answers there is not wasl"
        return
    yield f"{process} on {address}: {plain_text(str(status)).replace('_', ' ')}"
    yield from (f"  {name:<12}{words}" for name, words in _checks(told))
    loops = _named(told, "loops")
    yield from (f"  {name:<12}{_loop_words(one)}" for name, one in loops.items() if not one.get("ok"))
    if loops and all(one.get("ok") for one in loops.values()):
        yield f"  {'loops':<12}all {len(loops)} go on"


def _checks(told: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, check in _named(told, "checks").items():
        if check.get("ok"):
            yield name, f"ok, {_number(check, 'seconds') * 1000:.0f} ms"
            continue
        age = check.get("seconds_since_success")
        last = f"last answered {age:.0f} s ago" if isinstance(age, int | float) else "has not answered yet"
        yield name, f"NOT ok: {check.get('problem')}; {last}"


def _loop_words(loop: Mapping[str, object]) -> str:
    if (spent := loop.get("seconds_in_step")) is not None and not loop.get("problem"):
        return f"NOT ok: in one step for {spent} s"
    return f"NOT ok: {loop.get('problem')}; last succeeded {_number(loop, 'seconds_since_success'):.0f} s ago"


def _named(told: Mapping[str, object], part: str) -> Mapping[str, Mapping[str, object]]:
    found = told.get(part)
    if not isinstance(found, dict):
        return {}
    return {plain_text(str(name)): one for name, one in found.items() if isinstance(one, dict)}


def _number(values: Mapping[str, object], name: str) -> float:
    value = values.get(name)
    return float(value) if isinstance(value, int | float) else 0.0
