"""How far a reconciliation is, as a value that is kept as JSON after every page, and its report in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from core.domain.documents import Document, rows, sub, text
from core.domain.gaps import GapId
from core.domain.reconcile_plan import Scan, Span
from core.ids import EntityKind


@dataclass(frozen=True, slots=True)
class SpanReport:
    """One list: what was to be read, what it cost, what was found. `missed` counts by the webhook that did not come.

    Rows that were missing from the list are asked for one by one, `allowed` of them at most: `asked` were,
    `gone` of them are no more, `left` wait for another time. `skipped` says why the list could not be read.
    """

    span: Span
    estimate: int
    allowed: int = 0
    asked: int = 0
    calls: int = 0
    listed: int = 0
    missed: Mapping[str, int] = field(default_factory=dict)
    caught_up: int = 0
    gone: int = 0
    left: int = 0
    unreadable: int = 0
    skipped: str | None = None

    def plus(
        self,
        *,
        calls: int = 0,
        asked: int = 0,
        listed: int = 0,
        missed: Sequence[str] = (),
        caught_up: int = 0,
        gone: int = 0,
        unreadable: int = 0,
    ) -> SpanReport:
        """The same with more found."""
        counted = {topic: self.missed.get(topic, 0) + missed.count(topic) for topic in {*self.missed, *missed}}
        return replace(
            self,
            calls=self.calls + calls,
            asked=self.asked + asked,
            listed=self.listed + listed,
            missed=counted,
            caught_up=self.caught_up + caught_up,
            gone=self.gone + gone,
            unreadable=self.unreadable + unreadable,
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a reconciliation is: at `page` of the list number `at`, or past it and `confirming` what is missing there.

    `covered` and `full` say up to when each kind has been read, this reconciliation's finished lists included.
    `received` are the webhooks that came, by topic, in the time that was read. `others` are calls beside the lists.
    """

    started_at: datetime
    spans: tuple[SpanReport, ...]
    at: int = 0
    page: str | None = None
    confirming: bool = False
    gaps: tuple[GapId, ...] = ()
    covered: Mapping[EntityKind, datetime] = field(default_factory=dict)
    full: Mapping[EntityKind, datetime] = field(default_factory=dict)
    received: Mapping[str, int] = field(default_factory=dict)
    others: int = 0
    others_allowed: int = 0

    @property
    def current(self) -> SpanReport | None:
        """The list that is being read; None after the last."""
        return self.spans[self.at] if self.at < len(self.spans) else None

    @property
    def estimate(self) -> int:
        return self.others_allowed + sum(one.estimate for one in self.spans)

    @property
    def calls(self) -> int:
        return self.others + sum(one.calls for one in self.spans)

    @property
    def missed(self) -> Mapping[str, int]:
        """By Zid's topic, over all lists."""
        topics = sorted({topic for one in self.spans for topic in one.missed})
        return {topic: sum(one.missed.get(topic, 0) for one in self.spans) for topic in topics}

    def noting(self, report: SpanReport) -> Progress:
        """With the current list's report replaced."""
        return replace(self, spans=(*self.spans[: self.at], report, *self.spans[self.at + 1 :]))

    def next_span(self, *, covers_until: datetime | None) -> Progress:
        """At the next list; the one behind is read up to `covers_until`, None where it could not be."""
        moved = replace(self, at=self.at + 1, page=None, confirming=False)
        span = self.spans[self.at].span
        if covers_until is None or span.until is not None:
            return moved
        full = {**self.full, span.kind: covers_until} if span.scan is Scan.FULL else self.full
        return replace(moved, covered={**self.covered, span.kind: covers_until}, full=full)


def ratios(missed: Mapping[str, int], received: Mapping[str, int]) -> Mapping[str, float]:
    """Missed webhooks by all that should have come, per topic, 0 to 1."""
    return {
        topic: round(missed.get(topic, 0) / total, 6)
        for topic in sorted({*missed, *received})
        if (total := missed.get(topic, 0) + received.get(topic, 0))
    }


_COUNTS: Final = ("estimate", "allowed", "asked", "calls", "listed", "caught_up", "gone", "left", "unreadable")


def to_document(progress: Progress) -> Document:
    """What is kept."""
    return {
        "started_at": progress.started_at.isoformat(),
        "spans": [_span_document(one) for one in progress.spans],
        "at": progress.at,
        "page": progress.page,
        "confirming": progress.confirming,
        "gaps": list(progress.gaps),
        "covered": {kind.value: at.isoformat() for kind, at in progress.covered.items()},
        "full": {kind.value: at.isoformat() for kind, at in progress.full.items()},
        "received": dict(progress.received),
        "others": progress.others,
        "others_allowed": progress.others_allowed,
    }


def read_progress(kept: Document) -> Progress:
    """What was kept, as written by `to_document`."""
    gaps = kept.get("gaps")
    return Progress(
        started_at=datetime.fromisoformat(str(kept["started_at"])),
        spans=tuple(_read_span(one) for one in rows(kept, "spans")),
        at=_whole(kept.get("at")),
        page=text(kept.get("page")),
        confirming=kept.get("confirming") is True,
        gaps=tuple(GapId(_whole(one)) for one in gaps) if isinstance(gaps, list) else (),
        covered=_times(sub(kept, "covered")),
        full=_times(sub(kept, "full")),
        received=_counts(sub(kept, "received")),
        others=_whole(kept.get("others")),
        others_allowed=_whole(kept.get("others_allowed")),
    )


def _span_document(report: SpanReport) -> Document:
    span = report.span
    return {
        "kind": span.kind.value,
        "scan": span.scan.value,
        "since": span.since.isoformat() if span.since else None,
        "until": span.until.isoformat() if span.until else None,
        **{name: getattr(report, name) for name in _COUNTS},
        "missed": dict(report.missed),
        "skipped": report.skipped,
    }


def _read_span(kept: Document) -> SpanReport:
    span = Span(
        EntityKind(str(kept["kind"])), Scan(str(kept["scan"])), _time(kept.get("since")), _time(kept.get("until"))
    )
    counts = {name: _whole(kept.get(name)) for name in _COUNTS}
    return SpanReport(span, missed=_counts(sub(kept, "missed")), skipped=text(kept.get("skipped")), **counts)


def _times(kept: Document) -> Mapping[EntityKind, datetime]:
    return {EntityKind(name): datetime.fromisoformat(str(at)) for name, at in kept.items()}


def _counts(kept: Document) -> Mapping[str, int]:
    return {name: _whole(count) for name, count in kept.items()}


def _time(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
