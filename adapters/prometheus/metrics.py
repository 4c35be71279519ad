"""The Metrics port on prometheus_client: one registry per value, children cached by their labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.openmetrics import exposition as openmetrics

from adapters.prometheus.catalogue import CATALOGUE, PREFIX, Declared, Kind
from core.domain.topics import is_known
from core.domain.tracing import is_sampled, trace_id_of
from core.ports.metrics import Metrics

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text"
OPENMETRICS_TYPE: Final = f"{OPENMETRICS}; version=1.0.0; charset=utf-8"
OTHER: Final = "other"

Metric = TypeVar("Metric", Counter, Gauge, Histogram)
_Key = tuple[str, tuple[tuple[str, str], ...]]


class UnknownMetric(LookupError):
    """The catalogue has no such metric, kind or label: a mistake in the calling code."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """All numbers in one of Prometheus's formats."""

    content: bytes
    content_type: str


class PrometheusMetrics(Metrics):
    """Counts in this process. A topic that is not one of Zid's or ours is counted as `other`.

    With `current_trace` a duration points to the sampled trace in which it was observed (an exemplar).
    """

    def __init__(self, *, version: str, current_trace: Callable[[], str | None] | None = None) -> None:
        # Otherwise every counter and histogram is exported twice, with the time of its creation.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the package types everything but this
        self._registry = CollectorRegistry()
        ProcessCollector(namespace=PREFIX.rstrip("_"), registry=self._registry)
        self._counters = self._declare(Kind.COUNTER, Counter)
        self._gauges = self._declare(Kind.GAUGE, Gauge)
        self._histograms = self._declare(Kind.HISTOGRAM, Histogram)
        self._counter_children: dict[_Key, Counter] = {}
        self._gauge_children: dict[_Key, Gauge] = {}
        self._histogram_children: dict[_Key, Histogram] = {}
        self._current_trace = current_trace
        self.set("build_info", 1, version=version)

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        _child(name, labels, self._counter_children, self._counters).inc(amount)

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        child = _child(name, labels, self._histogram_children, self._histograms)
        trace = self._current_trace() if self._current_trace is not None else None
        if trace is not None and is_sampled(trace):
            child.observe(seconds, {"trace_id": trace_id_of(trace)})
        else:
            child.observe(seconds)

    def set(self, name: str, value: float, **labels: str) -> None:
        _child(name, labels, self._gauge_children, self._gauges).set(value)

    def render(self) -> bytes:
        """Prometheus's text format. Takes milliseconds per thousand lines: call it off the event loop."""
        return generate_latest(self._registry)

    def render_for(self, accept: str) -> Rendered:
        """OpenMetrics, which has exemplars, for a scraper that takes it; plain text for everybody else."""
        if any(part.partition(";")[0].strip() == OPENMETRICS for part in accept.split(",")):
            written = openmetrics.generate_latest(self._registry)  # type: ignore[no-untyped-call]  # as above
            return Rendered(written, OPENMETRICS_TYPE)
        return Rendered(self.render(), CONTENT_TYPE)

    def _declare(self, kind: Kind, metric: type[Metric]) -> dict[str, Metric]:
        wanted = (declared for declared in CATALOGUE.values() if declared.kind is kind)
        return {declared.name: self._make(metric, declared) for declared in wanted}

    def _make(self, metric: type[Metric], declared: Declared) -> Metric:
        name = PREFIX + declared.name
        if metric is Histogram:
            return metric(name, declared.help, declared.labels, registry=self._registry, buckets=declared.bounds)
        return metric(name, declared.help, declared.labels, registry=self._registry)


def _child(name: str, labels: dict[str, str], known: dict[_Key, Metric], parents: dict[str, Metric]) -> Metric:
    key = name, tuple(labels.items())
    child = known.get(key)
    if child is None:
        child = _find(name, labels, parents)
        if not labels or "topic" not in labels or is_known(labels["topic"]):
            known[key] = child
    return child


def _find(name: str, labels: dict[str, str], parents: dict[str, Metric]) -> Metric:
    parent = parents.get(name)
    if parent is None:
        raise UnknownMetric(f"no {' or '.join(sorted({type(p).__name__ for p in parents.values()}))} named {name!r}")
    declared = CATALOGUE[name].labels
    if extra := labels.keys() - set(declared):
        raise UnknownMetric(f"{name} has no label {', '.join(sorted(extra))}")
    values = [_bounded(label, labels.get(label, "")) for label in declared]
    return parent.labels(*values) if values else parent


def _bounded(label: str, value: str) -> str:
    return OTHER if label == "topic" and not is_known(value) else value
