"""The account behind the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.domain.operations.operation import Operation, Write
from core.domain.results.settings import AppSubscription
from core.domain.secret import Secret
from core.domain.stores import StoreIdentity


@dataclass(frozen=True, slots=True)
class GetProfile(Operation[StoreIdentity]):
    """Who these tokens belong to (GET /v1/managers/account/profile)."""

    scope: ClassVar[str] = "account.read"


@dataclass(frozen=True, slots=True)
class RegisterEmbeddedToken(Write[None]):
    """Tells Zid the token by which the embedded app will know the merchant (a UUID of ours)."""

    token: Secret
    scope: ClassVar[str] = "embedded_apps_tokens_write"
    check: ClassVar[str] = "Register a new token: the last one counts."


@dataclass(frozen=True, slots=True)
class RevokeEmbeddedToken(Write[None]):
    """Takes the token back; one that is gone already is success, as after an uninstall."""

    scope: ClassVar[str] = "embedded_apps_tokens_write"
    check: ClassVar[str] = "Revoking again does no harm."


@dataclass(frozen=True, slots=True)
class GetAppSubscription(Operation[AppSubscription]):
    """What the store pays this app for."""

    app_id: str
    scope: ClassVar[str] = "Subscription.read"
