"""A model of Zid's OAuth server with single-use rotating refresh tokens, and memory adapters around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.audit_trail import MemoryAuditTrail
from adapters.memory.database import MemoryDatabase
from adapters.memory.installations import MemoryInstallations
from adapters.memory.metrics import RecordingMetrics
from adapters.memory.refresh_book import MemoryRefreshBook
from adapters.memory.refresh_reports import MemoryRefreshReports
from adapters.memory.sealing import ReversibleSealer
from adapters.memory.system import ManualClock, SeededChance
from adapters.memory.token_vault import MemoryTokenVault
from core.domain.audit import AuditEntry
from core.domain.documents import Document
from core.domain.secret import Secret
from core.domain.stores import Install, StoreIdentity
from core.domain.tokens import Tokens, TokenSet, read_tokens
from core.errors import ClientRejected, OutcomeUnknown, Refused, ServerFault, Unavailable
from core.features.refresh_tokens import RefreshTokens
from core.features.renew_due_tokens import RenewDueTokens
from core.ids import InstallId, StoreId, WorkerId
from core.ports.zid_gateway import Exchange, Probe

STORE = StoreId(1001)
YEAR = 31_536_000


class Answering(StrEnum):
    """How the token endpoint meets one request."""

    OK = "ok"
    NOT_SENT = "not_sent"
    FAULT = "fault"
    CLIENT_FAULT = "client_fault"
    REFUSED = "refused"
    LOST_BEFORE = "lost_before"
    """Cut before Zid did anything."""
    LOST_AFTER = "lost_after"
    """Cut after Zid had rotated."""


async def _at_once() -> None:
    """Nobody else gets a turn."""


@dataclass
class OAuthModel(Exchange, Probe):
    """Takes each refresh token once; a new set kills the old access tokens, as league's server does."""

    answering: Callable[[], Answering] = lambda: Answering.OK
    turn: Callable[[], Awaitable[None]] = _at_once
    expires_in: int | None = YEAR
    store_id: int = STORE
    valid: int = 0
    uninstalled: bool = False
    probe_failures: int = 0
    """How many more times the profile does not answer."""
    refuses: set[str] = field(default_factory=set)
    """Bearers that Zid refuses although they are the latest, such as those past their time."""
    leave_out: frozenset[str] = frozenset()
    arrivals: Counter[str] = field(default_factory=Counter)
    """How often each refresh token reached Zid with a result that spends it, or may have."""
    failed: Counter[str] = field(default_factory=Counter)
    sent: list[Answering] = field(default_factory=list)

    def issue(self) -> Document:
        self.valid += 1
        self.uninstalled = False
        answer = {
            "access_token": f"manager-{self.valid}",
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "authorization": f"bearer-{self.valid}",
            "refresh_token": f"refresh-{self.valid}",
        }
        return {name: value for name, value in answer.items() if name not in self.leave_out}

    async def redeem_code(self, code: str) -> Document:
        return self._answer(self.answering(), code, good=code == "good")

    async def refresh(self, refresh_token: str) -> Document:
        await self.turn()
        good = refresh_token == f"refresh-{self.valid}" and not self.uninstalled
        document = self._answer(self.answering(), refresh_token, good=good)
        await self.turn()
        return document

    def _answer(self, how: Answering, spent: str, *, good: bool) -> Document:
        self.sent.append(how)
        match how:
            case Answering.NOT_SENT:
                raise Unavailable("Zid's OAuth server", "refused")
            case Answering.FAULT:
                raise ServerFault("Zid's OAuth server", "it answered 500")
            case Answering.CLIENT_FAULT:
                raise ClientRejected("wrong secret")
        self.arrivals[spent] += 1
        if how in (Answering.LOST_BEFORE, Answering.LOST_AFTER):
            self.failed[spent] += 1
            if good and how is Answering.LOST_AFTER:
                self.issue()
            raise OutcomeUnknown("refresh_token exchange", "probe")
        if how is Answering.REFUSED or not good:
            self.failed[spent] += 1
            raise Refused(401, "The refresh token is invalid.")
        return self.issue()

    async def profile(self, tokens: Tokens) -> Document | None:
        await self.turn()
        if self.probe_failures:
            self.probe_failures -= 1
            raise Unavailable("Zid", "refused")
        bearer = tokens.authorization.reveal()
        if self.uninstalled or bearer in self.refuses or bearer != f"bearer-{self.valid}":
            return None
        return {
            "status": "object",
            "user": {"id": 9, "store": {"id": self.store_id, "title": "Dates & Co", "uuid": "u"}},
        }


