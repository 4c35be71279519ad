"""`make` and what it makes the virtual environment with."""

import os
import subprocess
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[3]


def test_make_alone_lists_what_there_is() -> None:
    told = subprocess.run(["make"], cwd=TREE, capture_output=True, text=True, timeout=30, check=False)
    assert told.returncode == 0
    assert {"help", "up", "test", "check"} <= {line.split()[1] for line in told.stdout.splitlines()}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of what `.ci/venv` reads, and a path of programs of our choice, in a place with a space."""
    tree = tmp_path / "a tree"
    (tree / ".ci").mkdir(parents=True)
    (tree / "bin").mkdir()
    (tree / ".ci/venv").symlink_to(TREE / ".ci/venv")
    for name in ("requirements.txt", "pyproject.toml"):
        (tree / name).write_text("")
    for program in ("sh", "dirname", "cat", "cksum"):
        (tree / "bin" / program).symlink_to(
            next(p for p in (f"/bin/{program}", f"/usr/bin/{program}") if os.path.exists(p))
        )
    return tree


def plant(tree: Path, name: str, script: str) -> None:
    path = tree / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def make_venv(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", ".ci/venv", "requirements.txt"],
        cwd=tree,
        env={"PATH": str(tree / "bin")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_an_old_python_is_named_with_the_way_out(bare: Path) -> None:
    plant(bare, "python3", '[ "$1" = --version ] && echo "Python 3.9.2"; exit 1')
    told = make_venv(bare)
    assert told.returncode == 1
    assert "needs Python 3.11 or newer; python3 here is: Python 3.9.2" in told.stderr
    assert "apt install python3" in told.stderr


def test_a_python_without_venv_is_named_with_the_way_out(bare: Path) -> None:
    plant(
        bare,
        "python3.12",
        'case "$2" in *ensurepip*) exit 1;; *"%d.%d"*) echo 3.12;; esac',
    )
    told = make_venv(bare)
    assert told.returncode == 1
    assert "cannot make a virtual environment" in told.stderr
    assert "apt install python3.12-venv" in told.stderr


def test_nothing_is_done_when_nothing_changed(bare: Path) -> None:
    python = bare / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    key = subprocess.run(["cksum"], input=b"", capture_output=True, check=True).stdout.decode().strip()
    (bare / ".venv/made-from-requirements.txt").write_text(f"{bare.resolve()} {key}\n")
    told = make_venv(bare)
    assert (told.returncode, told.stderr) == (0, "")
