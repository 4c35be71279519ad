"""The pipeline with one installed store, Zid's lists scripted, and the features that compare."""

from __future__ import annotations

import json
from datetime import timedelta

from adapters.memory.audit_trail import MemoryAuditTrail
from adapters.memory.backfills import MemoryBackfills
from adapters.memory.gaps import MemoryGaps
from adapters.memory.guards import MemoryLocks
from adapters.memory.inbox import MemoryInbox
from adapters.memory.reconciliations import MemoryComparison, MemoryReconciliations
from adapters.memory.system import SeededChance
from adapters.memory.webhook_checks import MemoryWebhookChecks
from core.domain.documents import Document
from core.domain.event_states import Origin
from core.domain.operations.carts import ListCarts
from core.domain.operations.categories import ListCategories
from core.domain.operations.customers import ListCustomers
from core.domain.operations.operation import Operation
from core.domain.operations.orders import ListOrders
from core.domain.operations.products import ListProducts
from core.domain.operations.webhooks import ListWebhooks
from core.domain.paging import Page, Place
from core.domain.reconciliation import ReconciliationStatus
from core.domain.results.order import Order
from core.domain.stores import Install
from core.features.check_webhooks import CheckWebhooks
from core.features.reconcile import Reconcile, ReconcileTurn
from core.features.reconcile_requests import (
    AskForReconciliation,
    PlanReconciliation,
    ReconcilePolicy,
    ReconciliationRefused,
)
from core.features.subscribe_webhooks import SubscribeWebhooks, WebhookTarget
from core.ids import WorkerId
from core.ports.ledger_reading import EventFilter
from tests.unit.pipeline.conftest import SECRET, STORE, Pipeline

EMPTY: Page[object] = Page((), None, 0)


class Reconciled:
    """The pipeline with one installed store, Zid's lists scripted, and the features that compare."""

    install: Install

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline, self.gateway, self.database = pipeline, pipeline.gateway, pipeline.database
        self.gaps = MemoryGaps(self.database)
        self.reconciliations = MemoryReconciliations(self.database)
        self.comparison = MemoryComparison(self.database)
        subscribe = SubscribeWebhooks(
            gateway=self.gateway,
            installations=pipeline.installations,
            locks=MemoryLocks(),
            trail=MemoryAuditTrail(self.database),
            target=WebhookTarget("https://wasl.example", "7367", (SECRET,)),
            gaps=self.gaps,
            clock=pipeline.clock,
        )
        self.webhooks = CheckWebhooks(
            subscribe=subscribe,
            gateway=self.gateway,
            installations=pipeline.installations,
            checks=MemoryWebhookChecks(self.database),
            gaps=self.gaps,
            clock=pipeline.clock,
            chance=SeededChance(),
            topics=(),
            every=timedelta(minutes=15),
            recover_path="",
        )
        self.planning = PlanReconciliation(
            comparison=self.comparison,
            gaps=self.gaps,
            clock=pipeline.clock,
            policy=ReconcilePolicy(),
            webhook_calls=7,
        )
        self.ask = AskForReconciliation(
            reconciliations=self.reconciliations,
            planning=self.planning,
            gaps=self.gaps,
            installations=pipeline.installations,
        )
        self.worker: WorkerId | None = None
        self.gateway.on(ListWebhooks, [])
        for listing in (ListCategories, ListProducts, ListCustomers, ListOrders, ListCarts):
            self.gateway.on(listing, EMPTY)  # type: ignore[type-abstract, arg-type]  # each answers with a page

    async def ready(self) -> Reconciled:
        """Installed an hour ago, nothing to backfill."""
        self.install = await self.pipeline.install()
        self.database.backfills.clear()
        self.pipeline.clock.advance(3600)
        return self

    def reader(self) -> Reconcile:
        return Reconcile(
            reconciliations=self.reconciliations,
            comparison=self.comparison,
            planning=self.planning,
            webhooks=self.webhooks,
            gaps=self.gaps,
            installations=self.pipeline.installations,
            backfills=MemoryBackfills(self.database),
            gateway=self.gateway,
            inbox=MemoryInbox(self.database),
            announcer=self.pipeline.announcer,
            clock=self.pipeline.clock,
            chance=SeededChance(),
            ids=self.pipeline.ids,
            encode=lambda value: json.dumps(value).encode(),
            worker=self._worker,
        )

    def _worker(self) -> WorkerId:
        assert self.worker is not None
        return self.worker

    async def turn(self) -> ReconcileTurn:
        """By a worker of its own, whose lease is fresh."""
        self.worker = await self.pipeline.workers.join("scheduler")
        claim = await self.reader().claim()
        assert claim is not None
        return await self.reader().read(claim)

    async def reconcile(self) -> ReconciliationStatus:
        """Asked for, read to its end, and through the mirror and the handlers."""
        assert not isinstance(await self.ask.request(STORE), ReconciliationRefused)
        while (turn := await self.turn()).decided is not None:
            self.pipeline.clock.advance(turn.decided.wait.total_seconds())
        await self.settle()
        return await self.newest()

    async def newest(self) -> ReconciliationStatus:
        return (await self.ask.history(STORE))[0]

    async def settle(self) -> None:
        await self.pipeline.consume_all()
        await self.pipeline.run_all(await self.pipeline.workers.join("consumer"))

    async def entered(self) -> list[tuple[str, str | None]]:
        """Synthetic events, oldest first."""
        found = await self.pipeline.reader.events(EventFilter(origin=Origin.SYNTHETIC), limit=100)
        return [(one.topic, one.entity_id) for one in reversed(found)]

    async def tell(self, topic: str, document: Document) -> None:
        await self.pipeline.receive(self.install, topic, document)
        await self.settle()

    def orders(self, *rows: Document, pages: int = 1) -> None:
        """Zid's list of orders, cut into pages of equal length."""
        size = max(1, -(-len(rows) // pages))

        def answer(asked: Operation[object]) -> Page[Order]:
            assert isinstance(asked, ListOrders)
            start = (asked.at.page - 1) * size
            found = rows[start : start + size]
            more = start + size < len(rows)
            place = Place(asked.at.page + 1, start + size) if more else None
            return Page([Order.read(row) for row in found], place, len(rows))

        self.gateway.on(ListOrders, answer)


def order(number: int, status: str = "new", minute: int = 0, **more: object) -> Document:
    return {
        "id": number,
        "order_status": {"code": status},
        "payment_status": "pending",
        "created_at": "2025-12-31 10:00:00",
        "updated_at": f"2025-12-31 10:{minute:02}:00",
        **more,
    }
