"""What is written down about every token operation and every change a person or key makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from core.ids import Epoch, InstallId, StoreId

SYSTEM: Final = "system"
_WORD: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which store. `details` hold ids and states only, never a secret or personal data."""

    action: str
    store_id: StoreId | None = None
    install_id: InstallId | None = None
    actor: str = SYSTEM
    request_id: str | None = None
    details: Mapping[str, str | int | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry as it was written; `audit_id` grows from record to record. `epoch` is that of its install."""

    audit_id: int
    at: datetime
    entry: AuditEntry
    epoch: Epoch | None = None


def word_of(text: str) -> str:
    """The text where it is one plain word, such as `access_denied`; what else strangers send is not kept for ever."""
    return text if _WORD.fullmatch(text) else "other"
