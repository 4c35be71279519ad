"""What every process says about itself: its readiness, its numbers, and the trace of each request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from aiohttp import web

from adapters.prometheus.metrics import Rendered
from adapters.tracing.nothing import NoTracer
from core.ports.metrics import Metrics
from core.ports.system import Clock, Ids
from core.ports.tracing import Tracer
from entrypoints.pulses import Pulses

Check = Callable[[], Awaitable[None]]
"""Returns when a dependency answers, raises when it does not."""
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class HealthServices:
    """What every process answers with: readiness checks by name (`postgres`, `redis`, …) and its numbers."""

    clock: Clock
    ids: Ids
    metrics: Metrics
    render_metrics: Callable[[str], Rendered]
    """In the format that an Accept header asks for."""
    metrics_allow: tuple[Network, ...]
    checks: Mapping[str, Check] = field(default_factory=dict)
    trusted_proxies: tuple[Network, ...] = ()
    install_checks: Mapping[str, Check] = field(default_factory=dict)
    """What installing needs besides."""
    process: str = "http"
    pulses: Pulses = field(default_factory=Pulses)
    loops_decide: bool = False
    """A loop that does not go on makes the process unready: for those whose loops are their work."""
    tracer: Tracer = field(default_factory=NoTracer)


HEALTH: Final = web.AppKey("health", HealthServices)
