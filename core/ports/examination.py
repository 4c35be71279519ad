"""What `wasl doctor` asks of the outside. Nothing here changes anything."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from core.domain.diagnosis.offsets import ClockOffset
from core.domain.diagnosis.places import FileMode, Folder, Runtime
from core.domain.diagnosis.servers import DatabaseServer, IndexStanding, RedisServer, SchemaStanding

T = TypeVar("T")


class ExaminedDatabase(Protocol):
    """The database from inside. All raise Unavailable."""

    @abstractmethod
    async def server(self) -> DatabaseServer:
        """The server as this process is connected to it, with how far its clock is from ours."""

    @abstractmethod
    async def schema(self) -> SchemaStanding:
        """The shipped migrations against the applied ones; oldest first."""

    @abstractmethod
    async def indexes(self) -> IndexStanding:
        """What the applied migrations made and is not there, and every index that is not valid; by name.

        Nothing is missing where a newer release's migrations are applied, too: they may have dropped it.
        """

    @abstractmethod
    async def unsealed(self, *, limit: int) -> Mapping[str, int]:
        """Rows that hold something else than a sealed value, by table; each counted up to the limit."""


class ExaminedRedis(Protocol):
    """Redis from inside."""

    @abstractmethod
    async def servers(self) -> Sequence[RedisServer]:
        """The server, or every primary of a cluster. Raises Unavailable."""


class ExaminedMachine(Protocol):
    """The machine that this process runs on."""

    @abstractmethod
    async def folder(self, path: str) -> Folder:
        """The folder, or the nearest one above it that exists. Nothing is written."""

    @abstractmethod
    async def files(self, paths: Sequence[str]) -> Sequence[FileMode]:
        """Those of them that exist; none where files have no such modes."""

    @abstractmethod
    def runtime(self) -> Runtime: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What an address answered. `offset` is None where it told no time; `is_wasl` by its request id."""

    status: int
    offset: ClockOffset | None = None
    is_wasl: bool = False


class Outside(Protocol):
    """The network as seen from here."""

    @abstractmethod
    async def ask(self, url: str) -> Reply:
        """A GET, without a redirect being followed. Raises Unavailable where nothing answers, and says why."""


@dataclass(frozen=True, slots=True)
class NotSeen:
    """Why there is nothing to see."""

    reason: str


class Attempt(Protocol):
    """A bounded try: what the work returns, or why it did not, whatever it raised. Cancels what takes too long."""

    async def __call__(self, seconds: float, work: Awaitable[T], /) -> T | NotSeen: ...
