"""What is installed: our packages with their data files, and nothing that is not ours to install."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"core", "adapters", "config", "entrypoints", "sandbox", "migrations"}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = target.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_our_packages_and_no_tests(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == PACKAGES
    assert [name for name in names if "test" in Path(name).name and name.endswith(".py")] == []


def test_every_data_file_of_a_package_travels_with_it(names: set[str]) -> None:
    shipped = {".sql", ".lua", ".html", ".css", ".js", ".txt", ".svg"}
    data = [
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.suffix in shipped and "__pycache__" not in file.parts
    ]
    assert data
    assert sorted(set(data) - names) == []
