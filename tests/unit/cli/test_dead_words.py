"""What `wasl dead` says: jobs as they go and end, spans, choices."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import typer

from core.domain.dead_letters import Fingerprint
from core.domain.redrive import DeskAction, Group, Job, JobId, JobState, Pace
from core.features.dead_letters import Decided
from core.ports.dead_letters import DeadCount
from entrypoints.cli.dead_choice import read_span
from entrypoints.cli.dead_telling import show_job, tell_discard, tell_redrive
from entrypoints.cli.redrive_watch import follow
from tests.contract.dead_scenes import REDRIVE, dead_runs, opened, settle_all
from tests.contract.memory_world import memory_world

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BROKEN = Group(
    Fingerprint("0123456789@1"), "shop.bill", 100, failed=5, undone=95, stopped="5 of 5 tries failed, more than 20 %"
)
HEALED = Group(Fingerprint("9876543210@1"), "", 50, succeeded=49, skipped=1)
JOB = Job(
    JobId(7),
    DeskAction.REDRIVE,
    JobState.STOPPED,
    "cli",
    {},
    True,
    20.0,
    None,
    NOW,
    NOW,
    NOW,
    [BROKEN, HEALED],
)
CHOSEN = DeadCount(letters=150, events=149, able=150)


@pytest.mark.parametrize(
    ("text", "span"),
    [("0", 0), ("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200)],
)
def test_spans_are_read(text: str, span: int) -> None:
    assert read_span(text, "--undo-for") == timedelta(seconds=span)


@pytest.mark.parametrize("text", ["", "m", "-5m", "1.5h", "soon", "٥m", "123456"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write 90s, 10m or 2h"):
        read_span(text, "--undo-for")


def test_a_stopped_job_names_what_was_stopped_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        tell_redrive(Decided(CHOSEN, job=JOB), dry_run=False, as_json=False)
    assert end.value.code == 1
    told = capsys.readouterr().out
    assert "job 7 (stopped): 150 dead letters: 49 done, 5 failed again, 1 skipped, 95 left as they were" in told
    assert "stopped 0123456789@1 of shop.bill: 5 of 5 tries failed, more than 20 %; 95 stay dead" in told


def test_a_job_that_is_done_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    done = replace(JOB, state=JobState.DONE, groups=[HEALED])
    tell_redrive(Decided(CHOSEN, job=done), dry_run=False, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["matched"], told["letters"], told["job"]["succeeded"], told["job"]["total"]) == (149, 150, 49, 50)


def test_what_a_discard_says(capsys: pytest.CaptureFixture[str]) -> None:
    later = replace(JOB, state=JobState.OPEN, starts_at=NOW + timedelta(minutes=10))
    tell_discard(Decided(CHOSEN, job=later), dry_run=False, as_json=False)
    tell_discard(Decided(CHOSEN), dry_run=True, as_json=False)
    tell_discard(Decided(CHOSEN, changed=149), dry_run=False, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "150 dead letters are discarded in 600 s; until then: wasl dead undo 7",
        "149 dead events (150 dead letters) match; nothing was changed",
        "149 of 149 dead events discarded",
    ]


def test_a_job_is_shown_cause_by_cause(capsys: pytest.CaptureFixture[str]) -> None:
    show_job(JOB, as_json=False)
    told = capsys.readouterr().out
    assert "(before any handler)" in told
    assert "5 of 5 tries failed" in told
    show_job(JOB, as_json=True)
    assert [group["total"] for group in json.loads(capsys.readouterr().out)["groups"]] == [100, 50]


async def test_a_job_is_followed_to_its_end() -> None:
    world = memory_world()
    await dead_runs(world, 1, 2)
    job = await opened(world, REDRIVE)
    following = asyncio.create_task(follow(world.redrives, job, stream=StringIO()))
    await asyncio.sleep(0)
    step = await world.redrives.advance(Pace())
    assert step is not None
    await settle_all(world, step.work)
    await world.redrives.advance(Pace())
    async with asyncio.timeout(60):
        assert (await following).state is JobState.DONE


async def test_whoever_waits_for_nobody_is_told() -> None:
    world, screen = memory_world(), StringIO()
    await dead_runs(world, 1)
    following = asyncio.create_task(follow(world.redrives, await opened(world, REDRIVE), stream=screen, patience=0.0))
    async with asyncio.timeout(60):
        while "is `wasl scheduler` running?" not in screen.getvalue():
            await asyncio.sleep(0.005)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
