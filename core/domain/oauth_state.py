"""The `state` of an install on its way through Zid: single use, sealed with a MAC, bound to one browser.

The MAC tells a forged state from one that is over, without keeping anything. The
binding stays in the browser's cookie; only its hash is kept with the state.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from core.domain.secret import Secret, derive, same

STATE_TTL: Final = 600.0
"""Seconds a person has to log in and consent."""

LINK_TTL: Final = 86_400.0
"""Seconds that an authorization link works: a merchant opens a letter within a day."""

RESTART_MARK: Final = "again."
"""Begins the binding of an install that was already restarted once."""


def make_state(secret: Secret, nonce: str) -> str:
    """An unguessable text that `is_ours` recognises."""
    return f"{nonce}.{_mac(secret, nonce)}"


def is_ours(secret: Secret, state: str) -> bool:
    """Whether this service made the state; says nothing about its age."""
    nonce, _, mac = state.rpartition(".")
    return bool(nonce) and same(mac, _mac(secret, nonce))


def _mac(secret: Secret, nonce: str, purpose: str = "oauth-state") -> str:
    return derive(secret, purpose, nonce).hex()[:32]


def make_ticket(secret: Secret, nonce: str, expires_at: datetime) -> str:
    """What an authorization link carries: tells by itself whether it is ours and how long it works."""
    name = f"{nonce}.{int(expires_at.timestamp())}"
    return f"{name}.{_mac(secret, name, 'authorization-link')}"


def ticket_seconds(secret: Secret, ticket: str, now: datetime) -> float:
    """How long a ticket still works; 0 for one that is over or that this service did not make."""
    name, _, mac = ticket.rpartition(".")
    _, _, until = name.rpartition(".")
    if not same(mac, _mac(secret, name, "authorization-link")) or not (until.isascii() and until.isdigit()):
        return 0.0
    return max(0.0, int(until) - now.timestamp())


@dataclass(frozen=True, slots=True)
class Pending:
    """What is remembered of a started install."""

    binding_hash: str
    return_path: str | None = None
    ticket: str | None = None
    """Of the authorization link that was opened."""

    @classmethod
    def of(cls, binding: str, return_path: str | None, ticket: str | None = None) -> Pending:
        return cls(_hash(binding), return_path, ticket)

    def write(self) -> str:
        return json.dumps({"binding": self.binding_hash, "return_path": self.return_path, "ticket": self.ticket})

    @classmethod
    def read(cls, text: str) -> Pending:
        kept = json.loads(text)
        return cls(kept["binding"], kept["return_path"], kept.get("ticket"))

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
