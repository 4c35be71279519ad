"""`wasl scheduler`."""

from __future__ import annotations

from config.observing import observed
from entrypoints.cli.environment import DEFAULT_DATA_DIR, DataDir, settings_for
from entrypoints.cli.group import commands, name_process
from entrypoints.cli.manual import manual
from entrypoints.process import run
from entrypoints.scheduler import run_scheduler

app = commands()


@app.command(
    epilog=manual(
        "wasl scheduler",
        "LOG_LEVEL=DEBUG METRICS_PORT=9112 wasl scheduler",
        exits={0: "told to stop, and drained"},
        see=["wasl healthcheck scheduler", ".env.example"],
    )
)
def scheduler(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Sweep the ledger and renew tokens that are due. Any number may run. SIGTERM drains."""
    name_process("scheduler")
    settings = settings_for(data_dir)
    with observed(settings, "scheduler"):
        run(run_scheduler(settings))
