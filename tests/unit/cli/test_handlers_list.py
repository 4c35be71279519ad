"""`wasl handlers list` tells each handler's whole policy."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.features.event_handlers import BatchContext, Event, RetryPolicy, on
from entrypoints.cli.app import app


@on(
    "payment.paid",
    retry=RetryPolicy(max_attempts=3, first_wait=2, longest_wait=60),
    time_limit=7,
    concurrency=2,
    batch=50,
    snapshot=True,
)
async def count_sales(_: Sequence[Event], __: BatchContext) -> None: ...


def test_the_policy_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASL_HANDLERS", __name__)
    shown = CliRunner().invoke(app, ["handlers", "list", "--json", "--data-dir", str(tmp_path)])
    assert shown.exit_code == 0, shown.output
    [row] = json.loads(shown.output)
    assert row == {
        "topic": "payment.paid",
        "handler": f"{__name__}.count_sales",
        "attempts": 3,
        "time_limit": "7 s",
        "waits": "2-60 s",
        "concurrency": 2,
        "batch": 50,
        "first_sight": True,
        "brought_by": ["order.create", "order.status.update", "order.payment_status.update"],
    }
