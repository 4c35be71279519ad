"""Trying tokens out at Zid: one harmless question in each dialect, and which header its answers convict.

Zid's two families read the same manager token from headers of two names, and only one of
them reads Store-Id (X8, X9, X10; live 2026-08-22). Asking the profile under either name,
and the products family once, tells most faults apart. A fault of the bearer and one of the
manager token look alike: Zid answers both with the same 401.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.ids import StoreId


class Dialect(StrEnum):
    """Which question, worn with which headers."""

    MANAGERS = "managers"
    """The profile, as the managers family documents it: `X-Manager-Token`."""
    ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of a header, not a secret
    """The profile under the products family's name for the same token: `Access-Token`."""
    PRODUCTS = "products"
    """One product, as the products family documents it: `Access-Token`, `Store-Id`, `Role`."""


class TrialVerdict(StrEnum):
    """What an answer says about the tokens."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """401, a redirect to a login page, or a forbidden profile (U3, U29)."""
    UNDECIDED = "undecided"
    """Zid did not answer, throttled or failed: nothing is known."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One question and what came of it. `store_id` is the one that a profile names."""

    dialect: Dialect
    verdict: TrialVerdict
    status: int | None = None
    store_id: StoreId | None = None
    note: str | None = None


BEARER: Final = "Authorization"
STORE: Final = "Store-Id"
MANAGER_TOKEN: Final[Mapping[Dialect, str]] = MappingProxyType(
    {Dialect.MANAGERS: "X-Manager-Token", Dialect.ACCESS_TOKEN: "Access-Token", Dialect.PRODUCTS: "Access-Token"}
)
"""The header that carries the manager token in each dialect."""


@dataclass(frozen=True, slots=True)
class RemoteCheck:
    """All trials of one set of tokens, in the order of the dialects."""

    trials: tuple[Trial, ...]

    @property
    def works(self) -> bool | None:
        """Whether every dialect takes the tokens; None while Zid has not said."""
        verdicts = {trial.verdict for trial in self.trials}
        if TrialVerdict.REFUSED in verdicts:
            return False
        return None if TrialVerdict.UNDECIDED in verdicts else True

    @property
    def failed_headers(self) -> tuple[str, ...]:
        """The header at fault; several where Zid's answers cannot tell which of them; none where all is well."""
        refused = [trial.dialect for trial in self.trials if trial.verdict is TrialVerdict.REFUSED]
        accepted = [trial.dialect for trial in self.trials if trial.verdict is TrialVerdict.ACCEPTED]
        if not refused:
            return ()
        if not accepted:
            return BEARER, *dict.fromkeys(MANAGER_TOKEN[dialect] for dialect in refused)
        names = {MANAGER_TOKEN[dialect] for dialect in refused} - {MANAGER_TOKEN[dialect] for dialect in accepted}
        suspects = (STORE,) if Dialect.PRODUCTS in refused and Dialect.ACCESS_TOKEN not in refused else ()
        return (*sorted(names), *suspects)

    @property
    def store_id(self) -> StoreId | None:
        """The store that Zid says these tokens are of."""
        return next((trial.store_id for trial in self.trials if trial.store_id is not None), None)
