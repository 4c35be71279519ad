"""Rows of Zid's lists: how each kind is listed, what a page holds, and how its rows enter the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from core.domain.documents import Document
from core.domain.entities.catalogue import recognise
from core.domain.event_states import EventState
from core.domain.events import Delivery, Receipt, WorkItem, WorkKind
from core.domain.operations.carts import ListCarts
from core.domain.operations.categories import ListCategories
from core.domain.operations.customers import ListCustomers
from core.domain.operations.operation import Operation
from core.domain.operations.orders import ListOrders
from core.domain.operations.products import ListProducts
from core.domain.paging import START, Page, Place
from core.domain.results.category import Category
from core.errors import UnknownShape
from core.ids import Entity, EntityKind
from core.ports.event_ledger import BulkInbox
from core.ports.work_index import Announcer

PER_PAGE: Final = 100


class Row(Protocol):
    """What every listed thing keeps: Zid's own JSON."""

    @property
    def raw(self) -> Document: ...


def listing(kind: EntityKind, at: Place) -> Operation[Page[Row]]:
    """The question that one page of a kind is the answer to. Products come 50 at a time (X31), orders whole."""
    match kind:
        case EntityKind.CATEGORY:
            return ListCategories()
        case EntityKind.PRODUCT:
            return ListProducts(at=at, per_page=ListProducts.most_per_page)
        case EntityKind.CUSTOMER:
            return ListCustomers(at=at, per_page=PER_PAGE)
        case EntityKind.ORDER:
            return ListOrders(at=at, per_page=PER_PAGE)
        case EntityKind.CART:
            return ListCarts(at=at, per_page=PER_PAGE)
        case EntityKind.STORE:
            raise ValueError("Zid has no list of stores")


def documents(page: Page[Row]) -> Iterator[Document]:
    """Zid's JSON of every row, and of what stands inside rows: categories hold those below them."""
    rows = deque(page.items)
    while rows:
        row = rows.popleft()
        yield row.raw
        if isinstance(row, Category):
            rows.extendleft(reversed(row.below))


def recognised(kind: EntityKind, document: Document) -> tuple[Entity | None, str | None]:
    """What the row is about, or why nobody can tell."""
    try:
        return recognise(kind, document), None
    except UnknownShape as error:
        return None, error.reason


def place_of(token: str | None) -> Place:
    """Where reading was left; at the start when another release wrote the token otherwise."""
    try:
        return Place.parse(token) if token else START
    except UnknownShape:
        return START


async def enter(inbox: BulkInbox, announcer: Announcer, deliveries: Sequence[Delivery]) -> Sequence[Receipt]:
    """Every row in the ledger, and what is new there announced; what became of each."""
    receipts = await inbox.accept_all(deliveries)
    accepted = [one for one, receipt in zip(deliveries, receipts, strict=True) if receipt is Receipt.ACCEPTED]
    queued = [one for one in accepted if one.state is EventState.QUEUED]
    announcer.announce([WorkItem(WorkKind.EVENT, str(one.event_id), one.store_id) for one in queued])
    return receipts
