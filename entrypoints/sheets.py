"""What is posted for the console's overview, and how it is written down: the sheets of the board of bulletins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from core.domain.traffic import Latency, Minute
from core.ports.bulletins import Bulletin, Bulletins

LEDGER: Final = "ledger"
STORES: Final = "stores"
TRAFFIC: Final = "traffic"

S = TypeVar("S")


class StoresSheet(msgspec.Struct, frozen=True):
    """All stores, by numbers. `days_left`: how many installs' tokens expire within so many days, in steps."""

    states: Mapping[str, int]
    days_left: Sequence[tuple[str, int]]
    webhooks: Mapping[str, int]
    missed: Mapping[str, float]
    open_gaps: int
    in_doubt: int
    renewals_due: int
    quarantined: int


class TrafficSheet(msgspec.Struct, frozen=True):
    """The last hour, oldest minute first, and how long events took in its last minutes."""

    minutes: Sequence[Minute]
    latency: Latency | None
    depth: int
    """Entries of the work index."""


async def post(board: Bulletins, name: str, sheet: object, now: datetime) -> None:
    await board.post(name, Bulletin(msgspec.json.encode(sheet).decode(), now))


def read(board: Mapping[str, Bulletin], name: str, shape: type[S]) -> S | None:
    """None where nothing hangs there, or what another release wrote."""
    found = board.get(name)
    try:
        return msgspec.json.decode(found.content, type=shape) if found else None
    except msgspec.ValidationError:
        return None
