"""Text that Postgres takes: neither NUL characters nor lone surrogates, which Zid's JSON and paths may carry."""

from __future__ import annotations

from typing import overload


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
@overload
def storable(text: str | None) -> str | None: ...


def storable(text: str | None) -> str | None:
    """The text with what cannot be stored replaced; None stays None."""
    return text if text is None else text.encode(errors="replace").decode().replace("\0", "\ufffd")
