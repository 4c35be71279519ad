"""The one operation whose path is configured: it has no row in the table of routes."""

from __future__ import annotations

from typing import Final, TypeVar, cast

from adapters.zid.answers import nothing
from adapters.zid.encoding import as_json
from adapters.zid.headers import Family
from adapters.zid.route import Route
from adapters.zid.routes import route_of
from core.domain.operations.operation import Operation
from core.domain.recover_webhook import RecoverWebhook

R = TypeVar("R")


class _Configured(Route[RecoverWebhook, None]):
    """Asked for where the operation says."""

    __slots__ = ()

    def path(self, operation: RecoverWebhook) -> str:
        return operation.path


RECOVERY: Final = _Configured(
    "POST",
    Family.MANAGERS,
    "{path}",
    nothing,
    payload=as_json(lambda wanted: {"id": wanted.webhook_id, "target_url": wanted.target_url}),
)


def any_route_of(operation: Operation[R]) -> Route[Operation[R], R]:
    """The row of an operation, the configured one included."""
    if isinstance(operation, RecoverWebhook):
        return cast("Route[Operation[R], R]", RECOVERY)
    return route_of(operation)
