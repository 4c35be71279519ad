"""The embedded app: how Zid is given its UUID, and how a merchant's visit begins and ends."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.database import MemoryDatabase
from adapters.memory.embedded import MemoryEmbeddedSessions, MemoryEmbeddedTokens
from adapters.memory.installations import MemoryInstallations
from adapters.memory.metrics import RecordingMetrics
from adapters.memory.sealing import ReversibleSealer
from adapters.memory.system import ManualClock, SeededChance, SequentialIds
from adapters.memory.zid_gateway import ScriptedGateway
from core.domain.audit import AuditEntry
from core.domain.embedded import Dashboard, EmbeddedSession, new_token, read_token, wait_after
from core.domain.operations.account import RegisterEmbeddedToken, RevokeEmbeddedToken
from core.domain.secret import Secret
from core.domain.stores import Install, InstallState, StoreIdentity
from core.domain.tokens import Tokens
from core.errors import ClientRejected, MissingScope, OutcomeUnknown, Refused, Unavailable, WaslError
from core.features.embedded_sessions import EmbeddedVisits
from core.features.register_embedded import HOLD, RegisterEmbedded
from core.ids import InstallId, StoreId

STORE, OTHER = StoreId(1001), StoreId(1002)
MONTH, IDLE, LONGEST = timedelta(days=30), timedelta(minutes=30), timedelta(hours=8)
DASHBOARD = Dashboard("https://dashboard.example", "ar-sa", "7367")
LOST = OutcomeUnknown("register", "Register a new token: the last one counts.")


@dataclass
class World:
    """One service with a Zid that follows a script."""

    clock: ManualClock = field(default_factory=ManualClock)
    ids: SequentialIds = field(default_factory=SequentialIds)
    gateway: ScriptedGateway = field(default_factory=ScriptedGateway)
    metrics: RecordingMetrics = field(default_factory=RecordingMetrics)
    every: timedelta = MONTH

    def __post_init__(self) -> None:
        self.database = MemoryDatabase(self.clock)
        self.installations = MemoryInstallations(self.database, ReversibleSealer())
        self.tokens = MemoryEmbeddedTokens(self.database)
        self.gateway.on(RegisterEmbeddedToken, None)

    @property
    def register(self) -> RegisterEmbedded:
        return RegisterEmbedded(
            gateway=self.gateway,
            tokens=self.tokens,
            installations=self.installations,
            chance=SeededChance(),
            ids=self.ids,
            every=self.every,
            dashboard=DASHBOARD,
        )

    @property
    def visits(self) -> EmbeddedVisits:
        if not hasattr(self, "_visits"):
            self._visits = EmbeddedVisits(
                tokens=self.tokens,
                sessions=MemoryEmbeddedSessions(self.clock),
                installations=self.installations,
                metrics=self.metrics,
                clock=self.clock,
                ids=self.ids,
                idle=IDLE,
                longest=LONGEST,
            )
        return self._visits

    async def installed(self, store_id: StoreId = STORE) -> Install:
        install_id = self.ids.install_id()
        far = self.clock.now() + timedelta(days=365)
        return await self.installations.activate(
            StoreIdentity(store_id, None, "متجر", None, None),
            install_id,
            Tokens(Secret("a"), Secret("m"), Secret("r"), far),
            refresh_at=far,
            audit=AuditEntry("install.activated", store_id, install_id),
        )

    async def ended(self, install: Install) -> None:
        await self.installations.end(install.install_id, audit=AuditEntry("install.uninstalled"))

    def at_zid(self) -> str:
        """The UUID that Zid was told last."""
        last = self.gateway.asked(RegisterEmbeddedToken)[-1]
        assert isinstance(last, RegisterEmbeddedToken)
        return last.token.reveal()

    def pass_by(self, time: timedelta) -> None:
        self.clock.advance(time.total_seconds())


@pytest.fixture
def world() -> World:
    return World()


# --- the UUID ------------------------------------------------------------------------


@given(st.text())
def test_every_uuid_is_of_version_four_and_read_as_it_was_made(text: str) -> None:
    token = new_token(text).reveal()
    assert (UUID(token).version, str(UUID(token))) == (4, token)
    assert read_token(token) == read_token(f" {token.upper()}\n") == token


@pytest.mark.parametrize(
    "text", [None, "", "token", "0" * 36, "{UUID}", "c1e7a6b0-3d2f-1a4b-8c5d-6e7f8091a2b3", "٠" * 36]
)
def test_nothing_else_is_looked_up(text: str | None) -> None:
    assert read_token(text) is None


def test_a_session_is_read_as_it_was_written() -> None:
    began_at = ManualClock().now()
    session = EmbeddedSession(STORE, InstallId(2**63 - 1), began_at, began_at + LONGEST)
    assert EmbeddedSession.read(session.write()) == session


@pytest.mark.parametrize(
    "error", [MissingScope("embedded_apps_tokens_write"), Unavailable("Zid"), ClientRejected("no")]
)
def test_waits_grow_to_a_bound_and_spread(error: WaslError) -> None:
    waits = [wait_after(error, failures, 0.5) for failures in (*range(20), 10**6)]
    assert waits == sorted(waits)
    assert timedelta(seconds=30) <= waits[0]
    assert waits[-1] <= timedelta(days=1)
    assert wait_after(error, 3, 0.0) <= wait_after(error, 3, 1.0)


# --- giving it to Zid ----------------------------------------------------------------


async def test_a_new_install_is_told_to_zid_and_ends_in_the_dashboard(world: World) -> None:
    install = await world.installed()
    registered = await world.register.register(install)
    assert registered.problem is None
    assert registered.page == "https://dashboard.example/ar-sa/stores/1001/apps/7367/embedded"
    assert [store for store, _ in world.gateway.calls] == [STORE]
    visit = await world.visits.enter(world.at_zid())
    assert visit is not None
    assert visit.install == install
    assert [one.action for one in world.database.audit].count("embedded.registered") == 1


async def test_only_a_hash_of_it_is_kept(world: World) -> None:
    await world.register.register(await world.installed())
    token = world.at_zid()
    kept = repr((world.tokens.__dict__, world.database.__dict__))
    assert token not in kept
    assert token.replace("-", "") not in kept


async def test_each_install_gets_another_one(world: World) -> None:
    for store in (STORE, OTHER, STORE):
        await world.register.register(await world.installed(store))
    told = [one.token.reveal() for one in world.gateway.asked(RegisterEmbeddedToken)]
    assert len(set(told)) == 3
    opened = [await world.visits.enter(one) for one in told]
    assert [visit and visit.install.store_id for visit in opened] == [None, OTHER, STORE]


@pytest.mark.parametrize("error", [LOST, Unavailable("Zid", "502")])
async def test_one_whose_answer_was_lost_opens_the_app_all_the_same(world: World, error: WaslError) -> None:
    world.gateway.on(RegisterEmbeddedToken, error)
    registered = await world.register.register(await world.installed())
    assert registered.problem == str(error)
    assert registered.page is None
    assert await world.visits.enter(world.at_zid())


@pytest.mark.parametrize(
    "error", [Refused(400, "no"), MissingScope("embedded_apps_tokens_write"), ClientRejected("no")]
)
async def test_one_that_zid_refused_opens_nothing(world: World, error: WaslError) -> None:
    world.gateway.on(RegisterEmbeddedToken, error)
    assert (await world.register.register(await world.installed())).problem == str(error)
    assert await world.visits.enter(world.at_zid()) is None


async def test_what_failed_is_tried_again_until_it_succeeds(world: World) -> None:
    world.gateway.on(RegisterEmbeddedToken, Unavailable("Zid"), Unavailable("Zid"), None)
    install = await world.installed()
    await world.register.register(install)
    assert await world.register.run_due(limit=10) == []
    world.pass_by(timedelta(minutes=2))
    assert [one.problem is None for one in await world.register.run_due(limit=10)] == [False]
    world.pass_by(timedelta(minutes=4))
    assert [one.problem is None for one in await world.register.run_due(limit=10)] == [True]
    assert await world.register.run_due(limit=10) == []
    standing = await world.tokens.of_install(install.install_id)
    assert standing is not None
    assert standing.problem is None


async def test_stores_of_before_are_registered_when_the_app_becomes_embedded(world: World) -> None:
    for store in (STORE, OTHER):
        await world.installed(store)
    assert {one.store_id for one in await world.register.run_due(limit=10)} == {STORE, OTHER}


async def test_an_install_that_ends_meanwhile_is_not_told_to_zid(world: World) -> None:
    install = await world.installed()
    await world.ended(install)
    assert (await world.register.register(install)).problem == "the install is over"
    assert await world.register.renew(STORE, actor="tester") is None
    assert world.gateway.calls == []


async def test_after_its_time_it_is_replaced_and_the_older_one_ends_when_zid_uses_the_newer(world: World) -> None:
    await world.register.register(await world.installed())
    old = world.at_zid()
    world.pass_by(MONTH)
    assert len(await world.register.run_due(limit=10)) == 1
    assert world.at_zid() != old
    world.pass_by(MONTH / 2)
    assert await world.visits.enter(old), "Zid may still hand it out"
    assert await world.visits.enter(world.at_zid())
    world.pass_by(HOLD)
    assert await world.visits.enter(old) is None


async def test_it_is_kept_for_good_where_that_is_wanted(world: World) -> None:
    world.every = timedelta(0)
    await world.register.register(await world.installed())
    world.pass_by(timedelta(days=3650))
    assert await world.register.run_due(limit=10) == []
    assert await world.visits.enter(world.at_zid())


async def test_one_that_leaked_is_replaced_at_once(world: World) -> None:
    await world.register.register(await world.installed())
    leaked = world.at_zid()
    assert await world.register.renew(STORE, actor="key:ops")
    assert await world.visits.enter(leaked) is None
    assert await world.visits.enter(world.at_zid())
    assert world.database.audit[-1].actor == "key:ops"


async def test_a_renewal_that_fails_leaves_the_older_one(world: World) -> None:
    await world.register.register(await world.installed())
    old = world.at_zid()
    world.gateway.on(RegisterEmbeddedToken, Refused(400, "no"))
    renewed = await world.register.renew(STORE, actor="tester")
    assert renewed is not None
    assert renewed.problem
    assert await world.visits.enter(old)


async def test_zid_is_asked_to_forget_it_and_what_it_says_does_not_matter(world: World) -> None:
    for answer in (None, Refused(404, "no"), Unavailable("Zid")):
        world.gateway.on(RevokeEmbeddedToken, answer)
        await world.register.withdraw(STORE)
    assert len(world.gateway.asked(RevokeEmbeddedToken)) == 3


# --- visits --------------------------------------------------------------------------


async def visit(world: World, store_id: StoreId = STORE) -> tuple[Install, str]:
    install = await world.installed(store_id)
    await world.register.register(install)
    entered = await world.visits.enter(world.at_zid())
    assert entered is not None
    return install, entered.bearer.reveal()


async def test_a_visit_is_of_its_store_and_of_no_other(world: World) -> None:
    mine, bearer = await visit(world)
    theirs, other = await visit(world, OTHER)
    assert await world.visits.visitor(bearer) == mine
    assert await world.visits.visitor(other) == theirs
    assert await world.visits.visitor(bearer + other) is None
    assert await world.visits.visitor("") is None


async def test_every_opening_is_a_visit_of_its_own_and_counted(world: World) -> None:
    _, first = await visit(world)
    again = await world.visits.enter(world.at_zid())
    assert again is not None
    assert again.bearer.reveal() != first
    await world.visits.leave(first)
    assert await world.visits.visitor(first) is None
    assert await world.visits.visitor(again.bearer.reveal())
    assert await world.visits.enter("not one of ours") is None
    assert world.metrics.counted("embedded_visits_total", outcome="accepted") == 2
    assert world.metrics.counted("embedded_visits_total", outcome="refused") == 1


async def test_a_visit_ends_when_nobody_is_there(world: World) -> None:
    _, bearer = await visit(world)
    for _ in range(5):
        world.pass_by(IDLE * 0.9)
        assert await world.visits.visitor(bearer)
    world.pass_by(IDLE)
    assert await world.visits.visitor(bearer) is None


async def test_a_visit_ends_after_a_working_day_however_busy(world: World) -> None:
    _, bearer = await visit(world)
    for _ in range(int(LONGEST / IDLE) * 2 - 1):
        world.pass_by(IDLE / 2)
        assert await world.visits.visitor(bearer)
    world.pass_by(IDLE / 2)
    assert await world.visits.visitor(bearer) is None


async def test_a_visit_ends_with_its_install(world: World) -> None:
    install, bearer = await visit(world)
    await world.ended(install)
    assert await world.visits.visitor(bearer) is None


async def test_a_reinstall_ends_the_visits_of_the_install_before(world: World) -> None:
    _, bearer = await visit(world)
    await visit(world)
    assert await world.visits.visitor(bearer) is None


async def test_replacing_a_leaked_uuid_ends_the_visits_it_may_have_opened(world: World) -> None:
    _, bearer = await visit(world)
    _, other = await visit(world, OTHER)
    world.pass_by(timedelta(minutes=1))
    await world.register.renew(STORE, actor="tester")
    assert await world.visits.visitor(bearer) is None
    assert await world.visits.visitor(other)
    entered = await world.visits.enter(world.at_zid())
    assert entered is not None
    world.pass_by(timedelta(minutes=1))
    assert await world.visits.visitor(entered.bearer.reveal())


async def test_an_ordinary_renewal_ends_no_visit(world: World) -> None:
    install, bearer = await visit(world)
    world.pass_by(timedelta(minutes=1))
    await world.register.register(install)
    assert await world.visits.visitor(bearer)


async def test_a_store_that_must_be_authorized_again_is_still_shown(world: World) -> None:
    install, bearer = await visit(world)
    gone = AuditEntry("install.needs_reauthorization")
    await world.installations.change_state(install.install_id, InstallState.NEEDS_REAUTHORIZATION, audit=gone)
    shown = await world.visits.visitor(bearer)
    assert shown is not None
    assert shown.state is InstallState.NEEDS_REAUTHORIZATION
