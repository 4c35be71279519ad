"""What an examination meets, as a test sets it up: everything is well until it is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.domain.diagnosis.offsets import ClockOffset
from core.domain.diagnosis.places import FileMode, Folder, Runtime
from core.domain.diagnosis.servers import DatabaseServer, IndexStanding, RedisServer, SchemaStanding
from core.errors import Unavailable
from core.ports.examination import ExaminedDatabase, ExaminedMachine, ExaminedRedis, Outside, Reply

WELL = DatabaseServer(
    version=180000,
    encrypted=True,
    local=True,
    read_only=False,
    timezone="UTC",
    max_connections=200,
    reserved=3,
    role="wasl_app",
    clock=ClockOffset(0.0),
)
WELL_REDIS = RedisServer(
    version=(7, 2),
    append_only=True,
    eviction="noeviction",
    used=0,
    limit=0,
    replica=False,
    clock=ClockOffset(0.0),
)
SUPPORTED = Runtime((3, 14), "UTC", is_utc=True)


@dataclass
class MemoryExaminedDatabase(ExaminedDatabase):
    """`away` makes every question raise Unavailable."""

    found: DatabaseServer = WELL
    schema_found: SchemaStanding = field(default_factory=SchemaStanding)
    indexes_found: IndexStanding = field(default_factory=IndexStanding)
    unsealed_rows: dict[str, int] = field(default_factory=dict)
    away: bool = False

    async def server(self) -> DatabaseServer:
        self._answer()
        return self.found

    async def schema(self) -> SchemaStanding:
        self._answer()
        return self.schema_found

    async def indexes(self) -> IndexStanding:
        self._answer()
        return IndexStanding((), self.indexes_found.invalid) if self.schema_found.ahead else self.indexes_found

    async def unsealed(self, *, limit: int) -> Mapping[str, int]:
        self._answer()
        return {table: min(count, limit) for table, count in self.unsealed_rows.items() if count}

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("postgres", "ConnectionRefusedError")


@dataclass
class MemoryExaminedRedis(ExaminedRedis):
    """None of `found` is a Redis that does not answer."""

    found: Sequence[RedisServer] | None = (WELL_REDIS,)

    async def servers(self) -> Sequence[RedisServer]:
        if self.found is None:
            raise Unavailable("redis", "ConnectionError")
        return self.found


@dataclass
class MemoryMachine(ExaminedMachine):
    """Folders that are not set up are roomy and writable; files that are not, do not exist."""

    folders: dict[str, Folder] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    interpreter: Runtime = SUPPORTED

    async def folder(self, path: str) -> Folder:
        return self.folders.get(path, Folder(writable=True, free=10**12))

    async def files(self, paths: Sequence[str]) -> Sequence[FileMode]:
        return [FileMode(path, self.modes[path]) for path in paths if path in self.modes]

    def runtime(self) -> Runtime:
        return self.interpreter


@dataclass
class MemoryOutside(Outside):
    """Every address answers as Wasl does, unless it has a reply of its own; None does not answer."""

    replies: dict[str, Reply | None] = field(default_factory=dict)

    async def ask(self, url: str) -> Reply:
        reply = self.replies.get(url, Reply(200, ClockOffset(0.0), is_wasl=True))
        if reply is None:
            raise Unavailable(url, "its name is not known")
        return reply
