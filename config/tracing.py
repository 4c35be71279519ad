"""Who is told of traces: the collector that the configuration names, or nobody; and what is traced then."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final
from uuid import uuid4

from adapters.tracing.inbox import TracedInbox
from adapters.tracing.ledger import TracedLedger
from adapters.tracing.nothing import NoTracer
from config.settings import Settings
from config.version import running_version
from core.domain.secret import Secret
from core.errors import SettingInvalid
from core.ports.event_ledger import EventLedger, Inbox
from core.ports.system import Clock
from core.ports.tracing import Tracer

TRACED: Final = frozenset({"http", "consumer", "scheduler"})
"""Processes that are traced; a command would wait for the collector longer than for its answer."""


@asynccontextmanager
async def open_tracer(settings: Settings, process: str) -> AsyncIterator[Tracer]:
    """Raises SettingInvalid where a collector is named and the extra that tells it is not installed."""
    if not settings.otel_exporter_otlp_endpoint or process not in TRACED:
        yield NoTracer()
        return
    try:
        from adapters.opentelemetry import export  # noqa: PLC0415 - only whoever asks for it has it, and pays for it
    except ImportError as error:
        raise SettingInvalid(
            "OTEL_EXPORTER_OTLP_ENDPOINT", "needs an extra: pip install 'wasl[telemetry]', or leave it empty"
        ) from error
    collector = export.Collector(
        endpoint=settings.otel_exporter_otlp_endpoint,
        ratio=settings.otel_traces_sampler_arg,
        resource=_resource(settings, process),
        headers=read_headers(settings.otel_exporter_otlp_headers),
    )
    async with export.open_tracer(collector) as tracer:
        yield tracer


def _resource(settings: Settings, process: str) -> Mapping[str, str]:
    return {
        "service.name": settings.otel_service_name,
        "service.version": running_version(),
        "service.instance.id": str(uuid4()),
        "deployment.environment.name": settings.environment.value,
        "wasl.process": process,
    }


def read_headers(given: Secret | None) -> Mapping[str, Secret]:
    """`name=value,name=value`, as OTEL_EXPORTER_OTLP_HEADERS is defined. Raises SettingInvalid without the values."""
    headers: dict[str, Secret] = {}
    for part in (given.reveal() if given else "").split(","):
        name, equals, value = part.strip().partition("=")
        if part.strip() and not (name.strip() and equals):
            raise SettingInvalid("OTEL_EXPORTER_OTLP_HEADERS", "must look like name=value,name=value")
        if equals:
            headers[name.strip()] = Secret(value.strip())
    return headers


def current_trace(tracer: Tracer) -> Callable[[], str | None] | None:
    """What numbers may point to; None where nothing is traced, so that nobody asks at every number."""
    return tracer.current if tracer.records else None


def traced_inbox(inbox: Inbox, tracer: Tracer) -> Inbox:
    return TracedInbox(inbox, tracer) if tracer.records else inbox


def traced_ledger(ledger: EventLedger, tracer: Tracer, clock: Clock) -> EventLedger:
    return TracedLedger(ledger, tracer, clock) if tracer.records else ledger
