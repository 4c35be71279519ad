"""The desk from the command line: causes, jobs and their undo, and a dead letter as a test that runs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.test_cli_on_the_ledger import DEDUPE, EVENT, INTAKE, Desk, desk, event_id

__all__ = ["desk"]  # a fixture

RUN = """
    INSERT INTO runs (event_id, handler, store_id, install_id, lane, seq, state, attempts, reason, settled_at)
    SELECT event_id, %(handler)s, store_id, install_id, lane, seq, 'dead', 8, %(reason)s, now()
    FROM events WHERE event_id = %(id)s::uuid
"""
CLOSED = "UPDATE events SET dead_runs = 1, body = convert_to(%(body)s, 'UTF8') WHERE event_id = %(id)s::uuid"
FAILING = """
from core.features.event_handlers import Context, Event, on


@on("order.create", name="shop.greet")
async def greet(event: Event, ctx: Context) -> None:
    async with ctx.unit_of_work as database:
        await database.execute("INSERT INTO greetings VALUES ($1)", event.entity_id)
    print(event.data["customer"]["NICKNAME"])
"""
BODY = '{"id": 5, "code": "A5", "customer": {"name": "منى Ali", "email": "mona@example.com", "nickname": "M"}}'


def dead_run(desk: Desk, number: int, *, handler: str = "shop.greet", reason: str = "KeyError: 'NICKNAME'") -> None:
    """A new event of store 1001 on which the handler gave up."""
    values: dict[str, Any] = {"id": event_id(number), "store": 1001, "install": 10010, "topic": "order.create"}
    desk.sql(EVENT, DEDUPE, INTAKE, **values, state="dead", reason=reason, lane=number, age="1 hour")
    desk.sql(RUN, CLOSED, id=event_id(number), handler=handler, reason=reason, body=BODY)


def test_causes_are_listed_and_shown(desk: Desk) -> None:
    for number in (11, 12):
        dead_run(desk, number)
    groups = {group["handler"]: group for group in desk.read("dead", "list")}
    greet = groups["shop.greet"]
    assert (greet["count"], greet["stores"], greet["topics"], greet["id"]) == (2, 1, ["order.create"], event_id(12))
    assert greet["sample"] == "KeyError: 'NICKNAME'"
    assert groups["(before any handler)"]["count"] == 3
    mark = greet["fingerprint"]
    assert mark in desk.run("dead", "list")
    shown = desk.read("dead", "show", mark.partition("@")[0])
    assert (shown["fingerprint"], shown["events"]) == (mark, [event_id(12), event_id(11)])
    assert [row["id"] for row in desk.read("dead", "list", "--flat", "--fingerprint", mark)] == shown["events"]
    assert [row["count"] for row in desk.read("dead", "list", "--handler", "shop.greet")] == [2]
    assert desk.read("dead", "show", event_id(12))["runs"][0]["reason"] == "KeyError: 'NICKNAME'"
    assert "no dead letter has the fingerprint" in desk.run("dead", "show", "0000000000", code=1)


def test_a_redrive_of_one_cause_is_a_job_that_can_be_undone(desk: Desk) -> None:
    for number in (11, 12):
        dead_run(desk, number)
    before = desk.read("dead", "list")
    told = desk.read("dead", "redrive", "--handler", "shop.greet", "--canary", "--no-wait")
    job = told["job"]
    assert (told["matched"], told["queued"], job["total"], job["pending"]) == (2, 0, 2, 2)
    assert (job["canary"], job["stop_above"], job["chosen"]) == (True, 20, {"handler": "shop.greet"})
    assert desk.read("dead", "redrive", "--handler", "shop.greet", "--dry-run")["marked"] == 2
    assert [one["job"] for one in desk.read("dead", "jobs")] == [job["job"]]
    assert "shop.greet" in desk.run("dead", "jobs", str(job["job"]))
    assert "2 dead letters stay as they were" in desk.run("dead", "undo", str(job["job"]))
    assert desk.read("dead", "jobs", str(job["job"]))["state"] == "undone"
    assert desk.read("dead", "list") == before
    assert "there is no job 99" in desk.run("dead", "undo", "99", code=1)


def test_a_discard_can_wait_for_second_thoughts(desk: Desk) -> None:
    job = desk.read("dead", "discard", "--all", "--reason", "old", "--undo-for", "10m")["job"]
    assert (job["action"], job["pending"], job["reason"]) == ("discard", 3, "old")
    assert "3 dead letters stay as they were" in desk.run("dead", "undo", str(job["job"]))
    assert len(desk.read("dead", "list", "--flat")) == 3
    desk.run("dead", "discard", "--all", "--reason", "old", "--undo-for", "soon", code=2)


def pytest_on(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path.name]
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.run(
        command,
        cwd=path.parent,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([root, str(path.parent)]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("mask", [False, True])
def test_an_exported_letter_fails_as_it_did_until_its_handler_is_mended(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, mask: bool
) -> None:
    module = f"shop_of_mask_{mask}".lower()
    monkeypatch.setenv("WASL_HANDLERS", module)
    dead_run(desk, 11)
    (tmp_path / f"{module}.py").write_text(FAILING)
    told = desk.run("dead", "export", event_id(11), *(["--mask"] if mask else []))
    [path] = tmp_path.glob("test_dead_letter_*.py")
    assert path.name in told
    assert path.stat().st_mode & 0o077 == 0
    written = path.read_text()
    assert ("mona@example.com" in written, "منى" in written, "personal data" in written) == (not mask,) * 3

    failed = pytest_on(path)
    assert failed.returncode == 1, failed.stdout
    assert "KeyError: 'NICKNAME'" in failed.stdout
    if not mask:
        (tmp_path / f"{module}.py").write_text(FAILING.replace("NICKNAME", "nickname"))
        mended = pytest_on(path)
        assert mended.returncode == 0, mended.stdout
    assert "exists: remove it" in desk.run("dead", "export", event_id(11), code=1)
    assert desk.run("dead", "export", event_id(11), "--output", "-", *(["--mask"] if mask else [])) == written


def test_what_no_handler_had_is_exported_too(desk: Desk, tmp_path: Path) -> None:
    desk.run("dead", "export", event_id(1))
    [path] = tmp_path.glob("test_dead_letter_*.py")
    failed = pytest_on(path)
    assert (failed.returncode, "UnknownShape" in failed.stdout) == (1, True), failed.stdout


def test_of_several_handlers_one_has_to_be_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASL_HANDLERS", "shop")
    dead_run(desk, 11)
    desk.sql(RUN, id=event_id(11), handler="shop.bill", reason="ValueError: no")
    assert "shop.bill, shop.greet gave up" in desk.run("dead", "export", event_id(11), code=1)
    assert "'shop.bill'" in desk.run("dead", "export", event_id(11), "--handler", "shop.bill", "--output", "-")
    assert "there is no dead event" in desk.run("dead", "export", event_id(3), code=1)
