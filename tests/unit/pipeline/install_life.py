"""One store's whole life over memory adapters: everything that Wasl does to it, each in a task of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from uuid import UUID

from adapters.memory.backfills import MemoryBackfills
from adapters.memory.database import MemoryDatabase
from adapters.memory.event_batches import MemoryEventLedger
from adapters.memory.inbox import MemoryInbox
from adapters.memory.installations import MemoryInstallations
from adapters.memory.ledger_reading import MemoryLedgerReader
from adapters.memory.runs import MemoryRunLedger
from adapters.memory.sealing import ReversibleSealer
from adapters.memory.system import SeededChance
from adapters.memory.work_index import RecordingAnnouncer
from adapters.memory.zid_gateway import ScriptedGateway
from core.domain.events import Delivery, dedupe_key
from core.domain.operations.carts import ListCarts
from core.domain.operations.categories import ListCategories
from core.domain.operations.customers import ListCustomers
from core.domain.operations.orders import ListOrders
from core.domain.operations.products import ListProducts
from core.domain.paging import Page
from core.domain.stores import LIVE, Install
from core.features.backfill import ReadBackfills
from core.features.consume_event import ConsumeEvents
from core.features.event_handlers import Context, Event, Handlers
from core.features.event_handlers.registry import Handler
from core.features.handler_calls import HandlerCalls
from core.features.install_store import Callback, InstallStore
from core.features.refresh_tokens import RefreshTokens
from core.features.run_handlers import RunHandlers
from core.features.subscribe_webhooks import SubscribeWebhooks
from core.features.uninstall_store import UninstallStore
from core.ids import Entity, EntityKind, EventId, InstallId, WorkerId
from entrypoints.limits import within
from tests.unit.pipeline.conftest import SilentLog, describe
from tests.unit.pipeline.gates import Gated, GatedClock, GatedLedger, Gates
from tests.unit.pipeline.test_read_backfills import order
from tests.unit.zid.oauth_model import STORE
from tests.unit.zid.subscribing_world import SubscribingWorld


class FencingInstallations(MemoryInstallations):
    """Knows which installs' ends are complete: what takes a moment here is one transaction in Postgres."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database, ReversibleSealer())
        self.fenced: set[InstallId] = set()

    async def _end(self, install: Install) -> int:
        cancelled = await super()._end(install)
        self.fenced.add(install.install_id)
        return cancelled


