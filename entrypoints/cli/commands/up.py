"""`wasl up`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from entrypoints.cli.environment import DEFAULT_DATA_DIR, DataDir, given_environment
from entrypoints.cli.group import commands, name_process
from entrypoints.cli.manual import manual
from entrypoints.up.parts import rotate
from entrypoints.up.plan import UpOptions, make_plan
from entrypoints.up.screen import Screen
from entrypoints.up.supervision import run_up

app = commands()


@app.command(
    epilog=manual(
        "wasl up",
        "wasl up --port 8123 --sandbox-port 8124 --data-dir /tmp/trial",
        "wasl up --no-redis --logs",
        exits={0: "stopped by Ctrl-C, and drained"},
        see=["wasl trigger", "wasl status", "docs/quick-start.md"],
    )
)
def up(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", min=0, max=65535, help="Default: HTTP_PORT, else 8000.")
    ] = None,
    sandbox_port: Annotated[
        int | None, typer.Option(metavar="PORT", min=0, max=65535, help="Default: SANDBOX_PORT, else 8090.")
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox/--no-sandbox", help="The stand-in for Zid.")] = True,
    redis: Annotated[
        bool, typer.Option("--redis/--no-redis", help="Without: Postgres alone does what Valkey does else.")
    ] = True,
    demo: Annotated[
        bool | None,
        typer.Option("--demo/--no-demo", help="Install a store and let orders flow. Default: at the first start."),
    ] = None,
    logs: Annotated[bool, typer.Option("--logs", help="Show the processes' own logs too.")] = False,
) -> None:
    """Everything in one command, for trying out and development.

    Embedded Postgres and Valkey (unless DATABASE_URL and REDIS_URL name servers),
    migrations, the sandbox Zid (unless ZID_CLIENT_ID names a real app), http,
    consumer and scheduler in one supervised group. Ctrl-C drains and stops it all;
    the next start continues with the same data.
    """
    name_process("up")
    options = UpOptions(
        Path(os.path.abspath(data_dir)), port, sandbox_port, sandbox=sandbox, redis=redis, demo=demo, logs=logs
    )
    plan = make_plan(options, given_environment())
    _log_to(options.data_dir / "logs" / "up.log")
    asyncio.run(run_up(plan, Screen(sys.stdout)))


def _log_to(path: Path) -> None:
    """What the supervisor's own parts log goes to a file; people get the screen's lines."""
    rotate(path)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(path.open("a", encoding="utf-8")),
    )
