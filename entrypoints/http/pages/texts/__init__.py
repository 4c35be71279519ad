"""Every sentence of the pages, in English and Arabic: one module per page, joined here.

A key begins with the name of its page. Numbers stand in texts as `{n}` and are given when the text is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from entrypoints.http.pages.language import Language
from entrypoints.http.pages.texts import (
    alerts,
    audit,
    catalog,
    configuration,
    dead,
    doctor,
    embedded,
    events,
    frame,
    installing,
    login,
    overview,
    problems,
    reference,
    settings,
    stores,
)

PARTS: Final = (
    installing,
    problems,
    login,
    reference,
    embedded,
    overview,
    stores,
    events,
    frame,
    dead,
    catalog,
    alerts,
    audit,
    settings,
    configuration,
    doctor,
)
TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {key: both for part in PARTS for key, both in part.TEXTS.items()}
)


class Texts:
    """The sentences in one language; an unknown key is a mistake and raises KeyError."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The sentence, with `values` where it says `{name}`."""
        english, arabic = TEXTS[key]
        text = arabic if self.language is Language.ARABIC else english
        return text.format(**values) if values else text


def problem_key(slug: str) -> str:
    """The key of what a person is told about a kind of problem."""
    key = f"problem.{slug}"
    return key if key in TEXTS else "problem.other"
