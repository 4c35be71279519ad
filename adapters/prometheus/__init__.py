"""Metrics for Prometheus, rendered as its text format."""

from adapters.prometheus.metrics import PrometheusMetrics

__all__ = ["PrometheusMetrics"]
