"""`wasl healthcheck`."""

from __future__ import annotations

from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from typing import Annotated, Final

import typer

from config.settings import Settings
from entrypoints.cli.environment import DEFAULT_DATA_DIR, DataDir, settings_for
from entrypoints.cli.group import commands
from entrypoints.failures import CommandFailed, one_line

app = commands()
SECONDS: Final = 5.0
LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (compared, not bound)


class Process(StrEnum):
    """Whose health is asked for."""

    HTTP = "http"
    CONSUMER = "consumer"
    SCHEDULER = "scheduler"


METRICS_PORTS: Final = {Process.CONSUMER: 9101, Process.SCHEDULER: 9102}


@app.command(epilog="Example: wasl healthcheck consumer --live")
def healthcheck(
    process: Annotated[Process | None, typer.Argument(help="Default: the one that answers on this machine.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Only that it runs, not that it can work.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Exit code 0 when the process on this machine is ready (with --live: runs), else 1."""
    settings = settings_for(data_dir)
    path = "/health/live" if live else "/health/ready"
    problems = []
    for asked in [process] if process else Process:
        host, port = host_of(asked, settings), port_of(asked, settings)
        try:
            status, body = _get(host, port, path)
        except (OSError, HTTPException) as error:
            problems.append(f"{asked} on {host}:{port}: {one_line(str(error))}")
        else:
            return _tell(asked, status, body)
    raise CommandFailed(f"nothing answers ({'; '.join(problems)})")


def _tell(process: Process, status: int, body: str) -> None:
    typer.echo(f"{process}: {status} {one_line(body)[:500]}")
    if status != 200:
        raise typer.Exit(1)


def host_of(process: Process, settings: Settings) -> str:
    """The address of this machine on which the process answers about its health."""
    listens_on = settings.http_host if process is Process.HTTP else settings.metrics_host
    return LOOPBACK.get(listens_on, listens_on)


def port_of(process: Process, settings: Settings) -> int:
    """Where the process answers about its health."""
    if process is Process.HTTP:
        return settings.http_port
    return METRICS_PORTS[process] if settings.metrics_port is None else settings.metrics_port


def _get(host: str, port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(10_000).decode(errors="replace")
    finally:
        connection.close()
