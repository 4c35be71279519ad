"""`wasl keys` as a person sees it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from adapters.sealing.ring_keys import key_id
from core.domain.rings import Holder, RingName
from core.domain.secret import Secret
from core.features.key_status import KeyReport, Member
from core.features.rotate_keys import Run
from core.ids import InstallId, StoreId, WorkerId
from core.ports.sealed_vault import Part, Rotation, RotationId, RotationKind, SetAside
from entrypoints.cli.commands.keys import app
from entrypoints.cli.key_rows import key_rows, outcome_row, report_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HTTP = Holder(WorkerId(3), "http", {RingName.TOKENS: ("old",)})
ROTATION = Rotation(RotationId(7), RotationKind.RING, "new", NOW, 5)


def test_a_new_key_can_be_taken_by_a_shell_and_says_beside_it_what_to_do() -> None:
    made = CliRunner().invoke(app, ["generate"])
    assert made.exit_code == 0
    assert len(key_id(Secret(made.stdout))) == 8, "stdout is the key and nothing else"
    assert "BEHIND" in made.stderr
    assert "wasl keys rotate" in made.stderr
    assert made.stdout.strip() not in made.stderr


def test_every_secret_for_an_env_file() -> None:
    made = CliRunner().invoke(app, ["generate", "--env"])
    assert {line.split("=")[0] for line in made.stdout.splitlines()} >= {"TOKEN_KEYS", "SESSION_KEY", "WEBHOOK_SECRET"}


@pytest.mark.parametrize("command", ["status", "rotate"])
def test_each_command_has_an_example(command: str) -> None:
    assert f"Examples:\n  wasl keys {command}" in CliRunner().invoke(app, [command, "--help"]).stdout


def test_rows_name_what_a_key_is_needed_for_and_who_lacks_it() -> None:
    used = Member(RingName.TOKENS, "old", 2, {"data_keys": 4, "audit_end": 0}, (), (HTTP,))
    fresh = Member(RingName.TOKENS, "new", 1, {}, (HTTP,))
    aside = SetAside(StoreId(17), InstallId(2**62), Part.DATA_KEY, "old", "it was changed", NOW)
    report = KeyReport([fresh, used], [HTTP], [aside], {RotationKind.RING: (ROTATION, None)})
    first, second = key_rows(report)
    assert (first["may_be_dropped"], first["not_known_to"]) == (False, ["http (worker 3)"])
    assert (second["uses"], second["why"]) == ({"data_keys": 4}, "4 data keys; first in http (worker 3)")
    shown = report_of(report)
    assert shown["sound"] is False
    assert shown["quarantined"] == [
        {
            "store_id": 17,
            "install_id": str(2**62),
            "part": "data_key",
            "key_id": "old",
            "problem": "it was changed",
            "found_at": NOW,
        }
    ]


def test_an_outcome_has_its_rate() -> None:
    run = Run(ROTATION, "cli", total=10, moved=10, is_over=True, complete=True)
    row = outcome_row(run, seconds=4.0, left=0, quarantined=1)
    assert (row["moved"], row["per_second"], row["left"], row["quarantined"]) == (10, 2, 0, 1)
