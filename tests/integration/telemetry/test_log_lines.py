"""What a line of the log is made of, and who is told of exceptions besides."""

import json
import subprocess
import sys

SAY = """
import structlog
from config.logging import set_up_logging
from config.settings import LogFormat

told = []

def report(error, fields):
    told.append((type(error), fields["event"]))

set_up_logging("INFO", LogFormat.JSON, "consumer", report=report)
log = structlog.get_logger()
with structlog.contextvars.bound_contextvars(event_id="e-1", trace_id="t-1"):
    log.info("well", token="canary", email="canary", seconds=1)
    try:
        secret = "canary"
        raise LookupError("no such thing")
    except LookupError as error:
        log.exception("run_broke", handler="h")
        kept = error
    log.error("later", exc_info=kept)
    log.error("without")
assert told == [(LookupError, "run_broke"), (LookupError, "later")], told
"""


def test_lines_are_json_with_ids_without_secrets_and_every_exception_is_told() -> None:
    """In a process of its own: the log is set up once."""
    done = subprocess.run([sys.executable, "-c", SAY], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["event"], line["level"]) for line in lines] == [
        ("well", "info"), ("run_broke", "error"), ("later", "error"), ("without", "error"),
    ]  # fmt: skip
    for line in lines:
        assert {"event_id": "e-1", "trace_id": "t-1", "process": "consumer"}.items() <= line.items()
        assert line["timestamp"].endswith("Z")
    assert "canary" not in done.stdout
    assert lines[1]["exception"][0]["exc_type"] == "LookupError"
