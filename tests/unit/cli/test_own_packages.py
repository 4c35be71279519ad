"""Our everyday package names must not be somebody else's."""

import sys
from pathlib import Path

import pytest

from entrypoints.cli.own_packages import OWN_PACKAGES, TREE, foreign_packages


def test_this_tree_is_our_own() -> None:
    assert foreign_packages() == []


@pytest.mark.parametrize("name", OWN_PACKAGES)
@pytest.mark.parametrize("as_module", [False, True])
def test_one_planted_earlier_on_the_path_is_named_with_both_places(
    name: str, as_module: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = tmp_path / (f"{name}.py" if as_module else name)
    if as_module:
        planted.touch()
    else:
        planted.mkdir()
        (planted / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for module in [loaded for loaded in sys.modules if loaded.split(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    found = foreign_packages()
    assert [foreign.name for foreign in found] == [name]
    assert str(planted) in str(found[0])
    assert str(TREE / name) in str(found[0])


def test_a_missing_package_is_told_too() -> None:
    told = [str(foreign) for foreign in foreign_packages(find=lambda _: None)]
    assert len(told) == len(OWN_PACKAGES)
    assert "is missing" in told[0]
