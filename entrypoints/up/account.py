"""The account `wasl up` gives of itself: what to open, what was installed, how many events went where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LIVE_STATES = frozenset({"active", "needs_reauthorization"})
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Places:
    """The URLs and the key a person needs."""

    public_url: str
    sandbox_url: str | None
    admin_key: str
    data_dir: str
    embedded: Sequence[str]


def opening(places: Places) -> list[str]:
    """The lines of a start: what to open and with which key."""
    zid = (
        f"{places.sandbox_url}/  a stand-in for Zid: nothing leaves this machine"
        if places.sandbox_url
        else "the real one"
    )
    lines = [
        f"  console    {places.public_url}/console",
        f"  API        {places.public_url}/v1    described at {places.public_url}/docs",
        f"  Zid        {zid}",
        f"  admin key  {places.admin_key}",
        f"  data       {places.data_dir}    logs in {places.data_dir}/logs",
    ]
    if places.embedded:
        run = "run" if len(places.embedded) > 1 else "runs"
        lines.append(f"  {' and '.join(places.embedded)} {run} embedded: for trying out, not for production")
    return lines


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of Zid's events stand where."""

    received: int
    done: int
    unfinished: int
    waiting: int
    dead: int
    other: int = 0

    @classmethod
    def of(cls, ledger: Json) -> Counted:
        """From the answer of GET /v1/ledger, or of the same shape."""
        return cls(
            received=ledger["received"],
            done=ledger["done"],
            unfinished=ledger["queued"] + ledger["running"],
            waiting=ledger["waiting"],
            dead=ledger["dead"],
            other=ledger["cancelled"] + ledger["erased"],
        )


def counter(counted: Counted, per_second: float | None = None) -> str:
    """The counter in one line; what is zero and rare is left out."""
    parts = [
        f"events: {counted.received} in",
        f"{counted.done} done",
        f"{counted.waiting} waiting",
        f"{counted.dead} dead",
    ]
    if counted.unfinished:
        parts.insert(2, f"{counted.unfinished} in work")
    if counted.other:
        parts.append(f"{counted.other} cancelled")
    if per_second is not None:
        parts.append(f"{per_second:.0f}/s")
    return " · ".join(parts)


def changes(before: Mapping[int, Json], now: Sequence[Json]) -> list[str]:
    """One line for each store that was installed, reinstalled, uninstalled or needs its merchant."""
    return [line for store in now if (line := _change(before.get(store["store_id"]), store))]


def _change(before: Json | None, store: Json) -> str | None:
    name = f"{store['title']} (store {store['store_id']})"
    is_new = before is None or before["install_id"] != store["install_id"]
    if is_new and store["state"] in LIVE_STATES:
        return f"✓ installed: {name}" + (f", for the {ordinal(store['epoch'])} time" if store["epoch"] > 1 else "")
    if before is None or before["state"] == store["state"]:
        return None
    match store["state"]:
        case "uninstalled":
            return f"✗ uninstalled: {name}"
        case "needs_reauthorization":
            return f"! needs its merchant: {name} has to be installed again"
        case _:
            return f"✓ works again: {name}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th …"""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
