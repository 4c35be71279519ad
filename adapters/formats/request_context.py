"""Which request is being answered, and who sits at the command line, for what is written about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from structlog.contextvars import get_contextvars

from core.domain.audit import AuditEntry

USER: Final = "user"
"""What a command binds the name of its operating system's user to."""


def with_request_id(entry: AuditEntry) -> AuditEntry:
    """The entry with the request id that log lines carry, unless it names one, and with the user of a command."""
    bound = get_contextvars()
    request_id, user = bound.get("request_id"), bound.get(USER)
    if entry.request_id is None and isinstance(request_id, str):
        entry = replace(entry, request_id=request_id)
    if isinstance(user, str):
        entry = replace(entry, details={**entry.details, USER: user})
    return entry
