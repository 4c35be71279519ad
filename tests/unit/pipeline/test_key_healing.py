"""The scheduler looks again at stores that do not open, and counts them."""

from __future__ import annotations

from structlog.testing import capture_logs

from adapters.memory.metrics import RecordingMetrics
from adapters.postgres.sealed_tokens import prove
from core.features.rotate_keys import HealQuarantine, Locksmith
from core.ports.sealed_vault import Part, SetAside
from entrypoints.background.key_healing import heal
from tests.contract.memory_world import memory_world
from tests.contract.scenes import install


async def test_it_says_how_many_there_are_until_there_are_none() -> None:
    world, metrics = memory_world(), RecordingMetrics()
    live = await install(world)
    await world.census.set_aside([SetAside(live.store_id, live.install_id, Part.DATA_KEY, "first", "its key was away")])
    without = Locksmith(sealer=world.sealer_of("another"), prove=prove)
    healing = HealQuarantine(world.census, without, world.alerts)
    with capture_logs() as told:
        await heal(healing, metrics)
    assert metrics.gauge("quarantined_stores") == 1
    assert [(entry["event"], entry["log_level"]) for entry in told] == [("stores_in_quarantine", "error")]
    whole = HealQuarantine(world.census, Locksmith(sealer=world.sealer_of("first"), prove=prove), world.alerts)
    with capture_logs() as told:
        await heal(whole, metrics)
        await heal(whole, metrics)
    assert metrics.gauge("quarantined_stores") == 0
    assert [entry["event"] for entry in told] == ["stores_open_again"]
