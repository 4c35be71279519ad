"""Work that a consumer took and cannot begin yet. It stays unfinished in the index, so that others may get it too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from core.domain.events import QueuedRun, WorkItem

AT_ONCE: Final = 20
"""How many set-aside runs are tried for each place that became free: most are still there."""


class Aside:
    """Suspects, which wait until nothing else runs, and runs of handlers that are as busy as they may be."""

    def __init__(self) -> None:
        self._suspects: dict[int, WorkItem] = {}
        self._by_handler: defaultdict[str, dict[int, WorkItem]] = defaultdict(dict)

    def put(self, runs: Iterable[QueuedRun], items: Mapping[int, WorkItem], room: Mapping[str, int]) -> set[WorkItem]:
        """What has to wait; of the rest somebody else was faster."""
        kept = set()
        for run in runs:
            item = items[run.run_id]
            if run.suspect:
                self._suspects[run.run_id] = item
            elif room.get(run.handler, 1) <= 0:
                self._by_handler[run.handler][run.run_id] = item
            else:
                continue
            kept.add(item)
        return kept

    def forget(self, run_ids: Iterable[int]) -> None:
        for run_id in run_ids:
            self._suspects.pop(run_id, None)
            for waiting in self._by_handler.values():
                waiting.pop(run_id, None)

    @property
    def suspects(self) -> Mapping[int, WorkItem]:
        return self._suspects

    def waiting_for(self, handler: str, room: int) -> Sequence[WorkItem]:
        """Some that wait for this handler, the longest waiting first."""
        return list(self._by_handler.get(handler, {}).values())[: max(room, AT_ONCE)]
