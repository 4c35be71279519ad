"""Poison is given up with its reason, counted, and its lane goes on."""

from collections.abc import Callable

from adapters.memory.metrics import RecordingMetrics
from core.domain.event_states import EventState, Origin
from core.domain.suspicion import ALONE, IN_COMPANY, POISON_REASON
from core.features.bury_poison import BuryPoison
from core.features.event_handlers import Context, Event
from core.features.event_handlers.registry import Handler
from tests.unit.pipeline.conftest import Pipeline

ORDER = {"id": 5, "order_status": {"code": "new"}, "updated_at": "2026-01-01 10:00:00"}


async def kills_its_worker(_: Event, __: Context) -> None: ...


async def lose_a_worker(service: Pipeline, *, alone: bool) -> None:
    worker = await service.workers.join("consumer")
    run_ids = [int(item.id) for item in await service.ledger.backlog(limit=10) if item.kind == "run"]
    held = await service.runs.claim_alone(run_ids, worker) if alone else await service.runs.claim(run_ids, worker)
    assert held
    service.clock.advance(60)
    await service.maintenance.release_orphans()


async def test_sidekiq_4633_poison_is_buried_once_and_counted_and_its_lane_goes_on(
    pipeline: Callable[..., Pipeline],
) -> None:
    service = pipeline(Handler("h", "order.create", kills_its_worker))
    metrics = RecordingMetrics()
    bury = BuryPoison(runs=service.runs, announcer=service.announcer, metrics=metrics, version="1")
    install = await service.install()
    for status in ("new", "preparing"):
        body = {**ORDER, "order_status": {"code": status}, "updated_at": f"2026-01-0{len(status) % 7 + 1} 10:00:00"}
        await service.receive(install, "order.create", body)
        await service.consume_all()
    for _ in range(IN_COMPANY):
        await lose_a_worker(service, alone=False)
    for _ in range(ALONE):
        assert list(await bury.tick()) == []
        await lose_a_worker(service, alone=True)
    service.announcer.announced.clear()
    [buried] = await bury.tick()
    assert list(await bury.tick()) == []
    assert metrics.counted("poison_total", topic="order.create") == 1
    detail = await service.reader.event(buried.event.event_id)
    assert detail is not None
    assert (detail.summary.state, detail.summary.reason) == (EventState.DEAD, POISON_REASON)
    [next_in_lane] = service.announcer.announced
    assert next_in_lane.id != str(buried.run_id)
    assert (await service.reader.books()).of(Origin.ZID).difference == 0
