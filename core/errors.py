"""Every exception of Wasl. The class is the caller's next move.

::

    WaslError
    ├── TryLater            nothing is broken: do it again after `retry_after` seconds
    │   ├── RateLimited         Zid's allowance of this store is used up
    │   ├── Unavailable         a dependency (Postgres, Redis, Zid) does not answer
    │   │   └── ServerFault         it did answer, with a fault of its own (5xx)
    │   └── RefreshInProgress   another process renews the tokens and is slow
    ├── AskMerchant         a person has to act at the store
    │   ├── NeedsReauthorization   the tokens are spent: the merchant installs again
    │   └── MissingScope           the app lacks a permission
    ├── FixSetup            our own configuration is wrong
    │   ├── ClientRejected      Zid does not know our client id or secret
    │   ├── KeyMissing          no key of TOKEN_KEYS opens this value
    │   ├── SchemaTooOld        run `wasl migrate`
    │   └── SettingInvalid      an environment variable is missing or wrong
    ├── Refused             Zid understood and said no: change the request
    │   ├── NotFound
    │   └── Invalid
    ├── BudgetSpent         a listing is longer than the pages allowed: go on at `token`
    ├── OutcomeUnknown      a write may or may not have happened: look before repeating it
    ├── Stale               somebody else moved first: read again
    │   ├── LostClaim           the lease ran out while we worked: commit nothing
    │   └── Conflict            rows changed under a batch: take the batch again
    └── Unreadable          data that cannot be understood; retrying does not help
        ├── SealBroken          a sealed value does not open or names another store
        └── UnknownShape        a body that no reader understands
"""

from __future__ import annotations


class WaslError(Exception):
    """Root of everything Wasl raises on purpose."""


class TryLater(WaslError):
    """Nothing is broken: do it again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(TryLater):
    """Zid's allowance of this store is used up."""


class Unavailable(TryLater):
    """A dependency does not answer; `dependency` names it."""

    def __init__(self, dependency: str, message: str = "", retry_after: float = 1.0) -> None:
        super().__init__(f"{dependency} does not answer{': ' + message if message else ''}", retry_after)
        self.dependency = dependency


class ServerFault(Unavailable):
    """The dependency did answer, with a fault of its own (5xx)."""


class RefreshInProgress(TryLater):
    """Another process renews the tokens and is slow."""


class AskMerchant(WaslError):
    """A person has to act at the store."""


class NeedsReauthorization(AskMerchant):
    """The store's tokens are spent or revoked: the merchant has to install again."""

    def __init__(self, store_id: int, reason: str) -> None:
        super().__init__(f"store {store_id} needs to be authorized again: {reason}")
        self.store_id = store_id
        self.reason = reason


class MissingScope(AskMerchant):
    """The app lacks a permission; `scope` is its name as Zid's documentation writes it."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"the app lacks the permission {scope!r}; tick it in the Partner Dashboard")
        self.scope = scope


class FixSetup(WaslError):
    """Our own configuration is wrong; no store is touched."""


class ClientRejected(FixSetup):
    """Zid does not know our client id or secret (ZID_CLIENT_ID, ZID_CLIENT_SECRET)."""


class KeyMissing(FixSetup):
    """No key of TOKEN_KEYS opens this value; `key_id` is the one it needs."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"TOKEN_KEYS holds no key with id {key_id}; put the old key back at the end of the list")
        self.key_id = key_id


class SchemaTooOld(FixSetup):
    """The database lacks migrations that this code needs; run `wasl migrate`."""

    def __init__(self, have: str | None, need: str) -> None:
        super().__init__(f"the database is at {have or 'no migration'}, this version needs {need}: run `wasl migrate`")
        self.have = have
        self.need = need


class SettingInvalid(FixSetup):
    """An environment variable is missing or wrong; `key` names it."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        self.problem = problem


class Refused(WaslError):
    """Zid understood the request and said no; `status`, `code` and `fields` are Zid's."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        fields: dict[str, list[str]] | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"Zid answered {status}: {message}")
        self.status = status
        self.message = message
        self.code = code
        self.fields = fields or {}
        self.request_id = request_id


class NotFound(Refused):
    """Zid has no such thing."""


class Invalid(Refused):
    """Zid found the request invalid; `fields` says where."""


class BudgetSpent(WaslError):
    """A listing is longer than the pages that were allowed for it; `token` is the place to go on at."""

    def __init__(self, token: str) -> None:
        super().__init__(f"the listing is longer than its page budget; go on at {token!r}")
        self.token = token


class OutcomeUnknown(WaslError):
    """A write may or may not have happened; `how_to_check` says how to find out. Never repeat it blindly."""

    def __init__(self, what: str, how_to_check: str) -> None:
        super().__init__(f"{what}: the answer was lost. {how_to_check}")
        self.how_to_check = how_to_check


class Stale(WaslError):
    """Somebody else moved first: read again."""


class LostClaim(Stale):
    """The lease ran out while we worked: nothing of this unit of work was committed."""


class Conflict(Stale):
    """Rows changed under a batch: take the batch again."""


class Unreadable(WaslError):
    """Data that cannot be understood; retrying does not help."""


class SealBroken(Unreadable):
    """A sealed value does not open, or names another store, install or generation than its row."""


class UnknownShape(Unreadable):
    """A body that no reader understands; `reason` is stored with the event."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
