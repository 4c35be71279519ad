"""Signatures of what we send, as Standard Webhooks has them (standardwebhooks.com)."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Final

from core.domain.secret import Secret

PREFIX: Final = "whsec_"
LEAST_BYTES: Final = 24
MOST_BYTES: Final = 64
"""Of a secret, as the standard says."""


def signature(key: bytes, message_id: str, at: int, body: bytes) -> str:
    """Over id, time and body, so that none of them can be exchanged."""
    signed = b".".join((message_id.encode(), str(at).encode(), body))
    return f"v1,{b64encode(hmac.digest(key, signed, sha256)).decode()}"


def secret_key(secret: Secret) -> bytes:
    """The key of `whsec_…`. Raises ValueError for what is none."""
    text = secret.reveal()
    if not text.startswith(PREFIX):
        raise ValueError(f"must start with {PREFIX}")
    key = b64decode(text.removeprefix(PREFIX), validate=True)
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ValueError(f"must hold {LEAST_BYTES} to {MOST_BYTES} bytes in base64")
    return key
