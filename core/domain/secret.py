"""Values that must not be seen: redacted by type, compared in constant time."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Secret:
    """Text that no log, repr or traceback shows; `reveal()` is the one way out."""

    _value: str

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and same(self._value, other._value)

    def __hash__(self) -> int:
        return hash(sha256(self._value.encode()).digest())


def same(left: str, right: str) -> bool:
    """Whether two secret texts are equal, in time that tells nothing about them."""
    return hmac.compare_digest(left.encode(), right.encode())


def matches_any(candidate: str, ring: tuple[Secret, ...]) -> bool:
    """Whether the candidate is one of the ring; every member is looked at."""
    return sum(same(candidate, secret.reveal()) for secret in ring) > 0


def derive(secret: Secret, purpose: str, *parts: int | str) -> bytes:
    """32 bytes that only a holder of the secret can make, different for each purpose and parts."""
    message = "\0".join([purpose, *map(str, parts)]).encode()
    return hmac.new(secret.reveal().encode(), message, sha256).digest()
