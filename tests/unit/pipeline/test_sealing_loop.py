"""What a scheduler does about the audit's chain, and what people hear of one that was altered."""

from dataclasses import replace

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.audit_trail import MemoryAuditSeals
from adapters.memory.database import MemoryDatabase
from adapters.memory.metrics import RecordingMetrics
from core.domain.alerts import AlertKind
from core.domain.audit import AuditEntry
from core.domain.audit_chain import sealing_keys
from core.domain.secret import Secret
from core.features.seal_audit import AT_ONCE, SealAudit
from core.ports.alerts import AlertFilter
from entrypoints.background.sealing import Sealing

KEYS = sealing_keys([Secret("k" * 40)])
ALTERED = AlertFilter(kind=AlertKind.AUDIT_ALTERED)


class Scene:
    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.metrics = RecordingMetrics()
        self.alerts = MemoryAlerts(self.database)
        self.sealing = self.another()

    def another(self) -> Sealing:
        seal = SealAudit(MemoryAuditSeals(self.database), KEYS, self.metrics, self.database.clock)
        return Sealing(seal, self.alerts, self.metrics)

    async def open_alerts(self) -> list[bool]:
        return [known.is_open for known in await self.alerts.page(ALTERED)]


async def test_a_backlog_is_sealed_in_one_step() -> None:
    scene = Scene()
    for _ in range(2 * AT_ONCE + 3):
        scene.database.note(AuditEntry("done"))
    await scene.sealing.step()
    assert [len(seal.lines) for seal in scene.database.seals] == [AT_ONCE, AT_ONCE, 3]
    assert scene.metrics.gauge("audit_altered") == 0
    assert await scene.open_alerts() == []


async def test_an_altered_chain_is_told_once_and_healed_when_it_is_put_right() -> None:
    scene = Scene()
    scene.database.note(AuditEntry("done"))
    await scene.sealing.step()
    [sealed] = scene.database.seals
    scene.database.seals[0] = replace(sealed, to_id=9)
    for _ in range(3):
        await scene.sealing.step()
        await scene.another().step()
    assert scene.metrics.gauge("audit_altered") == 1
    assert await scene.open_alerts() == [True]
    assert len(scene.database.seals) == 1, "an altered end is not vouched for"
    scene.database.seals[0] = sealed
    await scene.another().step()
    assert scene.metrics.gauge("audit_altered") == 0
    assert await scene.open_alerts() == [False]
