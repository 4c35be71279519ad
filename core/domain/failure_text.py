"""What an exception says, made fit to be kept: no token, no document, no address of a person.

Frames name files and functions, and are safe. Messages are written by anybody, often with the
very value that could not be handled.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_MESSAGE: Final = 500

_DOCUMENT: Final = re.compile(r"""[{\[]\s*['"{\[].*""", re.DOTALL)
_SECRET: Final = re.compile(r"(?=[\w.+/=-]*\d)(?=[\w.+/=-]*[A-Z])(?=[\w.+/=-]*[a-z])[\w.+/=-]{32,}")
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE: Final = re.compile(r"\+\d[\d ()-]{7,16}\d|(?<![\w-])(?:05\d{8}|\d{11,15})(?![\w-])")


def fit_to_keep(message: str) -> str:
    """The message, shortened; in place of what looks like a document, a secret or a person's address stands `…`."""
    shown = _DOCUMENT.sub("{…}", message[: LONGEST_MESSAGE * 10])
    for pattern in (_SECRET, _MAIL, _PHONE):
        shown = pattern.sub("…", shown)
    return shown[:LONGEST_MESSAGE]
