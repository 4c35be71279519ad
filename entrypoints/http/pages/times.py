"""Times as people read them: where the stores are, with UTC on hover and for machines.

Zid's stores keep the time of Asia/Riyadh (docs.zid.sa, examples of `issue_date`), which is three hours ahead of UTC
all year round.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final

from markupsafe import Markup

STORE_ZONE: Final = timezone(timedelta(hours=3), "Asia/Riyadh")


def moment(value: datetime | None, zone: tzinfo = STORE_ZONE) -> Markup:
    """Date and time to the second."""
    return _time(value, "%Y-%m-%d %H:%M:%S", zone)


def clock(value: datetime | None, zone: tzinfo = STORE_ZONE) -> Markup:
    """The time of day."""
    return _time(value, "%H:%M:%S", zone)


def day(value: datetime | None, zone: tzinfo = STORE_ZONE) -> Markup:
    """The date."""
    return _time(value, "%Y-%m-%d", zone)


def _time(value: datetime | None, form: str, zone: tzinfo) -> Markup:
    if value is None:
        return Markup("–")
    utc = value.strftime("%Y-%m-%d %H:%M:%S UTC")
    local = value.astimezone(zone).strftime(form)
    return Markup('<time datetime="{}" title="{}" dir="ltr">{}</time>').format(value.isoformat(), utc, local)
