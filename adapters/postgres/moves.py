"""The states each UPDATE may leave, said once: as SQL lists made from the table of legal moves.

Written into the statements as literals, not as parameters, because only then do the
partial indexes on unfinished work serve.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from core.domain.event_states import UNFINISHED, EventState, sources_of
from core.domain.stores import LIVE, InstallState


def sql_list(states: Iterable[EventState] | Iterable[InstallState]) -> str:
    """`('a', 'b')`, always in the same order."""
    quoted = ", ".join(f"'{state}'" for state in sorted(states))
    return f"({quoted})"


def leaving_for(*path: EventState) -> str:
    """The states an UPDATE may find when, inside its transaction, it goes along this path of moves.

    A bulk batch goes from queued through running to done in one statement: the row lock
    is its claim, and no row ever says `running`.
    """
    for here, there in pairwise(path):
        if here not in sources_of(there):
            raise ValueError(f"no move from {here} to {there}")
    return sql_list(sources_of(path[0]))


BY_KEY: Final = " || ''"
"""Written behind `state` where the rows are found by their primary key.

The planner believes that few rows are unfinished, as it was when it last counted. So it
would rather walk a whole partial index on unfinished work than look a key up: with a
backlog of 20,000 events that made a claim of 200 take seconds, not 1 ms. An expression
instead of the column keeps the partial indexes out.
"""

TO_RUNNING: Final = leaving_for(EventState.RUNNING)
HELD: Final = leaving_for(EventState.DONE)
"""What an attempt can end from."""
WAITING: Final = sql_list({EventState.WAITING} & sources_of(EventState.QUEUED))
DEAD: Final = sql_list({EventState.DEAD} & sources_of(EventState.QUEUED) & sources_of(EventState.CANCELLED))

UNFINISHED_STATES: Final = sql_list(UNFINISHED)
UNFINISHED_OF_ANY_INSTALL: Final = f"state IN {UNFINISHED_STATES} AND install_id > 0"
"""All that is unfinished: numbers of installs are above 0, and a comparison lets the planner use their index."""
IN_LANE: Final = f"state IN {sql_list({EventState.QUEUED, EventState.WAITING})} AND open_runs = 0"
"""An event that stands in its lane before the mirror."""
LIVE_STATES: Final = sql_list(LIVE)
