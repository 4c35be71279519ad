"""Failures nobody foresaw, for Sentry and what understands its protocol. Needs the extra `sentry`."""
