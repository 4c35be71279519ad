"""Rejected requests as rows."""

from __future__ import annotations

from typing import Final

from core.ports.rejections import LoggedRejection
from entrypoints.cli.output import Row

REJECTION_COLUMNS: Final = ("received_at", "reason", "store_id", "topic", "size")


def rejection_row(logged: LoggedRejection) -> Row:
    one = logged.rejection
    return {
        "number": logged.number,
        "received_at": one.received_at,
        "reason": one.reason,
        "store_id": one.store_id,
        "topic": one.topic,
        "size": one.size,
    }
