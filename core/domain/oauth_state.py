"""The `state` of an install on its way through Zid: single use, sealed with a MAC, bound to one browser.

The MAC tells a forged state from one that is over, without keeping anything. The
binding stays in the browser's cookie; only its hash is kept with the state.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from core.domain.secret import Secret, derive, same

STATE_TTL: Final = 600.0
"""Seconds a person has to log in and consent."""

RESTART_MARK: Final = "again."
"""Begins the binding of an install that was already restarted once."""


def make_state(secret: Secret, nonce: str) -> str:
    """An unguessable text that `is_ours` recognises."""
    return f"{nonce}.{_mac(secret, nonce)}"


def is_ours(secret: Secret, state: str) -> bool:
    """Whether this service made the state; says nothing about its age."""
    nonce, _, mac = state.rpartition(".")
    return bool(nonce) and same(mac, _mac(secret, nonce))


def _mac(secret: Secret, nonce: str) -> str:
    return derive(secret, "oauth-state", nonce).hex()[:32]


@dataclass(frozen=True, slots=True)
class Pending:
    """What is remembered of a started install."""

    binding_hash: str
    return_path: str | None = None

    @classmethod
    def of(cls, binding: str, return_path: str | None) -> Pending:
        return cls(_hash(binding), return_path)

    def write(self) -> str:
        return json.dumps({"binding": self.binding_hash, "return_path": self.return_path})

    @classmethod
    def read(cls, text: str) -> Pending:
        kept = json.loads(text)
        return cls(kept["binding"], kept["return_path"])

    def bound_to(self, binding: str | None) -> bool:
        """Whether the browser that came back is the one that left."""
        return binding is not None and same(_hash(binding), self.binding_hash)


def _hash(binding: str) -> str:
    return sha256(binding.encode()).hexdigest()


def is_restart(binding: str | None) -> bool:
    """Whether this browser's install was restarted already: a second time would be a loop."""
    return binding is not None and binding.startswith(RESTART_MARK)


def safe_return_path(path: str | None) -> str | None:
    """A path on this site, or None: never another host (`//host`, `/\\host`, a scheme) or a control character."""
    if path is None or not path.startswith("/") or path[1:2] in ("/", "\\"):
        return None
    return path if path.isprintable() and "\\" not in path else None
