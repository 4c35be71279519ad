"""One row of the table of routes: where an operation goes, what it sends, how its answer is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

from adapters.zid.encoding import Payload
from adapters.zid.headers import Family
from core.domain.exchange import Answer
from core.domain.operations.operation import Listing, Operation
from core.domain.paging import START, Page
from core.errors import UnknownShape

Op = TypeVar("Op")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Route(Generic[Op, R]):
    """Where an operation goes, what it sends, how its answer is read.

    `template` names the operation's own fields in braces. `absent` are the statuses that mean
    "nothing to do" for this operation; their result is None.
    """

    method: str
    family: Family
    template: str
    read: Callable[[Answer, Op], R]
    query: Callable[[Op], Mapping[str, str]] = lambda _: {}
    payload: Callable[[Op], Payload | None] = lambda _: None
    absent: frozenset[int] = frozenset()

    def path(self, operation: Op) -> str:
        """The path, every id in it one segment."""
        return "".join(
            literal + (_segment(getattr(operation, name)) if name else "")
            for literal, name, _, _ in Formatter().parse(self.template)
        )

    def settles(self, operation: Op, answer: Answer) -> bool:
        """Whether a refusal is a result: nothing to do, or a page beyond the last (U20)."""
        return answer.status in self.absent or _is_beyond(operation, answer)

    def result(self, operation: Op, answer: Answer) -> R:
        """What the gateway returns for an answer that was accepted."""
        if answer.status in self.absent:
            # Only operations whose result may be None name such statuses.
            return cast("R", None)
        if _is_beyond(operation, answer):
            # Listings, and no others, return pages.
            return cast("R", Page((), None))
        return self.read(answer, operation)


Table = Mapping[type[Operation[Any]], Route[Any, Any]]


def _is_beyond(operation: object, answer: Answer) -> bool:
    return isinstance(operation, Listing) and operation.at != START and answer.status == 404


def _segment(found_id: str) -> str:
    """An id as one path segment; UnknownShape for what would lead to another path."""
    if found_id.strip(".") == "":
        raise UnknownShape(f"{found_id!r} is no id")
    return quote(found_id, safe="")
