"""Tokens that look like Zid's: an RS256 JWT, a Laravel-encrypted manager token, a `def502…` refresh token."""

from __future__ import annotations

import base64
from functools import cache
from random import Random

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@cache
def _signing_key() -> rsa.RSAPrivateKey:
    """One key per process: what a token opens is looked up, not verified."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def authorization(rng: Random, *, client_id: str, subject: str, scopes: list[str], now: float, expires: float) -> str:
    """A signed JWT: `aud` and `sub` are strings, times are floats, `scopes` is a list."""
    claims = {
        "aud": client_id,
        "jti": rng.randbytes(40).hex(),
        "iat": round(now, 6),
        "nbf": round(now, 6),
        "exp": round(expires, 6),
        "sub": subject,
        "scopes": scopes,
    }
    head = {"typ": "JWT", "alg": "RS256"}
    signed = f"{_base64url(orjson.dumps(head))}.{_base64url(orjson.dumps(claims))}"
    signature = _signing_key().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_base64url(signature)}"


def manager_token(rng: Random) -> str:
    """Base64 of JSON `{"iv","value","mac","tag"}`, about 400 characters; opaque, not a JWT."""
    parts = {
        "iv": base64.b64encode(rng.randbytes(16)).decode(),
        "value": base64.b64encode(rng.randbytes(120)).decode(),
        "mac": rng.randbytes(32).hex(),
        "tag": "",
    }
    return base64.b64encode(orjson.dumps(parts)).decode()


def refresh_token(rng: Random) -> str:
    """`def502` and hexadecimal digits, about 1400 characters."""
    return "def502" + rng.randbytes(700).hex()


def code(rng: Random) -> str:
    return "def502" + rng.randbytes(120).hex()


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
