"""Limits of what people may store with us."""

from __future__ import annotations


class OutOfBounds(ValueError):
    """A value that is too large or of no kind that can be stored; `field` names it, `problem` says what is allowed."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def bounded_text(field: str, text: str, longest: int) -> str:
    """The text, if it has at most `longest` characters and all of them can be stored."""
    if len(text) > longest:
        raise OutOfBounds(field, f"at most {longest} characters, this has {len(text)}")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise OutOfBounds(field, "holds a character that is none (NUL or half of a pair)")
    return text
