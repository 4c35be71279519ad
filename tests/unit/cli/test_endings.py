"""Each command ends with 0, 1 or 2 and at most one line on stderr, whatever happens."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
import typer
from typer.testing import CliRunner

from core.errors import SettingInvalid, Unavailable
from entrypoints.cli import erasing
from entrypoints.cli.app import app
from entrypoints.cli.endings import end_well
from entrypoints.cli.erasing import confirm
from entrypoints.failures import CommandFailed, why_expected
from entrypoints.process import run


def raising(error: BaseException) -> Callable[[], object]:
    def work() -> object:
        raise error

    return work


def command_line(*words: str) -> Callable[[], object]:
    return lambda: app(list(words), prog_name="wasl", standalone_mode=False)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CommandFailed("there is no store 7;\n`wasl stores list`"), "wasl: there is no store 7; `wasl stores list`"),
        (Unavailable("postgres", "refused"), "does DATABASE_URL name it?"),
        (
            ExceptionGroup("tasks", [ExceptionGroup("more", [SettingInvalid("METRICS_PORT", "is taken")])]),
            "METRICS_PORT",
        ),
        (PermissionError(13, "Permission denied", "/root/out.json"), "wasl: /root/out.json: Permission denied"),
        (typer.Abort(), "aborted"),
    ],
)
def test_what_people_can_mend_is_one_line_and_exit_code_1(
    error: BaseException, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert end_well(raising(error), {}) == 1
    said = capsys.readouterr()
    assert told in said.err
    assert (said.err.count("\n"), said.out) == (1, "")


def test_a_surprise_is_one_line_that_names_the_place_of_its_details(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert end_well(raising(KeyError("colour")), {}) == 1
    said = capsys.readouterr().err
    assert said.startswith("wasl: unexpected KeyError: 'colour'")
    assert said.count("\n") == 1
    found = re.search(r"details are in (\S+);", said)
    assert found
    assert "Traceback" in Path(found[1]).read_text(encoding="utf-8")
    assert os.stat(found[1]).st_mode & 0o077 == 0


def test_a_process_that_is_started_again_and_again_leaves_no_files(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def breaks() -> None:
        raise KeyError("colour")

    with structlog.testing.capture_logs() as logs:
        assert end_well(lambda: run(breaks()), {}) == 1
    assert [(line["event"], line["log_level"]) for line in logs] == [("process_failed", "critical")]
    assert "the log has the traceback" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_debugging_shows_the_traceback_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert end_well(raising(CommandFailed("no")), {"WASL_DEBUG": "1"}) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_group_with_a_surprise_in_it_is_a_surprise() -> None:
    assert why_expected(ExceptionGroup("tasks", [CommandFailed("no"), KeyError("x")])) is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["trigge"], "Did you mean 'trigger'? (see wasl --help)"),
        (["events", "list", "--since", "yesterday"], "--since: 'yesterday': write 15m"),
        (["events", "list", "--limit", "0"], "(see wasl events list --help)"),
        (["events", "show"], "Missing argument 'ID' (see wasl events show --help)"),
        (["stores", "show", "many"], "(see wasl stores show --help)"),
        (["verify", "--jsn"], "--jsn"),
    ],
)
def test_wrong_words_are_one_line_and_exit_code_2(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert end_well(command_line(*words), {}) == 2
    said = capsys.readouterr()
    assert told in said.err
    assert (said.err.count("\n"), said.out) == (1, "")


def test_the_version_is_one_line() -> None:
    told = CliRunner().invoke(app, ["--version"])
    assert (told.exit_code, told.output.split()[0]) == (0, "wasl")


class Terminal:
    def isatty(self) -> bool:
        return True


class Pipe:
    def isatty(self) -> bool:
        return False


def test_where_nobody_can_be_asked_a_flag_has_to_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing.sys, "stdin", Pipe())
    with pytest.raises(CommandFailed, match="--yes"):
        confirm("This erases store 7", "7", yes=False)
    confirm("This erases store 7", "7", yes=True)


@pytest.mark.parametrize(("typed", "goes_ahead"), [("7", True), (" 7 ", True), ("8", False), ("y", False), ("", False)])
def test_only_the_word_itself_goes_ahead(
    typed: str, goes_ahead: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(erasing.sys, "stdin", Terminal())
    monkeypatch.setattr(erasing.typer, "prompt", lambda *_, **__: typed)
    if goes_ahead:
        confirm("This erases store 7", "7", yes=False)
    else:
        with pytest.raises(CommandFailed, match="nothing was changed"):
            confirm("This erases store 7", "7", yes=False)
    assert "It cannot be undone" in capsys.readouterr().err
