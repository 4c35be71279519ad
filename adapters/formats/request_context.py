"""Which request is being answered, for what is written about it."""

from __future__ import annotations

from dataclasses import replace

from structlog.contextvars import get_contextvars

from core.domain.audit import AuditEntry


def with_request_id(entry: AuditEntry) -> AuditEntry:
    """The entry with the id that the request's log lines carry, unless it names one."""
    bound = get_contextvars().get("request_id")
    if entry.request_id is not None or not isinstance(bound, str):
        return entry
    return replace(entry, request_id=bound)
