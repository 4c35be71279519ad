"""Completion as a shell sees it: installed into a home of its own, and asked as bash asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).resolve().parents[3]


def wasl(home: Path, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(TREE), **given}
    return subprocess.run(
        [sys.executable, "-P", "-m", "entrypoints.cli", *words],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_bash_is_offered_the_commands(tmp_path: Path) -> None:
    told = wasl(tmp_path, _WASL_COMPLETE="complete_bash", COMP_WORDS="wasl s", COMP_CWORD="1")
    assert (told.returncode, told.stderr) == (0, "")
    assert {"stores", "status", "sandbox", "scheduler"} <= set(told.stdout.split())


@pytest.mark.parametrize(("shell", "kept_in"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish")])
def test_completion_is_installed_for_the_named_shell(shell: str, kept_in: str, tmp_path: Path) -> None:
    undetected = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    told = wasl(tmp_path, "--install-completion", shell, **undetected)
    assert told.returncode == 0, told
    assert f"{shell} completion installed in" in told.stdout
    assert (tmp_path / kept_in).exists()
