"""The keys of TOKEN_KEYS: how they are made, read and named."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from hashlib import sha256
from typing import Final

from cryptography.fernet import Fernet

from core.domain.secret import Secret
from core.errors import SettingInvalid

SETTING: Final = "TOKEN_KEYS"
_KEY_BYTES: Final = 32


def generate_key() -> Secret:
    """A new key for TOKEN_KEYS."""
    return Secret(Fernet.generate_key().decode())


def key_id(key: Secret) -> str:
    """Eight characters that name a key and tell nothing about it. Raises SettingInvalid for what is no key."""
    return sha256(_raw(key, "a key")).hexdigest()[:8]


def ring_of(keys: tuple[Secret, ...]) -> list[Fernet]:
    """The ring, in its order. Raises SettingInvalid, naming the position of a bad key and never its text."""
    if not keys:
        raise SettingInvalid(SETTING, "holds no key; make one with `wasl keys generate`")
    for position, key in enumerate(keys, start=1):
        _raw(key, f"key {position} of {len(keys)}")
    return [Fernet(key.reveal().strip()) for key in keys]


def _raw(key: Secret, name: str) -> bytes:
    problem = f"{name} is not 32 URL-safe base64 bytes; make one with `wasl keys generate`"
    try:
        raw = urlsafe_b64decode(key.reveal().strip())
    except (Base64Error, ValueError):
        raise SettingInvalid(SETTING, problem) from None
    if len(raw) != _KEY_BYTES:
        raise SettingInvalid(SETTING, problem)
    return raw
