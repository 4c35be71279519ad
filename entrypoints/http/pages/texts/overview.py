"""The console's first page. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "as_of": ("As of", "حتى"),
        "overview.all_stores": ("All stores", "كل المتاجر"),
        "ledger": ("Ledger", "سجل الأحداث"),
        "ledger.lead": ("Every delivery from Zid is accounted for.", "كل إشعار من زد محسوب."),
        "balanced": ("Balanced", "متوازن"),
        "unbalanced": ("Does not balance", "غير متوازن"),
        "off_by": ("Difference", "الفرق"),
        "received": ("Received", "مستلَمة"),
        "duplicates": ("Repeats recognised", "مكررات متعرَّف عليها"),
        "spooled": ("Spooled", "محفوظة مؤقتًا"),
        "derived": ("Derived events", "أحداث مستنتجة"),
    }
)
