"""The indexes that migrations make, read from the migrations themselves."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from adapters.postgres.migration_files import MigrationFile, read_folder, read_script, without_comments
from core.domain.diagnosis.servers import Index

_MADE: Final = re.compile(
    r"CREATE\s+(?P<unique>UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>\w+)\s+(?P<on>ON\s.+)",
    re.IGNORECASE | re.DOTALL,
)
_DROPPED: Final = re.compile(r"DROP\s+INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+EXISTS\s+)?(\w+)", re.IGNORECASE)


def made_indexes(applied: Collection[str], folder: Path | None = None) -> Mapping[str, Index]:
    """By name, what the applied ones of the shipped migrations leave behind, but for those of constraints."""
    found: dict[str, Index] = {}
    for file in read_folder(folder):
        for statement in _statements(file) if file.id in applied else ():
            if made := _MADE.match(statement):
                found[made["name"].lower()] = _index(made)
            elif dropped := _DROPPED.match(statement):
                found.pop(dropped[1].lower(), None)
    return found


@cache
def _statements(file: MigrationFile) -> tuple[str, ...]:
    return tuple(without_comments(statement) for statement in read_script(file).statements)


def _index(made: re.Match[str]) -> Index:
    """With a statement that makes it beside running work."""
    unique = "UNIQUE " if made["unique"] else ""
    name, rest = made["name"].lower(), re.sub(r"--[^\n]*", "", made["on"])
    rest = " ".join(rest.split()).rstrip("; ")
    return Index(name, f"CREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {name} {rest};", unique=bool(unique))
