"""`wasl doctor`: looks at everything that can go wrong with a set-up, one thing after the other.

Each check is bounded and by itself: one that cannot look says so, and the others go on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.domain.diagnosis.findings import CheckName, Code, Diagnosis, Examined, Finding, Severity
from core.domain.diagnosis.offsets import judge_clock
from core.domain.diagnosis.places import judge_files, judge_folder, judge_runtime
from core.domain.diagnosis.secrets import judge_secrets
from core.domain.diagnosis.servers import (
    judge_connections,
    judge_database,
    judge_indexes,
    judge_redis,
    judge_redis_privacy,
    judge_schema,
)
from core.domain.diagnosis.setup import Setup, judge_addresses, judge_handlers, judge_watching
from core.domain.diagnosis.work import (
    count_processes,
    judge_alerts,
    judge_keys,
    judge_ledger,
    judge_processes,
    judge_vault,
    judge_webhooks,
)
from core.domain.rings import RingName, Rings
from core.errors import ClientRejected, Unavailable
from core.ports.alerts import Alerts
from core.ports.examination import Attempt, ExaminedDatabase, ExaminedMachine, ExaminedRedis, NotSeen, Outside
from core.ports.ledger_reading import LedgerReader
from core.ports.process_rings import ProcessRings
from core.ports.sealed_vault import KeyCensus
from core.ports.system import Clock
from core.ports.webhook_checks import WebhookChecks

SECONDS: Final = 10.0
"""That one check may take."""
_ENOUGH: Final = 1000
"""What is counted is counted so far."""
_LOG_BYTES: Final = 64 * 1024 * 1024
"""Room that the list of the erased may come to need."""

Found = Sequence[Finding]
Look = Callable[[], Awaitable[Found]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What is looked at besides the settings. `redis` is None where there is none."""

    machine: ExaminedMachine
    outside: Outside
    database: ExaminedDatabase
    redis: ExaminedRedis | None
    census: KeyCensus
    rings: ProcessRings
    webhooks: WebhookChecks
    reader: LedgerReader
    alerts: Alerts
    own_rings: Rings
    clock: Clock
    client_check: Callable[[], Awaitable[None]] | None = None
    """Raises ClientRejected while Zid refuses the app; None where no app is configured."""


