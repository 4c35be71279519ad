"""The examination as a whole: silence where all is well, and no check that hides another."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.examination import (
    WELL,
    WELL_REDIS,
    MemoryExaminedDatabase,
    MemoryExaminedRedis,
)
from core.domain.alerts import APP, Alert, AlertKind
from core.domain.diagnosis.findings import CheckName, Code, Diagnosis, Severity
from core.domain.diagnosis.offsets import ClockOffset
from core.domain.diagnosis.places import Folder
from core.domain.diagnosis.setup import HandlerLimit
from core.errors import Unavailable
from core.ports.examination import Reply
from entrypoints.examining import attempt
from tests.patient import SETUP, Patient


def codes(diagnosis: Diagnosis) -> list[Code]:
    return [finding.code for one in diagnosis.examined for finding in one.findings]


async def test_a_healthy_set_up_is_passed_over_in_silence() -> None:
    diagnosis = await Patient().examine()
    assert codes(diagnosis) == []
    assert [one.check for one in diagnosis.examined if one.unseen] == []
    assert {one.check for one in diagnosis.examined} == set(CheckName) - {CheckName.SETTINGS}
    assert diagnosis.healthy


async def test_without_redis_there_is_nothing_to_look_at() -> None:
    diagnosis = await Patient(redis=None).examine()
    assert CheckName.REDIS not in [one.check for one in diagnosis.examined]


async def test_everything_at_once() -> None:
    patient = Patient(
        setup=replace(
            SETUP,
            production=True,
            public_url="https://wasl.example",
            handlers=[HandlerLimit("slow", 60)],
            missing_secrets=["TOKEN_KEYS"],
        ),
        rejected=True,
    )
    patient.database.found = replace(WELL, read_only=True)
    patient.redis = MemoryExaminedRedis([replace(WELL_REDIS, append_only=False)])
    patient.machine.modes[".env"] = 0o644
    patient.machine.folders["/spool"] = Folder(writable=False, free=0)
    patient.outside.replies["http://zid"] = Reply(404, ClockOffset(120.0, 0.5))
    patient.outside.replies["https://wasl.example/health/live"] = Reply(502)
    await MemoryAlerts(patient.memory).raise_once(Alert(AlertKind.CLIENT_REJECTED, APP))
    assert codes(await patient.examine(running=("http", "consumer"))) == [
        Code.SECRET_MISSING,
        Code.HANDLER_OUTLASTS_GRACE,
        Code.FILE_READABLE,
        Code.FOLDER_NOT_WRITABLE,
        Code.ERASURE_LOG_BESIDE_DATABASE,
        Code.DATABASE_READ_ONLY,
        Code.REDIS_NO_AOF,
        Code.CLIENT_REJECTED,
        Code.CLOCK_OFF,
        Code.PUBLIC_URL_ELSEWHERE,
        Code.PROCESS_MISSING,
        Code.ALERTS_OPEN,
    ]


async def test_what_does_not_answer_is_a_finding_once_and_unseen_elsewhere() -> None:
    patient = Patient()
    patient.database.away = True
    patient.redis = MemoryExaminedRedis(None)
    patient.outside.replies |= {"http://zid": None, "http://127.0.0.1:8000/health/live": None}
    diagnosis = await patient.examine()
    assert codes(diagnosis) == [Code.DATABASE_AWAY, Code.REDIS_AWAY, Code.PUBLIC_URL_UNREACHABLE]
    unseen = {one.check: one.unseen for one in diagnosis.examined if one.unseen}
    assert list(unseen) == [
        CheckName.SCHEMA,
        CheckName.INDEXES,
        CheckName.CONNECTIONS,
        CheckName.VAULT,
        CheckName.ZID,
    ]
    assert "its name is not known" in str(unseen[CheckName.ZID])
    facts = {finding.code: finding.facts for one in diagnosis.examined for finding in one.findings}
    assert facts[Code.DATABASE_AWAY] == {"problem": "ConnectionRefusedError"}


class Broken(MemoryExaminedDatabase):
    async def schema(self):
        raise ZeroDivisionError("a bug\nof ours")


async def test_a_check_that_breaks_hides_no_other() -> None:
    diagnosis = await Patient(database=Broken()).examine()
    [broken] = [one for one in diagnosis.examined if one.unseen]
    assert (broken.check, broken.unseen) == (CheckName.SCHEMA, "ZeroDivisionError: a bug of ours")
    assert broken.severity is Severity.UNSEEN
    assert len(diagnosis.examined) == len(CheckName) - 1
    assert diagnosis.healthy


async def test_a_check_that_hangs_is_left_and_told_of() -> None:
    stopped = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    unseen = await attempt(0.01, hang())
    assert getattr(unseen, "reason", None) == "no answer within 0.01 s"
    assert stopped.is_set()


@pytest.mark.parametrize("error", [Unavailable("postgres", "gone"), OSError("disk"), KeyError("x")])
async def test_what_was_raised_is_the_reason(error: Exception) -> None:
    async def fail() -> None:
        raise error

    work: Awaitable[None] = fail()
    assert str(error) in getattr(await attempt(5, work), "reason", "")
