"""What the ledger's tests say in one line: a store, a delivery, a batch, a run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core.domain.audit import AuditEntry
from core.domain.event_states import EventState, Origin
from core.domain.events import (
    BatchResult,
    ClaimedRun,
    Delivery,
    DerivedEvent,
    Receipt,
    SettledEvent,
    Settlement,
    WorkItem,
    WorkKind,
    dedupe_key,
)
from core.domain.secret import Secret
from core.domain.stores import Install, StoreIdentity
from core.domain.tokens import Tokens
from core.ids import Entity, EntityKind, EventId, InstallId, StoreId, WorkerId
from core.ports.ledger_reading import EventDetail, EventFilter
from tests.contract.worlds import STORE, LedgerWorld

EVERYTHING = EventFilter()
DONE = Settlement(EventState.DONE)
DEAD = Settlement(EventState.DEAD, reason="gave up")


def audit(action: str = "test.acted", store_id: StoreId = STORE, install_id: InstallId | None = None) -> AuditEntry:
    return AuditEntry(action, store_id, install_id, actor="tester")


def identity(store_id: StoreId = STORE, title: str = "متجر") -> StoreIdentity:
    return StoreIdentity(store_id, f"uuid-{store_id}", title, None, "SAR")


def order(number: int) -> Entity:
    return Entity(EntityKind.ORDER, str(number))


def tokens(world: LedgerWorld, name: str = "first") -> Tokens:
    authorization, manager, refresh = (Secret(f"{name}-{kind}") for kind in ("authorization", "manager", "refresh"))
    return Tokens(authorization, manager, refresh, world.now() + timedelta(days=365))


async def install(world: LedgerWorld, store_id: StoreId = STORE) -> Install:
    install_id = InstallId(next(world.numbers))
    return await world.installations.activate(
        identity(store_id),
        install_id,
        tokens(world),
        refresh_at=world.now() + timedelta(days=300),
        audit=audit("store.installed", store_id, install_id),
    )


def delivery(world: LedgerWorld, live: Install, entity: Entity, body: bytes | None = None) -> Delivery:
    event_id = world.ids.event_id()
    content = body if body is not None else event_id.bytes
    return Delivery(
        event_id=event_id,
        store_id=live.store_id,
        install_id=live.install_id,
        topic="order.create",
        body=content,
        received_at=world.now(),
        dedupe_key=dedupe_key(live.store_id, live.install_id, "order.create", content),
        keep_for=timedelta(days=3),
        entity=entity,
    )


def dead_on_arrival(world: LedgerWorld, live: Install) -> Delivery:
    given = delivery(world, live, order(0))
    return replace(given, entity=None, state=EventState.DEAD, reason="unknown topic", topic="no.such")


async def queued(world: LedgerWorld, live: Install, *orders: int) -> list[EventId]:
    """One accepted event per order number, in this order."""
    ids = []
    for number in orders:
        given = delivery(world, live, order(number))
        assert await world.inbox.accept(given) is Receipt.ACCEPTED
        ids.append(given.event_id)
    return ids


async def through_the_mirror(
    world: LedgerWorld, ids: Sequence[EventId], *handlers: str, derived: Sequence[tuple[str, ...]] = ()
) -> list[WorkItem]:
    """Settles these events in one batch; each gets these handlers, the first also the derived events' parents."""
    async with world.events.open_batch(ids, limit=len(ids)) as batch:
        assert [event.event_id for event in batch.events] == list(ids)
        found = [
            DerivedEvent(
                world.ids.event_id(), batch.events[0], "payment.paid", batch.events[0].entity, {"old": None}, names
            )
            for names in derived
        ]
        settled = [SettledEvent(event_id, handlers) for event_id in ids]
        return list(await batch.commit(BatchResult(settled, derived=found)))


async def claimed(world: LedgerWorld, worker: WorkerId, *items: WorkItem) -> list[ClaimedRun]:
    assert {item.kind for item in items} <= {WorkKind.RUN}
    return list(await world.runs.claim([int(item.id) for item in items], worker))


async def settle(world: LedgerWorld, run: ClaimedRun, settlement: Settlement = DONE) -> list[WorkItem]:
    async with world.runs.open(run) as scope:
        return list(await scope.settle(settlement))


async def detail(world: LedgerWorld, event_id: EventId) -> EventDetail:
    found = await world.reader.event(event_id)
    assert found is not None, f"event {event_id} is not in the ledger"
    return found


async def state(world: LedgerWorld, event_id: EventId) -> EventState:
    return (await detail(world, event_id)).summary.state


async def run_states(world: LedgerWorld, event_id: EventId) -> dict[str, EventState]:
    return {run.handler: run.state for run in (await detail(world, event_id)).runs}


async def counts(world: LedgerWorld, origin: Origin = Origin.ZID) -> dict[EventState, int]:
    return {state: n for state, n in (await world.reader.books()).of(origin).states.items() if n}
