"""A diagnosis on the terminal and as JSON: groups, an icon for each check, and under a finding why and what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import typer

from core.domain.diagnosis.explanations import docs_of, explain
from core.domain.diagnosis.findings import Diagnosis, Examined, Finding, Group, Severity
from core.domain.diagnosis.titles import CHECK_TITLES, GROUP_TITLES, summary
from entrypoints.cli.output import Row

ICONS: Final = {
    Severity.OK: ("✓", "green"),
    Severity.NOTE: ("i", "cyan"),
    Severity.UNSEEN: ("?", "yellow"),
    Severity.WARNING: ("!", "yellow"),
    Severity.PROBLEM: ("✗", "red"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line, how far it is indented, and how it looks where there are colours."""

    text: str
    indent: int = 0
    style: str = ""


class Telling:
    """Tells check by check, as they end."""

    def __init__(self) -> None:
        self._group: Group | None = None

    def examined(self, one: Examined) -> None:
        if one.group is not self._group:
            self._group = one.group
            _say(Line(""), Line(GROUP_TITLES[one.group], style="bold"))
        _say(*lines_of(one))

    def end(self, diagnosis: Diagnosis) -> None:
        worst = Severity.PROBLEM if not diagnosis.healthy else Severity.OK
        if worst is Severity.OK and diagnosis.count(Severity.WARNING):
            worst = Severity.WARNING
        _say(Line(""), Line(summary(diagnosis), style=f"bold {ICONS[worst][1]}"))


def lines_of(one: Examined) -> Iterator[Line]:
    """The check, then each of its findings."""
    yield _marked(one.severity, CHECK_TITLES[one.check])
    if one.unseen:
        yield Line(f"could not look: {one.unseen}", 4, "yellow")
    for finding in one.findings:
        yield from _finding(finding)


def _finding(finding: Finding) -> Iterator[Line]:
    told = explain(finding)
    yield Line(f"{finding.severity.value}: {told.seen}", 4, ICONS[finding.severity][1])
    yield Line(told.why, 6)
    yield Line(f"→ {told.fix}", 6, "bold")
    yield Line(docs_of(finding.code), 6, "dim")


def _marked(severity: Severity, title: str) -> Line:
    icon, colour = ICONS[severity]
    return Line(f"{icon} {title}", 2, colour)


def _say(*lines: Line) -> None:
    """Folded under itself on a terminal; one line each through a pipe."""
    if not sys.stdout.isatty():
        for line in lines:
            typer.echo(f"{'':{line.indent}}{line.text}".rstrip())
        return
    from rich.console import Console  # noqa: PLC0415 (only a terminal needs it)
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    for line in lines:
        console.print(Padding(Text(line.text, line.style), (0, 0, 0, line.indent), expand=False))


def report_of(diagnosis: Diagnosis) -> Row:
    """Everything, for `--json`."""
    return {
        "healthy": diagnosis.healthy,
        "summary": summary(diagnosis),
        "counts": {severity.value: diagnosis.count(severity) for severity in Severity if severity is not Severity.OK},
        "checks": [_check(one) for one in diagnosis.examined],
    }


def _check(one: Examined) -> Row:
    return {
        "check": one.check.value,
        "group": one.group.value,
        "title": CHECK_TITLES[one.check],
        "severity": one.severity.value,
        "unseen": one.unseen,
        "findings": [_row(finding) for finding in one.findings],
    }


def _row(finding: Finding) -> Row:
    told = explain(finding)
    return {
        "code": finding.code.value,
        "severity": finding.severity.value,
        "seen": told.seen,
        "why": told.why,
        "fix": told.fix,
        "docs": docs_of(finding.code),
        "facts": dict(finding.facts),
    }
