"""The ways in that are counted, and by whom.

A visitor is an API key or an address. Of an IPv6 network everybody is given a whole /64,
so that is what counts as one address there.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256

from core.domain.rate import Allowance


class Door(StrEnum):
    """What is asked for, as far as it is limited apart from the rest."""

    READ = "read"
    """The API, looking; by key."""
    WRITE = "write"
    """The API, changing something; by key."""
    KEY = "key"
    """The API, looking and changing together, by a key that has an allowance of its own."""
    PAGE = "page"
    """Pages for people, documents, addresses that do not exist, and the API without a key; by address."""
    SIGN_IN = "sign_in"
    """An attempt to sign in to the console; by address."""
    GUESS = "guess"
    """Wrong credentials, for the API or a webhook; by address. Right ones are never counted here."""


def allowance_of(per_minute: float) -> Allowance:
    """So many a minute, a quarter of them at once."""
    return Allowance(per_minute, most_at_once=per_minute)


def visitor_key(door: Door, visitor: str) -> str:
    """What a visitor is called where the counts are kept: it tells apart, and names nobody."""
    return f"{door.value}:{sha256(visitor.encode()).hexdigest()[:32]}"
