"""What a row of `tokens` holds: the three tokens with the identity of their row, sealed.

Fernet does not know where a value belongs; comparing the identity inside with the row
outside is what makes a row copied to another store, install or generation worthless.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from core.domain.secret import Secret
from core.domain.tokens import Tokens, TokenSet
from core.errors import SealBroken
from core.ids import Generation, InstallId, StoreId
from core.ports.sealed_vault import SealedRow
from core.ports.sealing import Sealer, WrappedKey

_SECRETS: Final = ("authorization", "manager_token", "refresh_token")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value was found, and so where it has to belong."""

    store_id: StoreId
    install_id: InstallId
    generation: Generation

    @property
    def identity(self) -> dict[str, object]:
        return {"store": self.store_id, "install": self.install_id, "generation": self.generation}

    def __str__(self) -> str:
        return f"store {self.store_id}, install {self.install_id}, generation {self.generation}"


def seal_tokens(sealer: Sealer, key: WrappedKey, place: Place, tokens: Tokens) -> bytes:
    """The tokens, sealed for this place only. Raises KeyMissing."""
    secrets = {name: getattr(tokens, name).reveal() for name in _SECRETS}
    return sealer.seal(key, orjson.dumps(place.identity | secrets))


def open_tokens(sealer: Sealer, key: WrappedKey, place: Place, sealed: bytes, expires_at: datetime | None) -> TokenSet:
    """The tokens. Raises KeyMissing; SealBroken also when they belong to another place."""
    authorization, manager_token, refresh_token = _check(sealer.open(key, sealed), place)
    tokens = Tokens(authorization, manager_token, refresh_token, expires_at)
    return TokenSet(place.store_id, place.install_id, place.generation, tokens)


def _check(content: bytes, place: Place) -> list[Secret]:
    """The three tokens, where they belong here."""
    found = _read(content, place)
    if {name: found.get(name) for name in place.identity} != place.identity:
        raise SealBroken(f"the tokens in the row of {place} belong to another row")
    return [_secret(found, name, place) for name in _SECRETS]


def prove(row: SealedRow, content: bytes) -> None:
    """Returns where the content is what a row of this store, install and generation holds. Raises SealBroken."""
    assert row.generation is not None, "content comes with a generation"
    _check(content, Place(row.store_id, row.install_id, row.generation))


def _read(content: bytes, place: Place) -> dict[str, object]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = None  # the decoder's own error would carry what it was given
    if not isinstance(found, dict):
        raise SealBroken(f"the row of {place} holds something other than tokens")
    return found


def _secret(content: dict[str, object], name: str, place: Place) -> Secret:
    value = content.get(name)
    if not isinstance(value, str):
        raise SealBroken(f"the tokens in the row of {place} lack {name}")
    return Secret(value)
