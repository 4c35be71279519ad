"""Traces for whoever speaks OTLP. Needs the extra `telemetry`; imported only where a collector is named."""
