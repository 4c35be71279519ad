"""What metrics promise: every documented name is taken, quickly and without an exception."""

import pytest

from adapters.memory.metrics import RecordingMetrics
from adapters.prometheus.metrics import PrometheusMetrics
from core.ports.metrics import Metrics


@pytest.fixture(params=["memory", "prometheus"])
def metrics(request: pytest.FixtureRequest) -> Metrics:
    return RecordingMetrics() if request.param == "memory" else PrometheusMetrics(version="1")


def numbers(metrics: Metrics) -> tuple[float, float, float]:
    """The counter, the sum of the histogram and the gauge of the test below."""
    if isinstance(metrics, RecordingMetrics):
        durations = metrics.observed("webhook_ack_seconds")
        return metrics.counted("token_refresh_total"), sum(durations), metrics.gauge("spool_depth") or 0.0
    assert isinstance(metrics, PrometheusMetrics)
    lines = dict(line.rsplit(" ", 1) for line in metrics.render().decode().splitlines() if not line.startswith("#"))
    counted = sum(float(value) for name, value in lines.items() if name.startswith("wasl_token_refresh_total"))
    return counted, float(lines["wasl_webhook_ack_seconds_sum"]), float(lines["wasl_spool_depth"])


def test_numbers_add_up(metrics: Metrics) -> None:
    metrics.count("token_refresh_total", outcome="renewed")
    metrics.count("token_refresh_total", 2, outcome="refused")
    metrics.observe("webhook_ack_seconds", 0.25)
    metrics.observe("webhook_ack_seconds", 0.5)
    metrics.set("spool_depth", 7)
    metrics.set("spool_depth", 3)
    assert numbers(metrics) == (3, 0.75, 3)


def test_a_recorded_counter_is_read_by_any_of_its_labels() -> None:
    metrics = RecordingMetrics()
    metrics.count("zid_requests_total", family="orders", status="200")
    metrics.count("zid_requests_total", family="orders", status="500")
    assert metrics.counted("zid_requests_total", family="orders") == 2
    assert metrics.counted("zid_requests_total", status="500") == 1
    assert metrics.counted("zid_requests_total", family="products") == 0
    assert metrics.gauge("never_set") is None
