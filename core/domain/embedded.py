"""Embedded apps: the UUID by which Zid's dashboard opens the app for a store, and the session it is traded for.

Zid frames `<Application URL>?token=<uuid>&language=<ar|en>`. There is no signature: the
UUID is the credential (docs.zid.sa "embedded apps developer guide"; live 2026-08-22). So
only its hash is kept, and it opens nothing but a short session of one store.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from core.domain.secret import Secret
from core.errors import MissingScope, NeedsReauthorization, WaslError
from core.ids import InstallId, StoreId

OVERLAP: Final = timedelta(minutes=5)
"""How long an older UUID still opens the app after Zid handed out a newer one: a dashboard may be open already."""

_FORM: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=6)
_PERSON_WAIT: Final = timedelta(days=1)


def new_token(random_text: str) -> Secret:
    """A version 4 UUID whose 122 bits come from a text that nobody can guess."""
    return Secret(str(UUID(bytes=sha256(random_text.encode()).digest()[:16], version=4)))


def read_token(text: str | None) -> str | None:
    """The UUID in the one spelling that is hashed, or None where the text cannot be one of ours."""
    token = (text or "").strip().lower()
    return token if _FORM.fullmatch(token) else None


def fingerprint(secret_text: str) -> bytes:
    """What is kept of a UUID or a bearer. Their randomness needs no salt."""
    return sha256(secret_text.encode()).digest()


def wait_after(error: WaslError, failures: int, chance: float) -> timedelta:
    """How long to wait after `failures` failures before this one; a person's part is looked for once a day."""
    if isinstance(error, MissingScope | NeedsReauthorization):
        return _PERSON_WAIT
    return min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(failures, 16)) * (0.5 + 0.5 * chance)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Zid's dashboard at `url`, where the app `app_id` is shown to merchants. Of `language` only `ar-sa` was seen."""

    url: str
    language: str
    app_id: str

    def page_of(self, store_id: StoreId) -> str:
        """Zid's page around the app: where an embedded install ends (docs.zid.sa, step 5; live 2026-08-22)."""
        return f"{self.url}/{self.language}/stores/{store_id}/apps/{self.app_id}/embedded"


@dataclass(frozen=True, slots=True)
class EmbeddedSession:
    """One visit of a merchant: exactly one store's, of exactly one install, over at `ends_at` at the latest."""

    store_id: StoreId
    install_id: InstallId
    began_at: datetime
    ends_at: datetime

    def write(self) -> str:
        return json.dumps([self.store_id, self.install_id, self.began_at.timestamp(), self.ends_at.timestamp()])

    @classmethod
    def read(cls, text: str) -> EmbeddedSession:
        store_id, install_id, began_at, ends_at = json.loads(text)
        moments = (datetime.fromtimestamp(moment, UTC) for moment in (began_at, ends_at))
        return cls(StoreId(store_id), InstallId(install_id), *moments)
