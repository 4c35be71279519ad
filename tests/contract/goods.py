"""Documents as Zid writes them, on their way into the mirror of a world."""

import json
from collections.abc import Sequence
from dataclasses import replace

from adapters.memory.system import ManualClock, SeededChance
from core.domain.events import Failure
from core.domain.keyset import Page
from core.domain.mirror_queries import Seen
from core.domain.stores import Install
from core.features.consume_event import ConsumeEvents
from core.features.event_handlers import Handlers
from core.ids import Entity, EntityKind
from tests.contract.scenes import delivery
from tests.contract.worlds import LedgerWorld

Document = dict[str, object]

TOPICS = {
    EntityKind.ORDER: "order.status.update",
    EntityKind.PRODUCT: "product.update",
    EntityKind.CUSTOMER: "customer.update",
    EntityKind.CATEGORY: "category.update",
    EntityKind.CART: "abandoned_cart.created",
}


async def show(world: LedgerWorld, live: Install, kind: EntityKind, *documents: Document) -> None:
    """Each document arrives and goes through the mirror."""
    await _through(world, live, kind, TOPICS[kind], documents)


async def remove(world: LedgerWorld, live: Install, kind: EntityKind, id_: str) -> None:
    await _through(world, live, kind, f"{kind}.delete", [{"id": id_}])


async def _through(
    world: LedgerWorld, live: Install, kind: EntityKind, topic: str, documents: Sequence[Document]
) -> None:
    ids = []
    for document in documents:
        body = json.dumps(document).encode()
        given = delivery(world, live, Entity(kind, str(document["id"])), body)
        given = replace(given, topic=topic, dedupe_key=given.event_id.bytes)
        await world.inbox.accept(given)
        ids.append(given.event_id)
    consume = ConsumeEvents(
        ledger=world.events,
        handlers=Handlers(),
        clock=ManualClock(),
        chance=SeededChance(),
        ids=world.ids,
        decode=json.loads,
        describe=lambda error: Failure(type(error).__name__, str(error)),
    )
    done = await consume.consume(ids, limit=len(ids))
    assert not done.put_off
    assert len(done.settled) == len(ids)


def ids(page: Page[Seen]) -> list[str]:
    return [seen.entity.id for seen in page.items]
