"""Where spans go: a collector that takes OTLP over HTTP, in batches, from a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from adapters.opentelemetry.tracer import OpenTelemetryTracer
from core.domain.secret import Secret

SEND_SECONDS: Final = 5.0
SEND_EVERY: Final = 1.0
LEAVING_SECONDS: Final = 2.0
"""For what is not sent yet when the process ends; then it is dropped."""
QUEUE: Final = 8192
"""Spans that wait for the collector; more are dropped."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Whom to tell, and as whom. `ratio` is the share of traces that begin here and are kept."""

    endpoint: str
    ratio: float
    resource: Mapping[str, str]
    headers: Mapping[str, Secret]

    @property
    def url(self) -> str:
        """The signal's path below the base, as OTEL_EXPORTER_OTLP_ENDPOINT is defined."""
        return self.endpoint.rstrip("/") + "/v1/traces"


@asynccontextmanager
async def open_tracer(collector: Collector) -> AsyncIterator[OpenTelemetryTracer]:
    """A tracer whose last spans are sent on the way out, within LEAVING_SECONDS. Asks nobody to begin with."""
    provider = provider_of(collector, _exporter(collector))
    try:
        yield OpenTelemetryTracer(provider)
    finally:
        # The SDK's own patience is 30 seconds, and a collector that is away takes all of it.
        leaving = Thread(target=provider.shutdown, name="last spans", daemon=True)
        leaving.start()
        await asyncio.to_thread(leaving.join, LEAVING_SECONDS)


def provider_of(collector: Collector, exporter: SpanExporter) -> TracerProvider:
    """Below a sampled parent everything is kept, below another nothing; the ratio is for traces that begin here."""
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(collector.ratio)),
        resource=Resource.create(collector.resource),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        BatchSpanProcessor(exporter, max_queue_size=QUEUE, schedule_delay_millis=SEND_EVERY * 1000)
    )
    return provider


def _exporter(collector: Collector) -> OTLPSpanExporter:
    headers = {name: value.reveal() for name, value in collector.headers.items()}
    return OTLPSpanExporter(endpoint=collector.url, headers=headers, timeout=SEND_SECONDS)
