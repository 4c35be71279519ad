"""The pages of the API's description. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "docs.title": ("API", "واجهة البرمجة"),
        "docs.keys": ("Keys travel like this:", "تُرسل المفاتيح هكذا:"),
        "docs.machine": ("For machines:", "للبرامج:"),
        "docs.shapes": ("What travels", "ما يُتبادل"),
    }
)
