"""The end of an install, inside the caller's transaction: tokens shredded, unfinished work cancelled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg

from adapters.postgres.alerts import heal_alerts_of
from adapters.postgres.connection import Connection
from adapters.postgres.moves import UNFINISHED_STATES
from adapters.postgres.token_vault import shred
from core.errors import Unavailable
from core.ids import InstallId

R = TypeVar("R")

TRIES: Final = 4
REASON: Final = "the install is over"
# A store may leave a long backlog behind: its end may take longer than everyday statements.
LONG: Final = 120.0
_PATIENCE: Final = (f"SET LOCAL statement_timeout = '{LONG:.0f}s'", "SET LOCAL lock_timeout = '30s'")

_CANCEL_RUNS: Final = f"""
    UPDATE runs SET state = 'cancelled', reason = $2, due_at = NULL, worker_id = NULL, settled_at = now()
    WHERE install_id = $1 AND state IN {UNFINISHED_STATES}
"""
_CANCEL_EVENTS: Final = f"""
    UPDATE events SET state = 'cancelled', reason = $2, due_at = NULL, open_runs = 0, body = NULL, settled_at = now()
    WHERE install_id = $1 AND state IN {UNFINISHED_STATES}
"""
_MARK_ENDED: Final = "UPDATE installs SET state = 'uninstalled', ended_at = now() WHERE install_id = $1"


async def despite_deadlocks(transact: Callable[[], Awaitable[R]]) -> R:
    """Runs a whole transaction again when the database broke a deadlock at its cost.

    Settling the very last runs of an install can cross its end; no order of locks prevents that.
    """
    for _ in range(TRIES - 1):
        try:
            return await transact()
        except Unavailable as error:
            if not isinstance(error.__cause__, asyncpg.DeadlockDetectedError):
                raise
    return await transact()


async def be_patient(conn: Connection) -> None:
    """Lets the statements of this transaction take as long as a long backlog needs."""
    for statement in _PATIENCE:
        await conn.execute(statement)


async def cancel_work(conn: Connection, install_id: InstallId) -> int:
    """Cancels what is unfinished now; how many events. Counts stay, bodies go.

    Runs first: settling a run locks the run, then its event.
    """
    await conn.execute(_CANCEL_RUNS, install_id, REASON, timeout=LONG)
    return _affected(await conn.execute(_CANCEL_EVENTS, install_id, REASON, timeout=LONG))


async def finish_off(conn: Connection, install_id: InstallId) -> int:
    """Ends the install for good; how many events were cancelled. The caller holds the store's row.

    Repeated until nothing is left: a batch that was at work opens runs and derived events
    just before it lets go of the events waited for here.
    """
    await conn.execute(_MARK_ENDED, install_id)
    await shred(conn, install_id)
    await heal_alerts_of(conn, install_id)
    total = 0
    while cancelled := await cancel_work(conn, install_id):
        total += cancelled
    return total


def _affected(command_tag: str) -> int:
    return int(command_tag.rpartition(" ")[2])
