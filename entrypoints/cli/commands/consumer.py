"""`wasl consumer`."""

from __future__ import annotations

from config.observing import observed
from entrypoints.cli.environment import DEFAULT_DATA_DIR, DataDir, settings_for
from entrypoints.cli.group import commands, name_process
from entrypoints.cli.manual import manual
from entrypoints.consumer import run_consumer
from entrypoints.process import run

app = commands()


@app.command(
    epilog=manual(
        "wasl consumer",
        "LOG_LEVEL=DEBUG METRICS_PORT=9111 wasl consumer",
        exits={0: "told to stop, and drained"},
        see=["wasl healthcheck consumer", "docs/queues.md", ".env.example"],
    )
)
def consumer(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Handle events: the mirror first, then the app's handlers. Any number may run. SIGTERM drains."""
    name_process("consumer")
    settings = settings_for(data_dir)
    with observed(settings, "consumer"):
        run(run_consumer(settings))
