"""`wasl http`."""

from __future__ import annotations

from socket import socket
from typing import Annotated

import typer

from config.observing import observed
from entrypoints.cli.environment import DEFAULT_DATA_DIR, DataDir, settings_for
from entrypoints.cli.group import commands, name_process
from entrypoints.cli.manual import manual
from entrypoints.http_server import run_http
from entrypoints.listening import listen
from entrypoints.process import run

app = commands()


@app.command(
    epilog=manual(
        "wasl http",
        "HTTP_PORT=8123 LOG_FORMAT=console wasl http",
        exits={0: "told to stop, and drained"},
        see=["wasl healthcheck http", "docs/ways-in.md", ".env.example"],
    )
)
def http(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    fd: Annotated[int | None, typer.Option(hidden=True, help="Accept from this inherited socket.")] = None,
) -> None:
    """Take webhooks, serve the API and the console on HTTP_HOST and HTTP_PORT. SIGTERM drains."""
    name_process("http")
    settings = settings_for(data_dir)
    with observed(settings, "http"):
        listener = listen(settings.http_host, settings.http_port, "HTTP_PORT") if fd is None else socket(fileno=fd)
        with listener:
            run(run_http(settings, [listener]))
