"""The event pipeline over memory adapters, with a handful of verbs for tests."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.memory.database import MemoryDatabase
from adapters.memory.event_batches import MemoryEventLedger
from adapters.memory.gap_notes import MemoryGapNotes
from adapters.memory.gaps import MemoryGaps
from adapters.memory.inbox import MemoryInbox
from adapters.memory.installations import MemoryInstallations
from adapters.memory.ledger_reading import MemoryLedgerReader
from adapters.memory.maintenance import MemoryMaintenance
from adapters.memory.runs import MemoryRunLedger
from adapters.memory.sealing import ReversibleSealer
from adapters.memory.system import ManualClock, SeededChance, SequentialIds
from adapters.memory.work_index import RecordingAnnouncer
from adapters.memory.workers import MemoryWorkers
from adapters.memory.zid_gateway import ScriptedGateway
from core.domain.audit import AuditEntry
from core.domain.events import ClaimedRun, Failure
from core.domain.secret import Secret
from core.domain.stores import Install, StoreIdentity
from core.domain.tokens import Tokens
from core.domain.webhook_address import USERNAME, Addressee, install_token, password
from core.features.consume_event import Consumed, ConsumeEvents
from core.features.event_handlers import Handlers
from core.features.event_handlers.registry import Handler
from core.features.handler_calls import HandlerCalls
from core.features.ingest_webhook import IncomingWebhook, IngestWebhook, NotOurs, Received, WrongCredentials
from core.features.note_gaps import NoteGaps
from core.features.run_handlers import Handled, RunHandlers
from core.ids import EventId, InstallId, StoreId, WorkerId
from entrypoints.limits import within

SECRET = Secret("webhook-secret-for-tests-only-0123456789")
STORE = StoreId(1001)


def describe(error: BaseException) -> Failure:
    return Failure(type(error).__name__, str(error))


class SilentLog:
    def debug(self, event: str, **fields: object) -> None: ...
    def info(self, event: str, **fields: object) -> None: ...
    def warning(self, event: str, **fields: object) -> None: ...
    def error(self, event: str, **fields: object) -> None: ...


@dataclass
class Pipeline:
    """One installed store and everything that handles its events."""

    handlers: Handlers = field(default_factory=Handlers)
    clock: ManualClock = field(default_factory=ManualClock)
    gateway: ScriptedGateway = field(default_factory=ScriptedGateway)
    announcer: RecordingAnnouncer = field(default_factory=RecordingAnnouncer)

    def __post_init__(self) -> None:
        self.ids = SequentialIds()
        self.database = MemoryDatabase(self.clock)
        self.installations = MemoryInstallations(self.database, ReversibleSealer())
        self.reader = MemoryLedgerReader(self.database)
        self.runs = MemoryRunLedger(self.database)
        self.workers = MemoryWorkers(self.database)
        self.maintenance = MemoryMaintenance(self.database)
        self.ledger = MemoryEventLedger(self.database)
        self.ingest = IngestWebhook(
            inbox=MemoryInbox(self.database),
            announcer=self.announcer,
            clock=self.clock,
            ids=self.ids,
            secrets=(SECRET,),
            dedupe_days=3,
            decode=json.loads,
            gaps=NoteGaps(gaps=MemoryGaps(self.database), notes=MemoryGapNotes({}), clock=self.clock),
        )
        self.consumer = ConsumeEvents(
            ledger=self.ledger,
            handlers=self.handlers,
            clock=self.clock,
            chance=SeededChance(),
            ids=self.ids,
            decode=json.loads,
            describe=describe,
        )
        self.calls = HandlerCalls(
            gateway=self.gateway,
            clock=self.clock,
            within=within,
            decode=json.loads,
            describe=describe,
            log_for=lambda _: SilentLog(),
        )
        self.runner = RunHandlers(
            runs=self.runs,
            handlers=self.handlers,
            calls=self.calls,
            clock=self.clock,
            chance=SeededChance(),
        )

    async def install(self, store_id: StoreId = STORE) -> Install:
        secret = Secret("token")
        now = self.clock.now()
        return await self.installations.activate(
            StoreIdentity(store_id, None, "Test", None, "SAR"),
            self.ids.install_id(),
            Tokens(secret, secret, secret, now + timedelta(days=365)),
            refresh_at=now + timedelta(days=300),
            audit=AuditEntry("store.installed", store_id),
        )

    async def receive(
        self, install: Install, topic: str, body: object, **changed: object
    ) -> Received | NotOurs | WrongCredentials:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        addressee = Addressee(install.store_id, install.install_id)
        given = {
            "install_token": install_token(SECRET, addressee),
            "topic": topic,
            "authorization": basic(addressee),
            "body": raw,
            **changed,
        }
        return await self.ingest.receive(IncomingWebhook(**given))  # type: ignore[arg-type]

    async def consume(self, ids: Sequence[EventId], limit: int = 1000) -> Consumed:
        return await self.consumer.consume(ids, limit=limit)

    async def consume_all(self) -> Consumed:
        backlog = await self.ledger.backlog(limit=10_000)
        return await self.consume([EventId(UUID(item.id)) for item in backlog if item.kind == "event"])

    async def claim_all(self, worker: WorkerId) -> Sequence[ClaimedRun]:
        backlog = await self.ledger.backlog(limit=10_000)
        return await self.runs.claim([int(item.id) for item in backlog if item.kind == "run"], worker)

    async def run_all(self, worker: WorkerId) -> list[Handled]:
        """Runs what can be claimed, lane by lane, until nothing can."""
        handled: list[Handled] = []
        while claimed := await self.claim_all(worker):
            handled += [await self.runner.handle(run) for run in claimed]
        return handled


def basic(addressee: Addressee, name: str = USERNAME) -> str:
    return "Basic " + b64encode(f"{name}:{password(SECRET, addressee).reveal()}".encode()).decode()


@pytest.fixture
def pipeline() -> Callable[..., Pipeline]:
    def build(*handlers: Handler) -> Pipeline:
        return Pipeline(Handlers(handlers))

    return build


__all__ = ["STORE", "InstallId", "Pipeline", "basic"]
