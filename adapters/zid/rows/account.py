"""The account and its webhooks."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import nothing, one, read_document
from adapters.zid.encoding import Parts, as_json, asks
from adapters.zid.headers import Family
from adapters.zid.route import Route, Table
from adapters.zid.subscriptions import read_subscription, read_subscriptions
from core.domain.operations.account import (
    GetAppSubscription,
    GetProfile,
    RegisterEmbeddedToken,
    RevokeEmbeddedToken,
)
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks
from core.domain.results.settings import AppSubscription
from core.domain.stores import read_profile

PROFILE_PATH: Final = "/v1/managers/account/profile"
_WEBHOOKS: Final = "/v1/managers/webhooks"
_EMBEDDED: Final = "/v1/managers/embedded-apps-token"


def _webhook(wanted: CreateWebhook) -> Parts:
    """Credentials stand at the top level: nested ones are silently ignored by Zid. Conditions are left out."""
    return {
        "event": wanted.event,
        "target_url": wanted.target_url,
        "original_id": wanted.original_id,
        "username": wanted.username,
        "password": wanted.password.reveal(),
    }


ROWS: Final[Table] = MappingProxyType(
    {
        GetProfile: Route(
            "GET", Family.MANAGERS, PROFILE_PATH, read=lambda answer, _: read_profile(read_document(answer))
        ),
        ListWebhooks: Route(
            "GET", Family.MANAGERS, _WEBHOOKS, read=lambda answer, _: read_subscriptions(read_document(answer))
        ),
        CreateWebhook: Route(
            "POST",
            Family.MANAGERS,
            _WEBHOOKS,
            read=lambda answer, _: read_subscription(read_document(answer)),
            payload=as_json(_webhook),
            # A duplicate's answer is not documented (U6): everybody meets one of these.
            absent=frozenset({409, 422}),
        ),
        DeleteWebhooks: Route(
            "DELETE",
            Family.MANAGERS,
            _WEBHOOKS,
            read=nothing,
            query=asks("original_id"),
            absent=frozenset({404}),
        ),
        RegisterEmbeddedToken: Route(
            "POST",
            Family.MANAGERS,
            _EMBEDDED,
            nothing,
            payload=as_json(lambda wanted: {"token": wanted.token.reveal()}),
        ),
        RevokeEmbeddedToken: Route("DELETE", Family.MANAGERS, _EMBEDDED, nothing, absent=frozenset({404})),
        GetAppSubscription: Route(
            "GET", Family.MANAGERS, "/v1/market/app/subscription", one(AppSubscription.read), query=asks("app_id")
        ),
    }
)
