"""Reads the fields of a request body; everything wrong is said in one refusal, field by field."""

from __future__ import annotations

import math
from collections.abc import Collection

from sandbox.api.answers import BadRequestError, InvalidError, RefusalError
from sandbox.world.records import Json

LARGEST = 1e12
_WORDS = {"1": True, "true": True, "0": False, "false": False}


class Fields:
    """Values of one object by name, None for those that are absent or wrong; `check()` raises if any was wrong.

    Forms bring text, JSON brings types: `"1"` and `true`, `"12.5"` and `12.5` are the same.
    """

    def __init__(self, document: Json, *, family: str = "products", prefix: str = "") -> None:
        self.document = document
        self.faults: dict[str, list[str]] = {}
        self._refusal: type[RefusalError] = BadRequestError if family == "products" else InvalidError
        self._prefix = prefix
        self._missing = "This field is required." if family == "products" else "The {} field is required."

    def has(self, name: str) -> bool:
        return self.document.get(name) not in (None, "", [], {})

    def fail(self, name: str, message: str) -> None:
        self.faults.setdefault(self._prefix + name, []).append(message)

    def check(self) -> None:
        """Raises the family's validation error if anything read so far was wrong."""
        if self.faults:
            raise self._refusal(self.faults)

    def require(self, *names: str) -> None:
        for name in names:
            if not self.has(name):
                self.fail(name, self._missing.format(self._prefix + name))

    def text(self, name: str, most: int = 10_000) -> str | None:
        value = self.document.get(name)
        if value is None:
            return None
        if isinstance(value, dict | list | bool):
            self.fail(name, "Not a valid string.")
            return None
        if len(str(value)) > most:
            self.fail(name, f"Ensure this field has no more than {most} characters.")
            return None
        return str(value)

    def number(self, name: str, least: float = 0.0) -> float | None:
        """A finite number of at least `least`; text that is one will do."""
        value = self.document.get(name)
        if value is None or value == "":
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            self.fail(name, "A valid number is required.")
            return None
        if not least <= number <= LARGEST:
            self.fail(name, f"Ensure this value is from {least:g} to {LARGEST:g}.")
            return None
        return number

    def whole(self, name: str, least: int = 0) -> int | None:
        number = self.number(name, least)
        if number is None:
            return None
        if not number.is_integer():
            self.fail(name, "A valid integer is required.")
            return None
        return int(number)

    def flag(self, name: str) -> bool | None:
        value = self.document.get(name)
        if value is None or value == "":
            return None
        word = _WORDS.get(str(value).lower())
        if word is None:
            self.fail(name, "Must be a valid boolean.")
        return word

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        value = self.text(name)
        if value is None or value in allowed:
            return value
        self.fail(name, f'"{value}" is not a valid choice.')
        return None

    def translated(self, name: str) -> Json | None:
        """`{ar, en}`; plain text stands for both."""
        value = self.document.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return {"ar": value, "en": value}
        if isinstance(value, dict) and value.keys() <= {"ar", "en"} and all(_is_text(text) for text in value.values()):
            return {language: value.get(language) or "" for language in ("ar", "en")}
        self.fail(name, "Text, or an object with ar and en, is required.")
        return None

    def objects(self, name: str) -> list[Json]:
        """A list of objects; empty when absent."""
        value = self.document.get(name)
        if value is None or value == "":
            return []
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return value
        self.fail(name, "Expected a list of items.")
        return []

    def part(self, name: str) -> Json:
        """An object within; empty when absent."""
        value = self.document.get(name)
        if value is not None and not isinstance(value, dict):
            self.fail(name, "Expected an object.")
        return value if isinstance(value, dict) else {}


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)
