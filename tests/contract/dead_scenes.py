"""Dead letters for the tests of the desk."""

from collections.abc import Sequence

from core.domain.dead_letters import fingerprint
from core.domain.event_states import EventState
from core.domain.events import Settlement, WorkItem
from core.domain.redrive import DeskAction, ItemState, Job, Pace
from core.ids import EventId, StoreId
from core.ports.ledger_reading import EventFilter
from core.ports.redrives import Advanced, Order
from tests.contract.scenes import DONE, audit, claimed, install, queued, settle, through_the_mirror
from tests.contract.worlds import STORE, LedgerWorld

REDRIVE = Order(DeskAction.REDRIVE)
CANARY = Order(DeskAction.REDRIVE, canary=True, stop_above=20)
DISCARD = Order(DeskAction.DISCARD, reason="test orders")
PACE = Pace()


async def dead_runs(
    world: LedgerWorld, *orders: int, reason: str = "ValueError: no", handlers: Sequence[str] = ("shop.bill",)
) -> list[EventId]:
    """Events whose handlers all gave up."""
    live = await world.installations.current(STORE) or await install(world)
    ids = await queued(world, live, *orders)
    items = await through_the_mirror(world, ids, *handlers)
    await settle_all(world, items, Settlement(EventState.DEAD, reason=reason))
    return ids


async def settle_all(world: LedgerWorld, items: Sequence[WorkItem], settlement: Settlement = DONE) -> None:
    """Claims and settles these runs, lane by lane."""
    worker = await world.workers.join("consumer")
    runs = await claimed(world, worker, *items)
    assert len(runs) == len(items)
    for run in runs:
        await settle(world, run, settlement)


def mark_of(reason: str, handler: str = "shop.bill") -> str:
    return fingerprint(handler, reason, "1.0")


async def opened(world: LedgerWorld, order: Order = REDRIVE) -> Job:
    return await world.redrives.open(order, audit=audit(f"{order.action}.opened"))


async def advanced(world: LedgerWorld, pace: Pace = PACE) -> Advanced:
    found = await world.redrives.advance(pace)
    assert found is not None, "no job was due"
    return found


async def count_dead(world: LedgerWorld, store_id: StoreId | None = None) -> int:
    return (await world.letters.count(EventFilter(store_id=store_id))).letters


def tally(job: Job) -> dict[str, int]:
    """How many letters of the job are in each state; those that are none are left out."""
    counts = {state.value: job.count(state) for state in ItemState}
    return {name: number for name, number in counts.items() if number}
