"""Names in Arabic and English, however Zid wrote them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from core.domain.documents import both_languages

_ARABIC: Final = re.compile(r"[\u0600-\u06FF]")


@dataclass(frozen=True, slots=True)
class Name:
    """A text in one language or both. The products family sends both, managers one, as a string."""

    ar: str | None = None
    en: str | None = None

    def __str__(self) -> str:
        return self.en or self.ar or ""

    @classmethod
    def read(cls, value: object) -> Name:
        """From `{ar, en}`, or from one string by its script; empty for `[]`, null and anything else."""
        if isinstance(value, str):
            return cls(ar=value) if _ARABIC.search(value) else cls(en=value or None)
        return cls(**both_languages(value))

    def written(self) -> dict[str, str]:
        """As Zid takes it: only the languages there are."""
        return {language: text for language, text in (("ar", self.ar), ("en", self.en)) if text}
