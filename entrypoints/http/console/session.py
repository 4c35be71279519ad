"""What ties a form to the browser it was shown to, and by which a browser is known again."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from core.domain.secret import Secret, derive, same

_FORM: Final = "console-form"
_BROWSER: Final = "console-browser"
_NOTICE: Final = "console-notice"


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and reads what travels through browsers. The first of `ring` signs, all of them verify."""

    ring: tuple[Secret, ...]

    def form_token(self, holder: str) -> str:
        """What a form must bring back; only the browser with this session or cookie can know it."""
        return _mac(self.ring[0], _FORM, holder)

    def form_holds(self, holder: str, token: str) -> bool:
        """Whether the form was made for this session or cookie."""
        return self._holds(_FORM, holder, token)

    def browser(self, name: str) -> str:
        """What a browser keeps that somebody signed in with. It opens nothing."""
        return f"{name}.{_mac(self.ring[0], _BROWSER, name)}"

    def browser_name(self, kept: str) -> str | None:
        """The name in what a browser kept, or None when it was not made here."""
        name, _, mac = kept.partition(".")
        return name if self._holds(_BROWSER, name, mac) else None

    def notice(self, text: str) -> str:
        """What the next page is to say, so that nobody else can make a page say something."""
        return f"{text}~{_mac(self.ring[0], _NOTICE, text)}"

    def notice_text(self, kept: str) -> str | None:
        """The text of a notice, or None when it was not made here."""
        text, _, mac = kept.rpartition("~")
        return text if self._holds(_NOTICE, text, mac) else None

    def _holds(self, purpose: str, content: str, mac: str) -> bool:
        """Every member of the ring is tried."""
        return mac.isascii() and sum(same(mac, _mac(secret, purpose, content)) for secret in self.ring) > 0


def _mac(secret: Secret, purpose: str, content: str) -> str:
    return urlsafe_b64encode(derive(secret, purpose, content)).decode().rstrip("=")
