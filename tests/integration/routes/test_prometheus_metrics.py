"""What a dashboard may rely on, and what a mistake in the calling code gets."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.prometheus.catalogue import CATALOGUE, Kind
from adapters.prometheus.metrics import PrometheusMetrics, UnknownMetric

ROOT = Path(__file__).parents[3]
KINDS = {"count": Kind.COUNTER, "observe": Kind.HISTOGRAM, "set": Kind.GAUGE}


@pytest.fixture
def metrics() -> PrometheusMetrics:
    return PrometheusMetrics(version="1.2.3")


def test_counts_durations_and_levels_are_rendered_under_one_prefix(metrics: PrometheusMetrics) -> None:
    metrics.count("webhooks_received_total", topic="order.create", outcome="accepted")
    metrics.count("webhooks_received_total", 2, topic="order.create", outcome="accepted")
    metrics.observe("webhook_ack_seconds", 0.002)
    metrics.set("events", 7, state="queued")

    text = metrics.render().decode()

    assert 'wasl_webhooks_received_total{outcome="accepted",topic="order.create"} 3.0' in text
    assert 'wasl_webhook_ack_seconds_bucket{le="0.0025"} 1.0' in text
    assert 'wasl_events{state="queued"} 7.0' in text
    assert 'wasl_build_info{version="1.2.3"} 1.0' in text
    assert all(line.startswith(("wasl_", "# ")) for line in text.splitlines())
    assert "_created" not in text


def test_a_topic_that_nobody_knows_does_not_become_a_series(metrics: PrometheusMetrics) -> None:
    for number in range(50):
        metrics.count("webhooks_received_total", topic=f"made.up.{number}", outcome="accepted")

    series = [line for line in metrics.render().decode().splitlines() if line.startswith("wasl_webhooks_received")]

    assert series == ['wasl_webhooks_received_total{outcome="accepted",topic="other"} 50.0']


def test_a_missing_label_is_empty(metrics: PrometheusMetrics) -> None:
    metrics.count("zid_requests_total", family="managers")

    assert 'wasl_zid_requests_total{family="managers",operation="",status=""} 1.0' in metrics.render().decode()


def test_unknown_names_kinds_and_labels_raise(metrics: PrometheusMetrics) -> None:
    with pytest.raises(UnknownMetric):
        metrics.count("no_such_thing_total")
    with pytest.raises(UnknownMetric):
        metrics.set("webhook_ack_seconds", 1)
    with pytest.raises(UnknownMetric):
        metrics.count("token_refresh_total", outcome="renewed", store="1001")


def test_two_values_do_not_share_numbers() -> None:
    first, second = PrometheusMetrics(version="1"), PrometheusMetrics(version="1")
    first.count("token_refresh_total", outcome="renewed")

    assert b'outcome="renewed"' not in second.render()


def test_every_metric_that_the_code_names_is_declared_with_these_labels() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {kind}({name!r}, {sorted(labels)})"
        for path in _sources()
        for line, kind, name, labels in _calls(path)
        if name not in CATALOGUE or CATALOGUE[name].kind is not KINDS[kind] or labels - set(CATALOGUE[name].labels)
    ]

    assert not wrong


def _sources() -> Iterator[Path]:
    for package in ("core", "adapters", "config", "entrypoints"):
        yield from (ROOT / package).rglob("*.py")


def _calls(path: Path) -> Iterator[tuple[int, str, str, set[str]]]:
    """Calls like `….metrics.count("name", label=…)`."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=receiver, attr=("count" | "observe" | "set") as kind), args=args):
                owner = ast.unparse(receiver)
                if owner.endswith("metrics") and args and isinstance(args[0], ast.Constant):
                    labels = {keyword.arg for keyword in node.keywords if keyword.arg not in {None, "amount"}}
                    yield node.lineno, kind, str(args[0].value), {label for label in labels if label}
