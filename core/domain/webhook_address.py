"""The address and password that Zid is given for one install's webhooks.

The install token authenticates itself and the Basic password is derived from a
secret, so a delivery is recognised without reading anything. WEBHOOK_SECRET is a
ring: the first member makes, all of them verify.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from typing import Final

from core.domain.secret import Secret, derive, same
from core.ids import InstallId, StoreId

USERNAME: Final = "wasl"
_ID_BYTES: Final = 16
_MAC_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a delivery is for, proven by its address."""

    store_id: StoreId
    install_id: InstallId


def _mac(secret: Secret, addressee: Addressee) -> bytes:
    return derive(secret, "webhook-address", addressee.store_id, addressee.install_id)[:_MAC_BYTES]


def install_token(secret: Secret, addressee: Addressee) -> str:
    """43 URL-safe characters naming the store and the install, sealed with a MAC."""
    ids = addressee.store_id.to_bytes(8, "big") + addressee.install_id.to_bytes(8, "big")
    return urlsafe_b64encode(ids + _mac(secret, addressee)).decode().rstrip("=")


def read_install_token(ring: tuple[Secret, ...], token: str) -> Addressee | None:
    """Whom the token names, or None when no secret of the ring made it."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (Base64Error, ValueError):
        return None
    if len(raw) != _ID_BYTES + _MAC_BYTES:
        return None
    addressee = Addressee(StoreId(int.from_bytes(raw[:8], "big")), InstallId(int.from_bytes(raw[8:_ID_BYTES], "big")))
    given = raw[_ID_BYTES:].hex()
    proven = sum(same(given, _mac(secret, addressee).hex()) for secret in ring) > 0
    return addressee if proven else None


def password(secret: Secret, addressee: Addressee) -> Secret:
    """The Basic password Zid sends with each delivery of this install."""
    raw = derive(secret, "webhook-password", addressee.store_id, addressee.install_id)
    return Secret(urlsafe_b64encode(raw).decode().rstrip("="))


def credentials_hold(ring: tuple[Secret, ...], addressee: Addressee, username: str, given: str) -> bool:
    """Whether these Basic credentials belong to the install, under any secret of the ring."""
    right = sum(same(given, password(secret, addressee).reveal()) for secret in ring) > 0
    return same(username, USERNAME) and right
