"""The three tokens of an install, their expiry, and what a refusal means.

Zid's token answer (docs.zid.sa "authorization"; live 2024): `access_token` is the
opaque manager token, `authorization` the JWT, `refresh_token` is single-use,
`expires_in` are seconds and are never assumed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.domain.documents import Document
from core.domain.secret import Secret
from core.errors import UnknownShape
from core.ids import Generation, InstallId, StoreId


@dataclass(frozen=True, slots=True)
class Tokens:
    """One set of tokens. `expires_at` is None when Zid named no lifetime."""

    authorization: Secret
    manager_token: Secret
    refresh_token: Secret
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class TokenSet:
    """Tokens with their place in history: an older generation is never stored over a newer one."""

    store_id: StoreId
    install_id: InstallId
    generation: Generation
    tokens: Tokens


def read_tokens(answer: Document, now: datetime, previous: Tokens | None = None) -> Tokens:
    """The tokens of a token answer; a refresh that leaves a field out keeps the old value.

    `authorization` is accepted in either case (X1). A lifetime that is left out is unknown from shortly before the
    old one's end. UnknownShape names the missing field.
    """
    return Tokens(
        _field(answer, ("authorization", "Authorization"), previous.authorization if previous else None),
        _field(answer, ("access_token",), previous.manager_token if previous else None),
        _field(answer, ("refresh_token",), previous.refresh_token if previous else None),
        _expiry(answer, now, previous),
    )


def _field(answer: Document, names: tuple[str, ...], kept: Secret | None) -> Secret:
    for name in names:
        value = answer.get(name)
        if isinstance(value, str) and value:
            return Secret(value)
    if kept is None:
        raise UnknownShape(f"the token answer has no {names[0]}")
    return kept


def _expiry(answer: Document, now: datetime, previous: Tokens | None) -> datetime | None:
    seconds = answer.get("expires_in")
    if isinstance(seconds, (int, float, str)) and str(seconds).replace(".", "", 1).isdigit():
        return now + timedelta(seconds=float(seconds))
    kept = previous.expires_at if previous else None
    return kept if kept and kept - now > LAST_TRY_BEFORE_EXPIRY else None


EARLIEST_SHARE: Final = 0.65
LATEST_SHARE: Final = 0.8
"""Zid advises month 10 of 12 (docs.zid.sa "authorization"); a fifth of the lifetime is left for bad days."""
UNKNOWN_LIFETIME: Final = timedelta(days=30)
LEAST_PAUSE: Final = timedelta(minutes=1)
LAST_TRY_BEFORE_EXPIRY: Final = timedelta(days=7)


def refresh_due(tokens: Tokens, now: datetime, chance: float) -> datetime:
    """When to refresh: between 65 and 80 % of the remaining life, at the place that `chance` in [0, 1) says.

    Stores that were installed in one minute are renewed over a seventh of their tokens' life:
    ten thousand yearly ones over 55 days.
    """
    life = tokens.expires_at - now if tokens.expires_at and tokens.expires_at > now else UNKNOWN_LIFETIME
    return now + life * (LATEST_SHARE - (LATEST_SHARE - EARLIEST_SHARE) * chance)


def next_refresh(tokens: Tokens, now: datetime, chance: float) -> datetime:
    """`refresh_due` of tokens that a refresh brought: whatever lifetime Zid names, no store is refreshed in a loop."""
    return max(refresh_due(tokens, now, chance), now + LEAST_PAUSE)


def last_try_at(tokens: Tokens, now: datetime) -> datetime:
    """When tokens whose exchange was lost are exchanged once more although they still work."""
    return tokens.expires_at - LAST_TRY_BEFORE_EXPIRY if tokens.expires_at else now + LAST_TRY_BEFORE_EXPIRY


class RefreshOutcome(StrEnum):
    """What became of one exchange of a refresh token."""

    RENEWED = "renewed"
    """A new set was stored, by us or by somebody else."""
    NOT_SENT = "not_sent"
    """Nothing left this machine: retry later, no store is touched."""
    SERVER_ERROR = "server_error"
    """Zid answered 5xx: retry later."""
    CLIENT_FAULT = "client_fault"
    """Zid does not know our client: fix the settings, no store is touched."""
    REFUSED = "refused"
    """Zid refuses the refresh token: the merchant has to install again."""
    UNKNOWN = "unknown"
    """Sent, but the answer was lost: the old token may or may not be spent."""
    HELD = "held"
    """Another worker renews and is slow: look again later."""
    UNREADABLE = "unreadable"
    """The stored tokens do not open: a key is missing, or the row was changed."""


_NOT_THE_TOKEN_ENDPOINT: Final = frozenset({404, 405})
"""A wrong ZID_OAUTH_URL must not cost every store its install."""
_CLIENT_FAULT: Final = re.compile(
    r"client authentication failed|invalid_client|unauthorized_client|unsupported_grant_type|redirect[_ ]uri",
    re.IGNORECASE,
)
"""Faults of the app's registration, not of the token: live words, then OAuth's own (RFC 6749, 5.2)."""
_COME_BACK: Final = frozenset({408, 425, 429})
"""Statuses that ask to send it again, and say nothing about the token."""


def judge_refusal(status: int, body: str) -> RefreshOutcome:
    """What a non-2xx answer of the token endpoint means (oauth errors, U1)."""
    if status >= 500:
        return RefreshOutcome.SERVER_ERROR
    if status in _NOT_THE_TOKEN_ENDPOINT or _CLIENT_FAULT.search(body):
        return RefreshOutcome.CLIENT_FAULT
    return RefreshOutcome.SERVER_ERROR if status in _COME_BACK else RefreshOutcome.REFUSED
