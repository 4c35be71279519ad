"""Statements that took long, by name: in the log stands which and how long, never with what values."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

import asyncpg
import structlog
from asyncpg.connection import LoggedQuery

log = structlog.get_logger()

OURS: Final = "adapters.postgres."
_VERB: Final = re.compile(r"\s*([a-z]{1,20})\b", re.IGNORECASE)
_TABLE: Final = re.compile(r"\b(?:into|update|from|join)\s+([a-z_][a-z0-9_.]{0,60})\b(?!\s*\()", re.IGNORECASE)
_PARTS: Final = {"with", "lateral", "only", "unnest", "select", "set"}


def watch_slow(slow: float) -> Callable[[asyncpg.Connection], None]:
    """What tells of every statement of a connection that took `slow` seconds or more."""

    def look(record: LoggedQuery) -> None:
        if record.elapsed >= slow:
            _tell(record)

    return lambda connection: connection.add_query_logger(look)


def _tell(record: LoggedQuery) -> None:
    log.warning(
        "slow_query",
        statement=statement_name(record.query),
        seconds=round(record.elapsed, 3),
        failed=type(record.exception).__name__ if record.exception else None,
    )


@lru_cache(maxsize=256)
def statement_name(sql: str) -> str:
    """The constant of ours that it is (`inbox_sql.ACCEPT`), else its first word and the first table that it names.

    What an app runs in its unit of work may hold values; they are in neither.
    """
    return next(_constants(sql), None) or _first_words(sql)


def _constants(sql: str) -> Iterator[str]:
    for module in [name for name in sys.modules if name.startswith(OURS)]:
        for name, value in vars(sys.modules[module]).items():
            if isinstance(value, str) and value == sql:
                yield f"{module.removeprefix(OURS)}.{name.lstrip('_')}"


def _first_words(sql: str) -> str:
    verb = _VERB.match(sql)
    tables = (found.lower() for found in _TABLE.findall(sql) if found.lower() not in _PARTS)
    return f"{verb[1].upper() if verb else 'statement'} {next(tables, '')}".rstrip()
