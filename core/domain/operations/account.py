"""The account behind the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.domain.operations.operation import Operation
from core.domain.stores import StoreIdentity


@dataclass(frozen=True, slots=True)
class GetProfile(Operation[StoreIdentity]):
    """Who these tokens belong to (GET /v1/managers/account/profile)."""

    scope: ClassVar[str] = "account.read"
