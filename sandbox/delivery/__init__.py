"""Webhooks and app events on their way: queue, attempts, retries, health."""
