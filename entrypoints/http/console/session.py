"""What ties a form to the browser it was shown to."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass

from core.domain.secret import Secret, derive, same


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and reads the tokens of forms. The first of `ring` signs, all of them verify."""

    ring: tuple[Secret, ...]

    def form_token(self, holder: str) -> str:
        """What a form must bring back; only the browser with this session or cookie can know it."""
        return _mac(self.ring[0], holder)

    def form_holds(self, holder: str, token: str) -> bool:
        """Whether the form was made for this session or cookie; every member of the ring is tried."""
        return token.isascii() and sum(same(token, _mac(secret, holder)) for secret in self.ring) > 0


def _mac(secret: Secret, holder: str) -> str:
    return urlsafe_b64encode(derive(secret, "console-form", holder)).decode().rstrip("=")
