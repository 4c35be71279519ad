"""The files of a try-out: secrets that stay, and what is known of a running `wasl up`."""

import os
import stat
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from config.settings import load_settings
from entrypoints.cli.environment import effective_environment
from entrypoints.up.run_file import RunningUp, read_run_file, remove_run_file, write_run_file
from entrypoints.up.secrets_file import OWN_SECRETS, ensure_secrets, make_secrets, parse_env, read_env_file


def test_secrets_are_made_once_and_kept_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "wasl.env"
    first = ensure_secrets(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_secrets(path) == first == read_env_file(path)
    assert first["ADMIN_API_KEY"].startswith("wasl_")
    assert len(set(first.values())) == len(first)


def test_a_missing_secret_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "wasl.env"
    path.write_text("# mine\nTOKEN_KEYS=old\nMORE=kept\n")
    secrets = ensure_secrets(path)
    assert secrets["TOKEN_KEYS"] == "old"
    assert path.read_text().startswith("# mine\nTOKEN_KEYS=old\nMORE=kept\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_made_secrets_are_strong_enough_for_production() -> None:
    given_servers = {
        "DATABASE_URL": "postgresql://x?sslmode=verify-full",
        "REDIS_URL": "rediss://y",
        "PUBLIC_URL": "https://app.example",
    }
    app = {"ZID_CLIENT_ID": "1", "ZID_CLIENT_SECRET": "2", "ZID_APP_ID": "3"}
    settings = load_settings({"ENVIRONMENT": "production", **given_servers, **app, **make_secrets()})
    assert settings.production


def test_env_files_are_read_as_shells_write_them() -> None:
    text = "# note\nA=1\nexport B = \"x # y\" # z\nC='q'\nD=a#b # c\nE=\nF=#x\nno assignment\nG=x=y==\nH=$A\n"
    assert parse_env(text) == {
        "A": "1",
        "B": "x # y",
        "C": "q",
        "D": "a#b",
        "E": "",
        "F": "",
        "G": "x=y==",
        "H": "$A",
    }


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert all(key.isidentifier() for key in parse_env(text))


def running(pid: int, **environment: str) -> RunningUp:
    return RunningUp(pid, "http://127.0.0.1:8000", "http://127.0.0.1:8090", environment)


def test_a_run_file_lives_as_long_as_its_process(tmp_path: Path) -> None:
    assert read_run_file(tmp_path) is None
    write_run_file(tmp_path, running(os.getpid(), DATABASE_URL="x"))
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600
    assert read_run_file(tmp_path) == running(os.getpid(), DATABASE_URL="x")
    write_run_file(tmp_path, running(2**22 + 1))
    assert read_run_file(tmp_path) is None
    remove_run_file(tmp_path)
    remove_run_file(tmp_path)
    assert not (tmp_path / "run.json").exists()


def test_a_broken_run_file_does_not_count(tmp_path: Path) -> None:
    for content in ("", "{", "[]", '{"pid": 1}'):
        (tmp_path / "run.json").write_text(content)
        assert read_run_file(tmp_path) is None


def test_the_environment_goes_before_the_running_up_before_dotenv_before_made_secrets(tmp_path: Path) -> None:
    (tmp_path / "wasl.env").write_text("A=made\nB=made\nC=made\nD=made\n")
    (tmp_path / ".env").write_text("B=dotenv\nC=dotenv\nD=dotenv\n")
    write_run_file(tmp_path, running(os.getpid(), C="running", D="running"))
    found = effective_environment(tmp_path, {"D": "environment"}, tmp_path / ".env")
    assert found == {"A": "made", "B": "dotenv", "C": "running", "D": "environment"}


def test_production_takes_nothing_of_a_try_out(tmp_path: Path) -> None:
    ensure_secrets(tmp_path / "wasl.env")
    write_run_file(tmp_path, running(os.getpid(), DATABASE_URL="x"))
    found = effective_environment(tmp_path, {"ENVIRONMENT": "production"}, tmp_path / ".env")
    assert found == {"ENVIRONMENT": "production"}
    assert not OWN_SECRETS.keys() & found.keys()