class Examine:
    """`run` reads as the list of what is looked at."""

    def __init__(self, setup: Setup, around: Surroundings, attempt: Attempt) -> None:
        self._setup = setup
        self._around = around
        self._attempt = attempt

    @property
    def checks(self) -> Sequence[tuple[CheckName, Look]]:
        """In the order in which people read them."""
        redis = [(CheckName.REDIS, self._redis)] if self._around.redis else []
        return [
            (CheckName.SECRETS, self._secrets),
            (CheckName.ADDRESSES, self._addresses),
            (CheckName.WATCHING, self._watching),
            (CheckName.HANDLERS, self._handlers),
            (CheckName.FILES, self._files),
            (CheckName.SPOOL, self._spool),
            (CheckName.ERASURE_LOG, self._erasure_log),
            (CheckName.RUNTIME, self._runtime),
            (CheckName.DATABASE, self._database),
            (CheckName.SCHEMA, self._schema),
            (CheckName.INDEXES, self._indexes),
            (CheckName.CONNECTIONS, self._connections),
            (CheckName.VAULT, self._vault),
            (CheckName.KEYS, self._keys),
            *redis,
            (CheckName.ZID, self._zid),
            (CheckName.PUBLIC_URL, self._public_url),
            (CheckName.WEBHOOKS, self._webhooks),
            (CheckName.PROCESSES, self._processes),
            (CheckName.LEDGER, self._ledger),
            (CheckName.ALERTS, self._alerts),
        ]

    async def run(self) -> AsyncIterator[Examined]:
        """Each check as soon as it is over. Never raises for what a check meets."""
        for name, look in self.checks:
            found = await self._attempt(SECONDS, look())
            yield Examined(name, unseen=found.reason) if isinstance(found, NotSeen) else Examined(name, found)

    async def diagnosis(self) -> Diagnosis:
        """All of it."""
        return Diagnosis([one async for one in self.run()])

    async def _secrets(self) -> Found:
        setup = self._setup
        return judge_secrets(setup.secrets, setup.missing_secrets, production=setup.production)

    async def _addresses(self) -> Found:
        return judge_addresses(self._setup)

    async def _watching(self) -> Found:
        return judge_watching(self._setup)

    async def _handlers(self) -> Found:
        return judge_handlers(self._setup)

    async def _files(self) -> Found:
        return judge_files(await self._around.machine.files(self._setup.private_files), self._setup)

    async def _spool(self) -> Found:
        """Nothing to see where it is in Redis."""
        path = self._setup.spool_dir
        if path is None:
            return []
        folder = await self._around.machine.folder(path)
        facts = {"setting": "SPOOL_DIR", "path": path}
        return judge_folder(folder, facts, self._setup, wanted=self._setup.spool_bytes)

    async def _erasure_log(self) -> Found:
        path = self._setup.erasure_log
        folder = await self._around.machine.folder(path)
        facts = {"setting": "ERASURE_LOG", "path": path}
        return [*judge_folder(folder, facts, self._setup, wanted=_LOG_BYTES), *await self._beside_database(path)]

    async def _beside_database(self, path: str) -> Found:
        """Of interest only in production; a database that does not answer is told of elsewhere."""
        if not self._setup.production:
            return []
        try:
            server = await self._around.database.server()
        except Unavailable:
            return []
        if not server.local:
            return []
        return [Finding(Code.ERASURE_LOG_BESIDE_DATABASE, Severity.WARNING, {"path": path})]

    async def _runtime(self) -> Found:
        return judge_runtime(self._around.machine.runtime(), self._around.clock.now().date())

    async def _database(self) -> Found:
        try:
            server = await self._around.database.server()
        except Unavailable as problem:
            return [Finding(Code.DATABASE_AWAY, Severity.PROBLEM, {"problem": _reason(problem)})]
        return judge_database(server, self._setup, self._around.clock.now().date())

    async def _schema(self) -> Found:
        return judge_schema(await self._around.database.schema())

    async def _indexes(self) -> Found:
        return judge_indexes(await self._around.database.indexes())

    async def _connections(self) -> Found:
        server = await self._around.database.server()
        return judge_connections(server, self._setup, count_processes(await self._around.rings.live()))

    async def _vault(self) -> Found:
        return judge_vault(await self._around.database.unsealed(limit=_ENOUGH))

    async def _keys(self) -> Found:
        held = self._around.own_rings.get(RingName.TOKENS, ())
        lacking = await self._around.census.lacking(held) if held else {}
        return judge_keys(lacking, len(await self._around.census.quarantined(limit=_ENOUGH)))

    async def _redis(self) -> Found:
        redis = self._around.redis
        assert redis is not None
        try:
            servers = await redis.servers()
        except Unavailable as problem:
            return [Finding(Code.REDIS_AWAY, Severity.PROBLEM, {"problem": _reason(problem)})]
        judged = [finding for server in servers for finding in judge_redis(server, self._setup)]
        return [*judge_redis_privacy(self._setup), *judged]

    async def _zid(self) -> Found:
        """Whether Zid knows the app, and whether its clock agrees with ours."""
        rejected: list[Finding] = []
        if self._around.client_check:
            try:
                await self._around.client_check()
            except ClientRejected:
                rejected.append(Finding(Code.CLIENT_REJECTED, Severity.PROBLEM))
        reply = await self._around.outside.ask(self._setup.zid_api_url)
        return [*rejected, *judge_clock("Zid", reply.offset)]

    async def _public_url(self) -> Found:
        url = f"{self._setup.public_url}/health/live"
        worse = self._setup.worse()
        try:
            reply = await self._around.outside.ask(url)
        except Unavailable as problem:
            return [Finding(Code.PUBLIC_URL_UNREACHABLE, worse, {"url": url, "problem": _reason(problem)})]
        if reply.status == 200 and reply.is_wasl:
            return []
        return [Finding(Code.PUBLIC_URL_ELSEWHERE, worse, {"url": url, "status": reply.status})]

    async def _webhooks(self) -> Found:
        return judge_webhooks(await self._around.webhooks.totals())

    async def _processes(self) -> Found:
        return judge_processes(await self._around.rings.live())

    async def _ledger(self) -> Found:
        return judge_ledger(await self._around.reader.books(), self._setup)

    async def _alerts(self) -> Found:
        return judge_alerts(await self._around.alerts.open_counts())


def _reason(problem: Unavailable) -> str:
    """Why something does not answer, without saying again that it does not."""
    return str(problem).removeprefix(f"{problem.dependency} does not answer").lstrip(": ") or "it is too slow"