def tokens_of(document: Document, clock: ManualClock) -> Tokens:
    return Tokens(
        Secret(str(document["authorization"])),
        Secret(str(document["access_token"])),
        Secret(str(document["refresh_token"])),
        clock.now() + timedelta(seconds=int(str(document["expires_in"]))),
    )


class EventfulClock(ManualClock):
    """Something happens once, while somebody sleeps past its time."""

    def __init__(self, at: float) -> None:
        super().__init__()
        self._at = at
        self.event: Callable[[], Awaitable[object]] | None = None

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.event and self.monotonic() >= self._at:
            happens, self.event = self.event, None
            await happens()


@dataclass
class StoreWorld:
    """Memory adapters and the model, with one installed store."""

    clock: ManualClock = field(default_factory=ManualClock)
    zid: OAuthModel = field(default_factory=OAuthModel)
    metrics: RecordingMetrics = field(default_factory=RecordingMetrics)
    chance: SeededChance = field(default_factory=SeededChance)

    def __post_init__(self) -> None:
        self.database = MemoryDatabase(self.clock)
        self.sealer = ReversibleSealer()
        self.installations = MemoryInstallations(self.database, self.sealer)
        self.vault = MemoryTokenVault(self.database, self.sealer)
        self.book = MemoryRefreshBook(self.database)
        self.trail = MemoryAuditTrail(self.database)
        self.alerts = MemoryAlerts(self.database)
        self.reports = MemoryRefreshReports(self.database)
        self.installs = 0

    async def install(self, store_id: StoreId = STORE) -> Install:
        """A new install with fresh tokens of Zid's."""
        self.installs += 1
        return await self.installations.activate(
            StoreIdentity(store_id, "uuid", "Dates & Co", None, "SAR"),
            InstallId(self.installs),
            tokens_of(self.zid.issue(), self.clock),
            refresh_at=self.clock.now() + timedelta(days=300),
            audit=AuditEntry("install.activated", store_id),
        )

    async def tokens(self, store_id: StoreId = STORE) -> TokenSet:
        found = await self.vault.open(store_id)
        assert found is not None
        return found

    async def store_answer(self, seen: TokenSet, answer: Document) -> None:
        """What the one who exchanged does next."""
        tokens = read_tokens(answer, self.clock.now(), seen.tokens)
        await self.vault.replace(seen, tokens, refresh_at=self.clock.now(), audit=AuditEntry("token.refreshed"))

    def worker(self, number: int, lease: timedelta = timedelta(days=4000)) -> WorkerId:
        """A worker whose lease outlives the test unless told otherwise."""
        worker = WorkerId(1_000_000 + number)
        self.database.workers[worker] = self.clock.now() + lease
        return worker

    def refresher(self, worker: WorkerId | None = None) -> RefreshTokens:
        worker = self.worker(0) if worker is None else worker
        return RefreshTokens(
            vault=self.vault,
            installations=self.installations,
            book=self.book,
            exchange=self.zid,
            probe=self.zid,
            trail=self.trail,
            alerts=self.alerts,
            metrics=self.metrics,
            clock=self.clock,
            chance=self.chance,
            worker=lambda: worker,
        )

    def renewer(self) -> RenewDueTokens:
        return RenewDueTokens(
            refresh=self.refresher(), book=self.book, reports=self.reports, clock=self.clock, chance=self.chance
        )

    def actions(self) -> list[str]:
        return [entry.action for entry in self.database.audit]
