"""`wasl doctor`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from config.handlers import load_handlers
from config.lifespan import open_adapters
from config.settings import Settings
from core.domain.diagnosis.findings import CheckName, Code, Diagnosis, Examined, Finding, Severity
from core.errors import SettingInvalid
from core.features.event_handlers import Handlers
from entrypoints.cli.doctor_telling import Telling, report_of
from entrypoints.cli.environment import DEFAULT_DATA_DIR, DOTENV, AsJson, DataDir, settings_for
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import PROCESS, quiet_logs
from entrypoints.cli.output import show_json
from entrypoints.examining import examination
from entrypoints.up.secrets_file import FILE_NAME as SECRETS_FILE

app = commands()
Told = Callable[[Examined], None]
Strict = Annotated[bool, typer.Option("--strict", help="Exit code 1 for warnings, too, and where nobody could look.")]
_NO_DATABASE: Final = SettingInvalid("DATABASE_URL", "is not set; `wasl up` brings a database of its own.")


@app.command(
    epilog=manual(
        "wasl doctor",
        "wasl doctor --strict --json",
        exits={0: "no problem was found (warnings and notes may be)", 1: "at least one problem was found"},
        see=("wasl status", "wasl verify", "docs/doctor.md"),
    )
)
def doctor(strict: Strict = False, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Hazards in this set-up: what was seen, why it matters, and the command or setting that mends it.

    Looks at settings, secrets, files, Postgres, Redis, Zid's clock, PUBLIC_URL, webhooks, processes and the ledger.
    Changes nothing. Each check takes ten seconds at most, and one that cannot look never hides the others.
    """
    quiet_logs()
    telling = Telling()
    diagnosis = asyncio.run(_examine(data_dir, (lambda _: None) if as_json else telling.examined))
    if as_json:
        show_json(report_of(diagnosis))
    else:
        telling.end(diagnosis)
    if not diagnosis.healthy or (strict and not _is_spotless(diagnosis)):
        raise typer.Exit(1)


def _is_spotless(diagnosis: Diagnosis) -> bool:
    return not diagnosis.count(Severity.WARNING) and not diagnosis.count(Severity.UNSEEN)


async def _examine(data_dir: Path, told: Told) -> Diagnosis:
    """With settings that no process would start with there is nothing else to look at."""
    try:
        settings = settings_for(data_dir)
        if settings.database_url is None:
            raise _NO_DATABASE
        return await _opened(settings, data_dir, told)
    except SettingInvalid as problem:
        return Diagnosis([_tell(_invalid([problem]), told)])


async def _opened(settings: Settings, data_dir: Path, told: Told) -> Diagnosis:
    handlers, problems = _handlers(settings)
    files = [str(DOTENV), str(data_dir / SECRETS_FILE)]
    async with open_adapters(settings, PROCESS, may_wait=True) as adapters:
        checks = examination(adapters, settings, handlers, files)
        examined = [_tell(_invalid(problems), told)]
        async for one in checks.run():
            examined.append(_tell(one, told))
    return Diagnosis(examined)


def _handlers(settings: Settings) -> tuple[Handlers, list[SettingInvalid]]:
    try:
        return load_handlers(settings.wasl_handlers), []
    except SettingInvalid as problem:
        return Handlers(), [problem]


def _invalid(problems: list[SettingInvalid]) -> Examined:
    findings = [
        Finding(Code.SETTING_INVALID, Severity.PROBLEM, {"setting": one.key, "problem": one.problem})
        for one in problems
    ]
    return Examined(CheckName.SETTINGS, findings)


def _tell(one: Examined, told: Told) -> Examined:
    told(one)
    return one
