"""The spool on a local disk: one file per process, and those of processes that are gone."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from structlog import get_logger

from adapters.files.spool_file import SUFFIX, Numbered, SpoolFile, key_id_of, waiting_in
from adapters.formats.delivery_record import seal, unseal
from core.domain.events import Delivery
from core.errors import KeyMissing, Unavailable, Unreadable, WaslError
from core.ports.sealing import Sealer
from core.ports.spool import Kept, Spool

log = get_logger()
T = TypeVar("T")

GROUP_ROWS: Final = 500
GROUP_BYTES: Final = 4 * 1024 * 1024
READ_BYTES: Final = 4 * 1024 * 1024
PATIENCE: Final = 3.0
"""Seconds that a delivery waits for a disk; what Zid waits for in all is this and the database's patience."""


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """A delivery to be kept and its caller, who waits for the disk."""

    delivery: Delivery
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, error: Exception | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class FileSpool(Spool):
    """Whoever comes while a write is under way shares the next one, and its fsync. One thread does the disk's work.

    `max_bytes` bounds the files that this process holds. The folder is made when it is first needed.
    """

    def __init__(
        self, folder: Path, sealer: Callable[[], Sealer], *, max_bytes: int, patience: float = PATIENCE
    ) -> None:
        self._folder = folder
        self._sealer = sealer
        self._max_bytes = max_bytes
        self._patience = patience
        self._own: SpoolFile | None = None
        self._adopted: list[SpoolFile] = []
        self._shut: set[Path] = set()
        """Files whose key is not in the ring: they wait for it, locked by us."""
        self._letters: deque[Letter] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._disk: ThreadPoolExecutor | None = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._closed = False

    async def keep(self, delivery: Delivery) -> None:
        if self._closed:
            raise Unavailable("spool", "it is closed")
        letter = Letter(delivery)
        self._letters.append(letter)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="spool writer")
        try:
            async with asyncio.timeout(self._patience):
                await letter.done
        except TimeoutError as error:
            raise Unavailable("spool", f"no write within {self._patience:g} s") from error

    async def oldest(self, *, limit: int) -> Sequence[Kept]:
        return await self._on_disk(self._oldest, limit)

    async def forget(self, kept: Sequence[Kept]) -> None:
        await self._on_disk(self._forget, [one.place for one in kept])

    async def adopt(self) -> int:
        return await self._on_disk(self._adopt)

    async def depth(self) -> int:
        return await self._on_disk(self._depth)

    async def sealed_by(self) -> Mapping[str, int]:
        return await self._on_disk(self._sealed_by)

    async def aclose(self) -> None:
        self._closed = True
        if self._writer is not None:
            await asyncio.wait({self._writer})
        disk, self._disk = self._disk, None
        if disk is not None:
            await asyncio.to_thread(disk.shutdown)
        for file in self._files():
            file.close()
        self._own, self._adopted = None, []

    async def _on_disk(self, work: Callable[..., T], *args: object) -> T:
        if self._disk is None:
            raise Unavailable("spool", "it is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._disk, work, *args)
        except OSError as error:
            raise Unavailable("spool", error.strerror or type(error).__name__) from error

    # --- keeping: in the writer's task, and on the disk's thread ---------------

    async def _write_all(self) -> None:
        while self._letters:
            group = self._group()
            try:
                refused = await self._on_disk(self._write, [letter.delivery for letter in group])
            except Exception as error:  # noqa: BLE001 - the loop's edge: every caller is told, the next group is tried
                refused = dict.fromkeys(range(len(group)), _told(error, len(group)))
            for place, letter in enumerate(group):
                letter.settle(refused.get(place))

    def _group(self) -> list[Letter]:
        group: list[Letter] = []
        size = 0
        while self._letters and len(group) < GROUP_ROWS and size < GROUP_BYTES:
            letter = self._letters.popleft()
            size += len(letter.delivery.body)
            group.append(letter)
        return group

    def _write(self, deliveries: Sequence[Delivery]) -> dict[int, Exception]:
        """Those that do not fit any more, by place; every other one is on the disk."""
        file = self._own or self._begin()
        room = self._max_bytes - sum(one.size for one in self._files())
        fitting: list[bytes] = []
        refused: dict[int, Exception] = {}
        for place, delivery in enumerate(deliveries):
            sealed = seal(self._sealer(), file.key, delivery)
            room -= len(sealed)
            if room < 0:
                room += len(sealed)
                refused[place] = Unavailable("spool", "SPOOL_MAX_BYTES is used up")
            else:
                fitting.append(sealed)
        if fitting:
            self._append(file, fitting)
        return refused

    def _append(self, file: SpoolFile, sealed: Sequence[bytes]) -> None:
        try:
            file.append(sealed)
        except OSError:
            # What a failed fsync left behind is unknown: this file is only read from now on.
            self._own = None
            self._adopted.append(file)
            raise

    def _begin(self) -> SpoolFile:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._own = SpoolFile.create(self._folder, self._sealer().new_data_key())
        return self._own

    def _files(self) -> list[SpoolFile]:
        return [*self._adopted, self._own] if self._own else list(self._adopted)

    # --- replaying: on the disk's thread --------------------------------------

    def _oldest(self, limit: int) -> Sequence[Kept]:
        for file in self._files():
            if file.path not in self._shut and (kept := self._opened(file, limit)):
                return kept
        return []

    def _opened(self, file: SpoolFile, limit: int) -> Sequence[Kept]:
        """The next of this file that open; those that never will are passed by."""
        while found := file.oldest(limit=limit, max_bytes=READ_BYTES):
            try:
                kept = [one for place in found if (one := self._open(file, place))]
            except KeyMissing as error:
                self._shut_away(file, error)
                return []
            if kept:
                return kept
            file.forget_up_to(found[-1].number, found[-1].end)
        self._clear(file)
        return []

    def _open(self, file: SpoolFile, one: Numbered) -> Kept | None:
        place = f"{file.path.name}/{one.number}/{one.end}"
        try:
            return Kept(place, unseal(self._sealer(), file.key, one.sealed))
        except Unreadable as error:
            log.warning("spooled_delivery_unreadable", place=place, problem=str(error))
            return None

    def _shut_away(self, file: SpoolFile, error: KeyMissing) -> None:
        self._shut.add(file.path)
        log.error("spool_file_shut", file=file.path.name, deliveries=file.waiting, problem=str(error))

    def _forget(self, places: Sequence[str]) -> None:
        by_name = {file.path.name: file for file in self._files()}
        for place in places:
            name, number, end = place.split("/")
            if file := by_name.get(name):
                file.forget_up_to(int(number), int(end))
        for file in by_name.values():
            if not file.waiting:
                self._clear(file)

    def _clear(self, file: SpoolFile) -> None:
        """Nothing waits in it: the file goes. The next delivery to be kept begins another."""
        file.remove()
        if file is self._own:
            self._own = None
        else:
            self._adopted.remove(file)

    def _adopt(self) -> int:
        ours = {file.path for file in self._files()}
        adopted = [file for path in self._paths() if path not in ours and (file := _adopted(path))]
        for file in adopted:
            log.warning("spool_file_adopted", file=file.path.name, deliveries=file.waiting)
            if file.cut:
                log.error("spool_file_repaired", file=file.path.name, bytes_cut=file.cut)
        self._adopted += adopted
        return sum(file.waiting for file in adopted)

    def _depth(self) -> int:
        return sum(map(waiting_in, self._paths()))

    def _sealed_by(self) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for path in self._paths():
            if (key_id := key_id_of(path)) and (waiting := waiting_in(path)):
                found[key_id] += waiting
        return found

    def _paths(self) -> Sequence[Path]:
        """The oldest first."""
        found: list[tuple[float, Path]] = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):
                found.append((path.stat().st_mtime, path))
        return [path for _, path in sorted(found)]


def _adopted(path: Path) -> SpoolFile | None:
    with suppress(FileNotFoundError):
        return SpoolFile.adopt(path)
    return None


def _told(error: Exception, deliveries: int) -> Exception:
    """What the callers are told. Of errors that are not ours only the class is logged: a message could quote a body."""
    problem = str(error) if isinstance(error, WaslError) else type(error).__name__
    log.error("spool_not_written", deliveries=deliveries, problem=problem)
    return error if isinstance(error, Unavailable) else Unavailable("spool", type(error).__name__)