class Life(SubscribingWorld):
    """The store, Zid, and what may be begun at any moment. `known` are its installs so far, oldest first."""

    def __init__(self, gates: Gates) -> None:
        super().__init__(clock=GatedClock(gates))
        self.gates = gates
        self.fencing = self.installations = FencingInstallations(self.database)
        self.zid.turn = gates.turn
        self.webhooks.before = self._before_webhooks
        self.inbox = MemoryInbox(self.database)
        self.reader = MemoryLedgerReader(self.database)
        self.runs = MemoryRunLedger(self.database)
        self.handlers = Handlers((Handler("ship", "order.create", self.ship),))
        self.zid_lists = self._lists()
        self._numbers = count(1)

    @property
    def known(self) -> list[Install]:
        return sorted(self.database.installs.values(), key=lambda install: install.epoch)

    async def _before_webhooks(self, _: object) -> None:
        await self.gates.turn()

    def _gated(self, port: object) -> object:
        return Gated(port, self.gates)

    def _lists(self) -> ScriptedGateway:
        gateway = ScriptedGateway()
        gateway.on(ListOrders, Page([order(number) for number in range(3)], None, 3))
        for listing in (ListProducts, ListCustomers, ListCategories, ListCarts):
            gateway.on(listing, Page([], None, 0))  # type: ignore[type-abstract,arg-type]  # empty, whatever it lists
        return gateway

    # What may be begun

    async def installing(self) -> object:
        """A click, the consent, and the callback; Zid gives new tokens, which ends those before."""
        feature: InstallStore = replace(
            self.installer(),
            installations=self._gated(self.installations),
            backfills=self._gated(MemoryBackfills(self.database)),
            webhooks=self._subscribing(),
        )
        started = await feature.start()
        return await feature.finish(Callback(code="good", state=started.state, binding=started.binding))

    async def uninstalled(self) -> None:
        """The merchant removes the app: Zid kills the tokens."""
        self.zid.uninstalled = True

    async def hinted(self) -> object:
        return await self._ending().on_hint(STORE)

    async def revoked(self) -> object:
        return await self._ending().revoke(STORE, actor="key:ops")

    async def renewed(self) -> object:
        seen = await self.vault.open(STORE)
        return await self._refreshing().renew(seen) if seen else None

    async def delivered(self, install_id: InstallId) -> object:
        """A webhook of one of the installs there ever were."""
        number = next(self._numbers)
        body = json.dumps({"id": number, "updated_at": "2026-01-01 10:00:00", "order_status": {"code": "new"}}).encode()
        delivery = Delivery(
            event_id=self.ids.event_id(),
            store_id=STORE,
            install_id=install_id,
            topic="order.create",
            body=body,
            received_at=self.clock.now(),
            dedupe_key=dedupe_key(STORE, install_id, "order.create", body),
            keep_for=timedelta(days=3),
            entity=Entity(EntityKind.ORDER, str(number % 3)),
        )
        return await Gated(self.inbox, self.gates).accept(delivery)

    async def consumed(self) -> object:
        ledger = MemoryEventLedger(self.database)
        backlog = await ledger.backlog(limit=100)
        feature = ConsumeEvents(
            ledger=GatedLedger(ledger, self.gates),  # type: ignore[arg-type]  # the rest is passed on
            handlers=self.handlers,
            clock=self.clock,
            chance=SeededChance(),
            ids=self.ids,
            decode=json.loads,
            describe=describe,
        )
        return await feature.consume([EventId(UUID(item.id)) for item in backlog if item.kind == "event"], limit=100)

    async def handled(self) -> object:
        """What can be claimed is claimed, then handled one after the other."""
        backlog = await MemoryEventLedger(self.database).backlog(limit=100)
        claimed = await self.runs.claim([int(item.id) for item in backlog if item.kind == "run"], self._lease())
        calls = HandlerCalls(
            gateway=ScriptedGateway(),
            clock=self.clock,
            within=within,
            decode=json.loads,
            describe=describe,
            log_for=lambda _: SilentLog(),
        )
        runner = RunHandlers(
            runs=self.runs, handlers=self.handlers, calls=calls, clock=self.clock, chance=SeededChance()
        )
        for run in claimed:
            await self.gates.turn()
            await runner.handle(run)
        return len(claimed)

    async def filled(self) -> object:
        """One backfill's turn."""
        worker = self._lease()
        feature = ReadBackfills(
            backfills=self._gated(MemoryBackfills(self.database)),  # type: ignore[arg-type]
            gateway=self._gated(self.zid_lists),  # type: ignore[arg-type]
            inbox=self._gated(self.inbox),  # type: ignore[arg-type]
            announcer=RecordingAnnouncer(),
            clock=self.clock,
            chance=SeededChance(),
            ids=self.ids,
            encode=lambda value: json.dumps(value).encode(),
            worker=lambda: worker,
        )
        claim = await feature.claim()
        return await feature.read(claim) if claim else None

    async def ship(self, event: Event, ctx: Context) -> None:
        """An app's handler: its effect is what must not happen for an install that is over."""
        await self.gates.turn()
        async with ctx.unit_of_work as database:
            await self.gates.turn()
            await database.execute("ship", EventId(event.id))
            await self.gates.turn()

    def _refreshing(self) -> RefreshTokens:
        return replace(
            self.refresher(self._lease()),
            vault=self._gated(self.vault),
            book=self._gated(self.book),
            installations=self._gated(self.installations),
        )

    def _ending(self) -> UninstallStore:
        worker = self._lease()
        return replace(
            self.uninstaller(),
            installations=self._gated(self.installations),
            vault=self._gated(self.vault),
            book=self._gated(self.book),
            tokens=self._refreshing(),
            webhooks=self._subscribing(),
            worker=lambda: worker,
        )

    def _subscribing(self) -> SubscribeWebhooks:
        return replace(self.feature(), installations=self._gated(self.installations))

    def _lease(self) -> WorkerId:
        return self.worker(next(self._numbers))

    # What must hold

    def live(self) -> set[InstallId]:
        return {install.install_id for install in self.known if install.state in LIVE}
