"""What a set of tokens says of itself, read without asking anybody and without believing it.

Shapes are those of real answers: `authorization` is a JWT whose `aud` is the client id,
with `iat`, `nbf`, `exp` as floats and `scopes` as a list (live 2024 and docs.zid.sa
"authorization"); the manager token is base64 of `{iv, value, mac, tag}`. Zid publishes no
key to check the signature with, so a claim can convict tokens but never acquit them.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from core.domain.documents import Document, text
from core.domain.tokens import Tokens

CLOCKS_APART: Final = timedelta(minutes=5)
"""Zid's clock and ours may differ by as much."""


class Finding(StrEnum):
    """What is wrong or odd about a set of tokens."""

    EXPIRED = "expired"
    """Its lifetime (`expires_in`) is over."""
    AUTHORIZATION_EXPIRED = "authorization_expired"
    """The JWT's `exp` has passed."""
    NOT_YET_VALID = "not_yet_valid"
    """The JWT's `nbf` is still to come: is this machine's clock right?"""
    OTHER_CLIENT = "other_client"
    """The JWT's `aud` is not ZID_CLIENT_ID: it was given to another app."""
    AUTHORIZATION_NO_JWT = "authorization_no_jwt"
    """Odd, not wrong: only two answers were ever published."""
    MANAGER_TOKEN_ODD = "manager_token_odd"  # noqa: S105 - a word, not a secret
    """Odd, not wrong: it is not base64 of `{iv, value, mac, tag}`."""

    @property
    def is_wrong(self) -> bool:
        """Whether Zid cannot take tokens of which this is true."""
        return self not in {Finding.AUTHORIZATION_NO_JWT, Finding.MANAGER_TOKEN_ODD}


@dataclass(frozen=True, slots=True)
class Claims:
    """What the JWT claims; None where it is silent or no JWT."""

    audience: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    issued_at: datetime | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LocalCheck:
    """The local validation of one set of tokens. It holds no token."""

    claims: Claims
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not any(finding.is_wrong for finding in self.findings)


def check_locally(tokens: Tokens, *, client_id: str | None, now: datetime) -> LocalCheck:
    """Never raises, whatever the tokens look like. Without a client id nothing is said about the audience."""
    payload = _payload(tokens.authorization.reveal())
    claims = _claims(payload) if payload is not None else Claims()
    found = {
        Finding.EXPIRED: tokens.expires_at is not None and tokens.expires_at <= now,
        Finding.AUTHORIZATION_EXPIRED: claims.expires_at is not None and claims.expires_at + CLOCKS_APART <= now,
        Finding.NOT_YET_VALID: claims.not_before is not None and claims.not_before > now + CLOCKS_APART,
        Finding.OTHER_CLIENT: claims.audience is not None and client_id not in {None, *claims.audience},
        Finding.AUTHORIZATION_NO_JWT: payload is None,
        Finding.MANAGER_TOKEN_ODD: not _is_encrypted(tokens.manager_token.reveal()),
    }
    return LocalCheck(claims, tuple(finding for finding, holds in found.items() if holds))


def _payload(token: str) -> Document | None:
    """The middle part of a JWT, if the first one is a header."""
    parts = token.split(".")
    if len(parts) != 3 or not parts[2]:
        return None
    header, payload = (_json(_url_decoded(part)) for part in parts[:2])
    return payload if header is not None and text(header.get("alg")) else None


def _claims(payload: Document) -> Claims:
    scopes = payload.get("scopes")
    return Claims(
        _audience(payload.get("aud")),
        tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else None,
        _moment(payload.get("iat")),
        _moment(payload.get("nbf")),
        _moment(payload.get("exp")),
    )


def _audience(value: object) -> tuple[str, ...] | None:
    """One or several, as the standard allows."""
    listed = value if isinstance(value, list) else [value]
    found = tuple(name for name in map(text, listed) if name)
    return found or None


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _is_encrypted(token: str) -> bool:
    return {"iv", "value", "mac"} <= (_json(_decoded(token)) or {}).keys()


def _url_decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part.encode() + b"=" * (-len(part) % 4))
    except ValueError:
        return b""


def _decoded(token: str) -> bytes:
    try:
        return b64decode(token.encode() + b"=" * (-len(token) % 4))
    except ValueError:
        return b""


def _json(content: bytes) -> Document | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None
