"""How soon tokens expire, in the few steps that people watch."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class Within(StrEnum):
    """Each step counts the nearer ones too."""

    EXPIRED = "0d"
    DAY = "1d"
    WEEK = "7d"
    MONTH = "30d"

    @property
    def period(self) -> timedelta:
        return timedelta(days=int(self.value.removesuffix("d")))
