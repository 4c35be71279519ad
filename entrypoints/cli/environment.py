"""Where a command's settings come from: the environment, .env, a running `wasl up`, the secrets of a try-out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from config.settings import Settings, load_settings
from entrypoints.failures import CommandFailed
from entrypoints.up.run_file import RunningUp, read_run_file
from entrypoints.up.secrets_file import FILE_NAME as SECRETS_FILE
from entrypoints.up.secrets_file import read_env_file

DEFAULT_DATA_DIR: Final = Path(".wasl")
DOTENV: Final = Path(".env")
SPOOL_FOLDER: Final = "spool"
"""Below the data directory, unless SPOOL_DIR says otherwise."""
ERASURE_FILE: Final = "erasures.jsonl"
"""In the data directory, unless ERASURE_LOG says otherwise."""

DataDir = Annotated[
    Path,
    typer.Option(
        envvar="WASL_DATA_DIR", metavar="DIR", help="Where `wasl up` keeps its data and says how it is reached."
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout, with every field, instead of a table.")
]


def given_environment(environment: Mapping[str, str] = os.environ, dotenv: Path = DOTENV) -> dict[str, str]:
    """What the user set: the environment, before .env of this directory."""
    return {**read_env_file(dotenv), **environment}


def effective_environment(
    data_dir: Path, environment: Mapping[str, str] = os.environ, dotenv: Path = DOTENV
) -> dict[str, str]:
    """What a command works with. In production nothing of a try-out is looked at."""
    given = given_environment(environment, dotenv)
    if given.get("ENVIRONMENT") == "production":
        return given
    running = read_run_file(data_dir)
    secrets = read_env_file(data_dir / SECRETS_FILE)
    return {**secrets, **given, **(running.environment if running else {}), **environment}


def settings_for(data_dir: Path) -> Settings:
    """The checked settings of this command."""
    beside = {"SPOOL_DIR": str(data_dir / SPOOL_FOLDER), "ERASURE_LOG": str(data_dir / ERASURE_FILE)}
    return load_settings({**beside, **effective_environment(data_dir)})


def settings_with_database(data_dir: Path) -> Settings:
    """The settings of a command that reads the database; CommandFailed says how to get one."""
    settings = settings_for(data_dir)
    if settings.database_url is None:
        raise CommandFailed(
            f"no database: set DATABASE_URL, or start `wasl up` (nothing runs on {data_dir}; --data-dir names another)"
        )
    return settings


def running_up(data_dir: Path) -> RunningUp | None:
    """The `wasl up` that runs on the data directory."""
    return read_run_file(data_dir)
