"""Empty forms of Zid's entities: every key in its recorded order, with what rarely differs filled in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson

from sandbox.world.records import Json

_FOLDER = Path(__file__).parent / "blanks"


@cache
def _form(name: str) -> bytes:
    return (_FOLDER / f"{name}.json").read_bytes()


def blank(name: str) -> Json:
    """A fresh copy of the form, to be filled in."""
    form: Json = orjson.loads(_form(name))
    return form
