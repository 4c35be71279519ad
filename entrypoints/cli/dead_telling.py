"""What redrives and discards say when they are done, and jobs when they are looked at."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Final

import typer

from core.domain.redrive import ItemState, Job, JobState
from core.features.dead_letters import Decided
from entrypoints.cli.dead_rows import JOB_GROUP_COLUMNS, count_row, job_group_row, job_row
from entrypoints.cli.output import show_json, show_record, show_rows


def tell_redrive(decided: Decided, *, dry_run: bool, as_json: bool) -> None:
    chosen, job = decided.chosen, decided.job
    if as_json:
        told = {**count_row(chosen), "queued": decided.changed, "dry_run": dry_run, "job": job and job_row(job)}
        show_json(told)
    elif dry_run:
        typer.echo(f"{_words(decided)} match, {chosen.able} can be redriven; nothing was changed")
    elif job is not None:
        _tell_job(job)
    else:
        typer.echo(f"{_words(decided)} match; {decided.changed} pieces of work queued again")
    if not dry_run and not as_json and chosen.letters and not chosen.able:
        typer.echo("none can be handled: nobody can read them, or their install is over", err=True)
    if job is not None and job.state is JobState.STOPPED:
        sys.exit(1)


def tell_discard(decided: Decided, *, dry_run: bool, as_json: bool) -> None:
    chosen, job = decided.chosen, decided.job
    if as_json:
        told = {**count_row(chosen), "discarded": decided.changed, "dry_run": dry_run, "job": job and job_row(job)}
        show_json(told)
    elif dry_run:
        typer.echo(f"{_words(decided)} match; nothing was changed")
    elif job is not None:
        wait = max(timedelta(0), job.starts_at - job.opened_at).total_seconds()
        typer.echo(f"{job.total} dead letters are discarded in {wait:.0f} s; until then: wasl dead undo {job.job_id}")
    else:
        typer.echo(f"{decided.changed} of {chosen.events} dead events discarded")


def _words(decided: Decided) -> str:
    chosen = decided.chosen
    letters = f" ({chosen.letters} dead letters)" if chosen.letters != chosen.events else ""
    return f"{chosen.events} dead events{letters}"


def _tell_job(job: Job) -> None:
    counts = ", ".join(f"{job.count(state)} {_WORDS[state]}" for state in _WORDS if job.count(state))
    typer.echo(f"job {job.job_id} ({job.state}): {job.total} dead letters" + (f": {counts}" if counts else ""))
    for group in job.groups:
        if group.stopped is not None:
            typer.echo(f"stopped {group.fingerprint} of {group.handler}: {group.stopped}; {group.undone} stay dead")


_WORDS: Final = {
    ItemState.SUCCEEDED: "done",
    ItemState.FAILED: "failed again",
    ItemState.IN_FLIGHT: "at work",
    ItemState.PENDING: "waiting for their turn",
    ItemState.SKIPPED: "skipped",
    ItemState.UNDONE: "left as they were",
}


def show_job(job: Job, *, as_json: bool) -> None:
    row = job_row(job)
    if as_json:
        show_json(row)
        return
    show_record({name: value for name, value in row.items() if name != "groups"}, as_json=False)
    if job.groups:
        typer.echo("")
        show_rows([job_group_row(group) for group in job.groups], JOB_GROUP_COLUMNS, as_json=False, empty="")
