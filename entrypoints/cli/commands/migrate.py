"""`wasl migrate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, TypeVar

import typer

from adapters.postgres import migrator
from adapters.postgres.dsn import libpq_dsn
from adapters.postgres.migration_files import Problem, ProblemKind
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir, settings_with_database
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.output import show_json, show_rows

T = TypeVar("T")
app = commands()


class Action(StrEnum):
    """What to do about the difference between the database and this version's migrations."""

    APPLY = "apply"
    PLAN = "plan"
    VERIFY = "verify"


@app.command(
    epilog=manual(
        "wasl migrate plan",
        "wasl migrate",
        "wasl migrate verify --json",
        exits={1: "failed, or `verify` found a difference"},
        see=["wasl status", "docs/faults.md"],
    )
)
def migrate(
    action: Annotated[Action, typer.Argument(help="What to do; see above.")] = Action.APPLY,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Bring the database to this version's schema.

    `apply` is safe when several start at once: one works, the others wait.
    `plan` names what `apply` would apply. `verify` compares every applied
    migration with the shipped one.
    """
    match action:
        case Action.APPLY:
            _tell(_with_database(data_dir, migrator.apply), "applied", as_json=as_json)
        case Action.PLAN:
            _tell(_with_database(data_dir, migrator.plan), "would apply", as_json=as_json)
        case Action.VERIFY:
            _verify(_with_database(data_dir, migrator.verify), as_json=as_json)


def _verify(problems: Sequence[Problem], *, as_json: bool) -> None:
    rows = [{"migration": problem.migration, "problem": problem.kind.value} for problem in problems]
    show_rows(rows, ["migration", "problem"], as_json=as_json, empty="the database is at this version's schema")
    if any(problem.kind is not ProblemKind.NEWER for problem in problems):
        raise typer.Exit(1)


def _with_database(data_dir: DataDir, work: Callable[[str], T]) -> T:
    """Works as the owner where MIGRATE_DATABASE_URL names one."""
    settings = settings_with_database(data_dir)
    url = settings.migrate_database_url or settings.database_url
    assert url is not None
    with libpq_dsn(url.reveal(), ca_cert=settings.database_ca_cert) as dsn:
        return work(dsn)


def _tell(names: Sequence[str], what: str, *, as_json: bool) -> None:
    if as_json:
        show_json(list(names))
        return
    for line in [f"{what} {name}" for name in names] or ["nothing to apply: the database is at this version's schema"]:
        typer.echo(line)
