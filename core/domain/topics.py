"""Every topic an app can listen to: Zid's own, and the ones Wasl derives from them; and those of rows it read itself.

Zid's list: docs.zid.sa, page "webhooks" (16 events). Zid's payloads say what an
entity is, never what happened; derived topics say what happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from core.domain.app_events import APP_EVENTS
from core.domain.backfill import BACKFILLED
from core.ids import EntityKind


@dataclass(frozen=True, slots=True)
class Topic:
    """One of Zid's webhook events, or what Wasl calls a row that it read itself.

    `quiet` topics fill the mirror and tell nobody: only a first sight is told, to those who asked for snapshots.
    """

    name: str
    kind: EntityKind
    deletes: bool = False
    mirrored: bool = True
    quiet: bool = False


ZID_TOPICS: Final[Mapping[str, Topic]] = MappingProxyType(
    {
        topic.name: topic
        for topic in (
            Topic("order.create", EntityKind.ORDER),
            Topic("order.status.update", EntityKind.ORDER),
            Topic("order.payment_status.update", EntityKind.ORDER),
            Topic("product.create", EntityKind.PRODUCT),
            Topic("product.update", EntityKind.PRODUCT),
            Topic("product.publish", EntityKind.PRODUCT),
            Topic("product.delete", EntityKind.PRODUCT, deletes=True),
            Topic("abandoned_cart.created", EntityKind.CART),
            Topic("abandoned_cart.completed", EntityKind.CART),
            Topic("customer.create", EntityKind.CUSTOMER),
            Topic("customer.update", EntityKind.CUSTOMER),
            Topic("customer.merchant.update", EntityKind.CUSTOMER),
            # A login says nothing new about the customer: it is handed on, not mirrored.
            Topic("customer.login", EntityKind.CUSTOMER, mirrored=False),
            Topic("category.create", EntityKind.CATEGORY),
            Topic("category.update", EntityKind.CATEGORY),
            Topic("category.delete", EntityKind.CATEGORY, deletes=True),
        )
    }
)

BACKFILL_TOPICS: Final[Mapping[EntityKind, Topic]] = MappingProxyType(
    {kind: Topic(f"backfill.{kind}", kind, quiet=True) for kind in BACKFILLED}
)
"""What a row read by a backfill is called in the ledger. No handler can be registered for these."""

RECONCILED_TOPICS: Final[Mapping[EntityKind, Topic]] = MappingProxyType(
    {kind: Topic(f"reconcile.{kind}", kind) for kind in BACKFILLED}
)
"""What a row found by reconciliation is called where no webhook of Zid's would have told of it."""

GONE_TOPICS: Final[Mapping[EntityKind, Topic]] = MappingProxyType(
    {kind: ZID_TOPICS.get(f"{kind}.delete", Topic(f"reconcile.{kind}.gone", kind, deletes=True)) for kind in BACKFILLED}
)
"""What is told of a row that Zid has no more: Zid's own event where there is one."""

_LEDGER_TOPICS: Final[Mapping[str, Topic]] = MappingProxyType(
    {
        **{
            topic.name: topic
            for topics in (BACKFILL_TOPICS, RECONCILED_TOPICS, GONE_TOPICS)
            for topic in topics.values()
        },
        **ZID_TOPICS,
    }
)

_ORDER_SOURCES: Final = ("order.create", "order.status.update", "order.payment_status.update")
_PRODUCT_SOURCES: Final = ("product.create", "product.update", "product.publish", "product.delete")

DERIVED_SOURCES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "order.status_changed": _ORDER_SOURCES,
        "payment.pending": _ORDER_SOURCES,
        "payment.paid": _ORDER_SOURCES,
        "payment.refunded": _ORDER_SOURCES,
        "payment.voided": _ORDER_SOURCES,
        "inventory.changed": _PRODUCT_SOURCES,
        "product.price_changed": _PRODUCT_SOURCES,
    }
)

ALWAYS_SUBSCRIBED: Final = tuple(topic.name for topic in ZID_TOPICS.values() if topic.mirrored)
"""What the mirror needs, whether or not an app listens."""


def mirrored_topic(name: str) -> Topic | None:
    """The topic whose events go into the mirror; None for one that does not, or that nobody knows."""
    topic = _LEDGER_TOPICS.get(name)
    return topic if topic and topic.mirrored else None


def is_known(name: str) -> bool:
    """Whether a handler may be registered for this topic."""
    return name in ZID_TOPICS or name in DERIVED_SOURCES or name in APP_EVENTS


def subscriptions_for(handled: Iterable[str]) -> tuple[str, ...]:
    """Zid's events to subscribe so that the mirror and these handlers' topics are served, sorted.

    App events are none of them: they are configured in the Partner Dashboard.
    """
    wanted = set(ALWAYS_SUBSCRIBED)
    for name in handled:
        if name in APP_EVENTS:
            continue
        wanted.update(DERIVED_SOURCES.get(name, (name,)))
    return tuple(sorted(wanted))


def entity_kind(name: str) -> EntityKind:
    """What an event of this topic is about."""
    if name in APP_EVENTS:
        return EntityKind.STORE
    if name in _LEDGER_TOPICS:
        return _LEDGER_TOPICS[name].kind
    return ZID_TOPICS[DERIVED_SOURCES[name][0]].kind
