"""`wasl healthcheck`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from typing import Annotated, Final

import typer

from config.settings import Settings
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir, settings_for
from entrypoints.cli.group import commands
from entrypoints.cli.health_words import lines
from entrypoints.cli.manual import manual
from entrypoints.cli.output import show_json
from entrypoints.failures import CommandFailed, one_line

app = commands()
SECONDS: Final = 5.0
LONGEST_ANSWER: Final = 100_000
LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (compared, not bound)
OK: Final = 200


class Process(StrEnum):
    """Whose health is asked for."""

    HTTP = "http"
    CONSUMER = "consumer"
    SCHEDULER = "scheduler"


METRICS_PORTS: Final = {Process.CONSUMER: 9101, Process.SCHEDULER: 9102}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process said about itself; `told` is empty where it was no health report."""

    process: str
    address: str
    status: int
    told: Mapping[str, object]

    @property
    def is_well(self) -> bool:
        return self.status == OK and "status" in self.told


@app.command(
    epilog=manual(
        "wasl healthcheck                  # whichever process answers on this machine",
        "wasl healthcheck consumer --live",
        "wasl healthcheck http --json | jq .checks.postgres",
        exits={0: "ready (with --live: running)", 1: "not ready, or nothing answers", 2: "called wrongly"},
        see=["docs/health.md", "wasl status"],
    )
)
def healthcheck(
    process: Annotated[Process | None, typer.Argument(help="Default: the one that answers on this machine.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Only that it runs, not that it can work.")] = False,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=60, help="How long an answer is waited for.")
    ] = SECONDS,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Is the process on this machine ready for work? For containers, which have no other program to ask with.

    Asks /health/ready (with --live: /health/live) on HTTP_PORT or METRICS_PORT and shows each dependency, the age of
    its last answer, and each loop that does not go on.
    """
    settings = settings_for(data_dir)
    found = _first_answer([process] if process else list(Process), settings, live=live, timeout=timeout)
    if as_json:
        show_json({"process": found.process, "address": found.address, "http_status": found.status, **found.told})
    else:
        typer.echo("\n".join(lines(found.process, found.address, found.told)))
    if not found.is_well:
        raise typer.Exit(1)


def _first_answer(processes: list[Process], settings: Settings, *, live: bool, timeout: float) -> Answer:
    path, problems = "/health/live" if live else "/health/ready", []
    for asked in processes:
        host, port = host_of(asked, settings), port_of(asked, settings)
        try:
            status, body = _get(host, port, path, timeout)
        except (OSError, HTTPException) as error:
            problems.append(f"{asked} on {host}:{port}: {one_line(str(error) or type(error).__name__)}")
        else:
            told = _read(body)
            return Answer(str(told.get("process", asked)), f"{host}:{port}", status, told)
    raise CommandFailed(f"nothing answers ({'; '.join(problems)})")


def host_of(process: Process, settings: Settings) -> str:
    """The address of this machine on which the process answers about its health."""
    listens_on = settings.http_host if process is Process.HTTP else settings.metrics_host
    return LOOPBACK.get(listens_on, listens_on)


def port_of(process: Process, settings: Settings) -> int:
    """Where the process answers about its health."""
    if process is Process.HTTP:
        return settings.http_port
    return METRICS_PORTS[process] if settings.metrics_port is None else settings.metrics_port


def _read(body: str) -> Mapping[str, object]:
    """Nothing where it is another program that answers there."""
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _get(host: str, port: int, path: str, timeout: float) -> tuple[int, str]:
    connection = HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(LONGEST_ANSWER).decode(errors="replace")
    finally:
        connection.close()
