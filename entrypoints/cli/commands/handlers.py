"""`wasl handlers`."""

from __future__ import annotations

from config.handlers import load_handlers
from core.domain.topics import DERIVED_SOURCES
from core.features.event_handlers import Handler
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir, settings_for
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.output import Row, show_rows

app = commands("The app's handlers, as WASL_HANDLERS names their modules.")


@app.command(
    "list",
    epilog=manual("WASL_HANDLERS=courier.handlers wasl handlers list", see=["wasl webhooks plan", "docs/handlers.md"]),
)
def list_(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Topic, handler, policy, and the webhooks of Zid that a topic is made from."""
    handlers = load_handlers(settings_for(data_dir).wasl_handlers)
    rows = sorted((_row(handler) for handler in handlers.all), key=lambda row: (str(row["topic"]), str(row["handler"])))
    columns = (
        "topic", "handler", "attempts", "time_limit", "waits", "concurrency", "batch", "first_sight", "brought_by",
    )  # fmt: skip
    empty = "WASL_HANDLERS names no module: events go to the mirror only"
    show_rows(rows, columns, as_json=as_json, empty=empty)


def _row(handler: Handler) -> Row:
    return {
        "topic": handler.topic,
        "handler": handler.name,
        "attempts": handler.retry.max_attempts,
        "time_limit": f"{handler.time_limit:g} s",
        "waits": f"{handler.retry.first_wait:g}-{handler.retry.longest_wait:g} s",
        "concurrency": handler.concurrency,
        "batch": handler.batch,
        "first_sight": handler.snapshot,
        "brought_by": list(DERIVED_SOURCES.get(handler.topic, (handler.topic,))),
    }
