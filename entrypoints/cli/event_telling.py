"""One event as a person reads it: its runs, every attempt at them, and the last traceback."""

from __future__ import annotations

import typer

from core.ports.ledger_reading import EventDetail
from entrypoints.cli.event_rows import ATTEMPT_COLUMNS, attempt_row, event_record, last_traceback
from entrypoints.cli.output import show_record, show_rows


def show_event(detail: EventDetail, *, with_body: bool, as_json: bool) -> None:
    """The body, which holds personal data, only when asked for."""
    record = event_record(detail, with_body=with_body)
    attempts = [attempt_row(attempt) for attempt in detail.attempts]
    if as_json:
        return show_record({**record, "attempt_log": attempts}, as_json=True)
    show_record(record, as_json=False)
    typer.echo()
    show_rows(attempts, ATTEMPT_COLUMNS, as_json=False, empty="no attempt is on record")
    if traceback := last_traceback(detail):
        typer.echo(f"\n{traceback.rstrip()}")
    return None
