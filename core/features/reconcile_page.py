"""One page of a reconciliation: what is asked, and what its rows mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.documents import Document
from core.domain.entities.catalogue import READERS, unwrap
from core.domain.event_states import Origin
from core.domain.events import SHORT_DEDUPE, Delivery, dedupe_key
from core.domain.operations.carts import GetCart
from core.domain.operations.categories import GetCategory
from core.domain.operations.customers import GetCustomer
from core.domain.operations.operation import Operation
from core.domain.operations.orders import GetOrder, ListOrders, OrderDate
from core.domain.operations.products import GetProduct, ListProducts, ProductOrdering
from core.domain.paging import Page, Place
from core.domain.reconcile_plan import Scan, Span
from core.domain.reconcile_rows import Found, Mirrored, Verdict, compare, row_hash
from core.domain.reconciliation import ReconciliationClaim
from core.domain.topics import GONE_TOPICS, ZID_TOPICS
from core.errors import UnknownShape
from core.features.listed_rows import PER_PAGE, Row, listing
from core.ids import Entity, EntityKind
from core.ports.system import Ids


@dataclass(frozen=True, slots=True)
class Compared:
    """A page's rows: what to enter, what to remember, what to count."""

    deliveries: Sequence[Delivery]
    seen: dict[str, bytes | None]
    missed: Sequence[str]
    caught_up: int
    unreadable: int
    oldest: datetime | None


class Sieve:
    """Rows as they are compared one by one. What changed after `settled_before` is left to its webhook."""

    def __init__(
        self,
        claim: ReconciliationClaim,
        ids: Ids,
        encode: Callable[[object], bytes],
        asked_at: datetime,
        settled_before: datetime | None,
    ) -> None:
        self._claim = claim
        self._ids = ids
        self._encode = encode
        self._asked_at = asked_at
        self._settled_before = settled_before
        self._deliveries: list[Delivery] = []
        self._seen: dict[str, bytes | None] = {}
        self._missed: list[str] = []
        self._caught_up = 0
        self._unreadable = 0
        self._versions: list[datetime] = []

    def add(self, entity: Entity, row: Document, mirrored: Mirrored) -> None:
        body = self._encode(row)
        try:
            verdict = self._judge(entity, row, body, mirrored)
        except UnknownShape:
            self._unreadable += 1
            self._seen[entity.id] = None
            return
        self._deliveries += [self._delivery(topic, entity, body) for topic in verdict.topics]
        self._seen[entity.id] = row_hash(body)
        if verdict.found is Found.MISSED:
            self._missed += verdict.topics
        self._caught_up += verdict.found is Found.CATCH_UP

    def gone(self, entity: Entity) -> Compared:
        """Zid has it no more."""
        topic = GONE_TOPICS[entity.kind].name
        delivery = self._delivery(topic, entity, self._encode({"id": entity.id}))
        missed = [topic] if topic in ZID_TOPICS else []
        return Compared([delivery], {entity.id: None}, missed, 0 if missed else 1, 0, None)

    def compared(self, *, unreadable: int) -> Compared:
        return Compared(
            self._deliveries,
            self._seen,
            self._missed,
            self._caught_up,
            self._unreadable + unreadable,
            min(self._versions, default=None),
        )

    def _judge(self, entity: Entity, row: Document, body: bytes, mirrored: Mirrored) -> Verdict:
        reading = READERS[entity.kind](unwrap(entity.kind, row))
        if reading.version is not None:
            self._versions.append(reading.version)
        return compare(entity.kind, reading, row_hash(body), mirrored, settled_before=self._settled_before)

    def _delivery(self, topic: str, entity: Entity, body: bytes) -> Delivery:
        """A repeat is recognised within one reconciliation: a page that is read once more says nothing new."""
        claim = self._claim
        name = f"{topic}\0{claim.reconciliation_id}"
        return Delivery(
            event_id=self._ids.event_id(),
            store_id=claim.store_id,
            install_id=claim.install_id,
            topic=topic,
            body=body,
            received_at=self._asked_at,
            dedupe_key=dedupe_key(claim.store_id, claim.install_id, name, body),
            keep_for=SHORT_DEDUPE,
            entity=entity,
            origin=Origin.SYNTHETIC,
        )


def question(span: Span, at: Place) -> Operation[Page[Row]]:
    """One page of a span's list. Orders by their last change and whole, products latest changed first."""
    match span.kind, span.scan:
        case EntityKind.ORDER, Scan.WINDOW:
            return ListOrders(
                at=at,
                per_page=PER_PAGE,
                date_attribute=OrderDate.UPDATED,
                date_from=span.since,
                date_to=span.until,
            )
        case EntityKind.PRODUCT, Scan.DOWN_TO:
            return ListProducts(at=at, per_page=ListProducts.most_per_page, ordering=ProductOrdering.LAST_UPDATED)
        case _:
            return listing(span.kind, at)


def single(entity: Entity) -> Operation[Row]:
    """The question whether one thing is still there."""
    match entity.kind:
        case EntityKind.CATEGORY:
            return GetCategory(entity.id)
        case EntityKind.PRODUCT:
            return GetProduct(entity.id)
        case EntityKind.CUSTOMER:
            return GetCustomer(entity.id)
        case EntityKind.ORDER:
            return GetOrder(entity.id)
        case EntityKind.CART:
            return GetCart(entity.id)
        case EntityKind.STORE:
            raise ValueError("a store is no row of a list")
