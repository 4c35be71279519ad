"""The difference between leaving a value as it is and setting it to nothing."""

from __future__ import annotations

from enum import Enum
from typing import Final


class Keep(Enum):
    """Marks a field of a change that is not sent; None is sent as null, and clears it."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
