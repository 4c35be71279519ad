"""Who is signed in, carried by a signed cookie: nothing is kept on this side, any process can check it."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.domain.secret import Secret, derive, matches_any, same

LIFETIME: Final = timedelta(hours=12)
_FORM: Final = re.compile(
    r"(?P<id>[A-Za-z0-9_-]{20,64})\.(?P<expires>[0-9]{1,12})\.(?P<key>[0-9a-f]{16})\.(?P<mac>[A-Za-z0-9_-]{43})"
)


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `key` is the fingerprint of the admin key it was made with: without that key it ends."""

    id: str
    expires: int
    key: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and reads what travels through the browser. The first of `ring` signs, all of them verify."""

    ring: tuple[Secret, ...]

    def cookie(self, session: Session) -> str:
        content = f"{session.id}.{session.expires}.{session.key}"
        return f"{content}.{_mac(self.ring[0], 'console-session', content)}"

    def session(self, cookie: str | None, admin_keys: tuple[Secret, ...], now: datetime) -> Session | None:
        """The session of a cookie, or None when it is forged, over, or its key no longer exists."""
        found = _FORM.fullmatch(cookie or "")
        if found is None or not self._holds("console-session", found.string.rpartition(".")[0], found["mac"]):
            return None
        session = Session(found["id"], int(found["expires"]), found["key"])
        known = tuple(Secret(self.fingerprint(key)) for key in admin_keys)
        return session if session.expires > now.timestamp() and matches_any(session.key, known) else None

    def fingerprint(self, admin_key: Secret) -> str:
        """Names a key without telling it; the same whichever member of the ring signs."""
        return derive(admin_key, "console-key").hex()[:16]

    def form_token(self, holder: str) -> str:
        """What a form must bring back; only the browser with this session or cookie can know it."""
        return _mac(self.ring[0], "console-form", holder)

    def form_holds(self, holder: str, token: str) -> bool:
        return token.isascii() and self._holds("console-form", holder, token)

    def _holds(self, purpose: str, content: str, mac: str) -> bool:
        return sum(same(mac, _mac(secret, purpose, content)) for secret in self.ring) > 0


def _mac(secret: Secret, purpose: str, content: str) -> str:
    return urlsafe_b64encode(derive(secret, purpose, content)).decode().rstrip("=")
