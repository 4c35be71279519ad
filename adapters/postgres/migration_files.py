"""The numbered SQL files of the schema: their names, order, rules, hashes, and what a database made of them."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files as package_files
from itertools import pairwise
from pathlib import Path

from core.errors import FixSetup

_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_CONCURRENT = re.compile(
    r"(?:CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS|DROP\s+INDEX\s+CONCURRENTLY\s+IF\s+EXISTS)"
    r"\s+(\w+)\b",
    re.IGNORECASE,
)
_TRANSACTION_CONTROL = re.compile(
    r"(BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE)\b", re.IGNORECASE
)


class MigrationError(FixSetup):
    """The schema is not what it should be; the message is one line with cause and fix."""


class BadMigrationFile(MigrationError):
    """A file breaks the rules of this folder: correct it, nothing was applied."""


class MigrationChanged(MigrationError):
    """The database was built from other files than these: restore them, a change needs a new migration."""


class MigrationFailed(MigrationError):
    """Postgres refused a statement; nothing of that migration was kept."""


class MigrationLocked(MigrationError):
    """Another process has been migrating for the whole deadline: wait for it, or end its session."""


class ProblemKind(StrEnum):
    """How a database can differ from the shipped files."""

    MISSING = "missing"  # shipped, not applied: `wasl migrate`
    CHANGED = "changed"  # applied from a file with other content
    GONE = "gone"  # applied, and no longer shipped although newer ones are
    NEWER = "newer"  # applied by a newer release; this code runs on it


@dataclass(frozen=True)
class Problem:
    """One difference; `serious` ones stop `apply`."""

    kind: ProblemKind
    migration: str

    @property
    def serious(self) -> bool:
        return self.kind in (ProblemKind.CHANGED, ProblemKind.GONE)

    def __str__(self) -> str:
        return f"{self.migration}: {self.kind}"


@dataclass(frozen=True)
class MigrationFile:
    """One shipped file; its hash ignores how lines end."""

    id: str
    path: Path
    sha256: str

    @property
    def number(self) -> int:
        return int(self.id[:4])


@dataclass(frozen=True)
class Script:
    """What a file asks for: its statements, and whether they run in one transaction."""

    file: MigrationFile
    statements: tuple[str, ...]
    transactional: bool


def read_folder(folder: Path | None = None) -> list[MigrationFile]:
    """The shipped files in order; refuses names, numbers and down-migrations that do not belong there."""
    found = folder or Path(str(package_files("migrations")))
    migrations = [_read_file(path) for path in sorted(found.glob("*.sql"))]
    for before, file in pairwise(migrations):
        if file.number == before.number:
            raise BadMigrationFile(f"{before.path.name} and {file.path.name}: a number is given once")
    return migrations


def compare(shipped: Sequence[MigrationFile], applied: Mapping[str, str | None]) -> list[Problem]:
    """The differences, oldest migration first; `applied` maps ids to the hash of the file they came from."""
    newest = shipped[-1].id if shipped else ""
    known = {file.id for file in shipped}
    ours = [
        Problem(ProblemKind.MISSING if file.id not in applied else ProblemKind.CHANGED, file.id)
        for file in shipped
        if applied.get(file.id) != file.sha256
    ]
    theirs = [
        Problem(ProblemKind.NEWER if id_[:4] > newest[:4] else ProblemKind.GONE, id_)
        for id_ in applied
        if id_ not in known
    ]
    return sorted(ours + theirs, key=lambda problem: problem.migration)


def _read_file(path: Path) -> MigrationFile:
    if not _FILE_NAME.fullmatch(path.name):
        raise BadMigrationFile(f"{path.name}: name it NNNN_what_it_does.sql (forward only, lower case)")
    content = path.read_bytes().replace(b"\r\n", b"\n")
    return MigrationFile(path.stem, path, hashlib.sha256(content).hexdigest())


def read_script(file: MigrationFile) -> Script:
    from yoyo.migrations import read_sql_migration  # noqa: PLC0415 - the daemons know the files and read none

    directives, _comment, statements = read_sql_migration(str(file.path))
    for needed in directives.get("depends", "").split():
        if not needed < file.id:
            raise BadMigrationFile(f"{file.path.name}: depends on {needed}, which does not come before it")
    transactional = directives.get("transactional", "true").strip().lower() != "false"
    script = Script(file, tuple(statements), transactional)
    _refuse_unsafe(script)
    return script


def _refuse_unsafe(script: Script) -> None:
    for statement in map(without_comments, script.statements):
        if _TRANSACTION_CONTROL.match(statement):
            raise BadMigrationFile(f"{script.file.path.name}: remove {statement!r}; the runner opens the transaction")
        if statement and not script.transactional and not _CONCURRENT.match(statement):
            raise BadMigrationFile(
                f"{script.file.path.name}: 'transactional: false' is only for CREATE INDEX CONCURRENTLY IF NOT"
                " EXISTS and DROP INDEX CONCURRENTLY IF EXISTS; move the rest to a migration of its own"
            )


def without_comments(statement: str) -> str:
    return re.sub(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", "", statement, flags=re.DOTALL)


def index_names(script: Script) -> list[str]:
    matches = (_CONCURRENT.match(without_comments(statement)) for statement in script.statements)
    return [match.group(1).lower() for match in matches if match]
