"""A healthy set-up in memory that a test may harm before a doctor looks at it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.database import MemoryDatabase
from adapters.memory.examination import MemoryExaminedDatabase, MemoryExaminedRedis, MemoryMachine, MemoryOutside
from adapters.memory.ledger_reading import MemoryLedgerReader
from adapters.memory.process_rings import MemoryProcessRings
from adapters.memory.sealed_vault import MemoryKeyCensus
from adapters.memory.system import ManualClock
from adapters.memory.webhook_checks import MemoryWebhookChecks
from adapters.memory.workers import MemoryWorkers
from core.domain.diagnosis.findings import Diagnosis
from core.domain.diagnosis.setup import Setup
from core.errors import ClientRejected
from core.features.examine import Examine, Surroundings
from core.ports.system import Clock
from entrypoints.examining import attempt

SETUP = Setup(
    production=False,
    public_url="http://127.0.0.1:8000",
    zid_api_url="http://zid",
    pools=(("http", 10), ("consumer", 22), ("scheduler", 10)),
    spool_dir="/spool",
    erasure_log="/erasures",
    private_files=(".env",),
)


@dataclass
class Patient:
    """A healthy set-up that a test may harm."""

    setup: Setup = SETUP
    database: MemoryExaminedDatabase = field(default_factory=MemoryExaminedDatabase)
    redis: MemoryExaminedRedis | None = field(default_factory=MemoryExaminedRedis)
    machine: MemoryMachine = field(default_factory=MemoryMachine)
    outside: MemoryOutside = field(default_factory=MemoryOutside)
    memory: MemoryDatabase = field(default_factory=MemoryDatabase)
    clock: Clock = field(default_factory=ManualClock)
    rejected: bool = False

    async def examine(self, *, running: Sequence[str] = ("http", "consumer", "scheduler")) -> Diagnosis:
        for kind in running:
            await MemoryWorkers(self.memory).join(kind)
        return await Examine(self.setup, self.around(), attempt).diagnosis()

    def around(self) -> Surroundings:
        return Surroundings(
            machine=self.machine,
            outside=self.outside,
            database=self.database,
            redis=self.redis,
            census=MemoryKeyCensus(self.memory),
            rings=MemoryProcessRings(self.memory),
            webhooks=MemoryWebhookChecks(self.memory),
            reader=MemoryLedgerReader(self.memory),
            alerts=MemoryAlerts(self.memory),
            own_rings={},
            clock=self.clock,
            client_check=self.client_check,
        )

    async def client_check(self) -> None:
        if self.rejected:
            raise ClientRejected("no")
