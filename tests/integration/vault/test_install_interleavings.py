"""Random commands of several processes at once: no install is ever touched by a command for another one."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from adapters.postgres.backfills import PostgresBackfills
from adapters.postgres.connection import open_pool
from adapters.postgres.inbox import PostgresInbox
from adapters.system import SystemIds
from core.domain.audit import AuditEntry
from core.domain.events import Delivery, Receipt, dedupe_key
from core.domain.stores import Install, InstallState
from core.domain.tokens import Tokens, TokenSet
from core.ids import Entity, EntityKind, Generation, InstallId, StoreId, WorkerId
from tests.integration.vault.vault_world import LATER, NOW, World, some_tokens
from tests.integration.vault.work_rows import add_event
from tests.servers import Database

TABLES = ("installs", "tokens", "data_keys", "refresh_due", "refresh_intents", "events", "runs")
VERBS = ("activate", "end", "replace", "suspend", "resume", "begin", "work", "deliver", "fill")
_store_numbers = count(1)


@dataclass(frozen=True)
class Command:
    """`store` is 0 or 1; `which` picks one of the store's installs so far, counted from the latest."""

    verb: str
    store: int
    which: int


COMMANDS = st.builds(Command, st.sampled_from(VERBS), st.integers(0, 1), st.integers(0, 2))


@dataclass
class History:
    """What the commands say they did. `stored` are the token sets in the order of their generations."""

    stores: tuple[StoreId, StoreId]
    installs: dict[StoreId, list[Install]] = field(default_factory=dict)
    stored: dict[InstallId, list[Tokens]] = field(default_factory=dict)
    over: set[InstallId] = field(default_factory=set)

    def pick(self, command: Command) -> Install | None:
        known = self.installs.get(self.stores[command.store], [])
        return known[-1 - command.which % len(known)] if known else None

    def live(self, store_id: StoreId) -> list[InstallId]:
        return [i.install_id for i in self.installs.get(store_id, []) if i.install_id not in self.over]


class Interleavings(RuleBasedStateMachine):
    """Each step runs up to five commands at once and compares everything with what they reported."""

    world: World
    inbox: PostgresInbox
    worker: WorkerId
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.history = History((StoreId(next(_store_numbers)), StoreId(next(_store_numbers))))

    @rule(commands=st.lists(COMMANDS, min_size=1, max_size=5))
    def together(self, commands: list[Command]) -> None:
        self.loop.run_until_complete(self._together(commands))

    async def _together(self, commands: list[Command]) -> None:
        may_change = self._may_change(commands)
        before = await self._rows()
        async with asyncio.timeout(30):
            await asyncio.gather(*[self._run(command) for command in commands])
        await self._agrees()
        after = await self._rows()
        for install_id in before.keys() - may_change:
            assert after[install_id] == before[install_id]

    def _may_change(self, commands: list[Command]) -> set[InstallId]:
        """Those that the commands name, and those whose place a new install takes."""
        named = {picked.install_id for command in commands if (picked := self.history.pick(command))}
        renewed = [self.history.stores[c.store] for c in commands if c.verb == "activate"]
        return named | {install_id for store_id in renewed for install_id in self.history.live(store_id)}

    def _run(self, command: Command) -> Awaitable[None]:
        picked = self.history.pick(command)
        if command.verb == "activate" or picked is None:
            return self._activate(self.history.stores[command.store])
        match command.verb:
            case "end":
                return self._end(picked)
            case "replace":
                return self._replace(picked)
            case "suspend":
                return self._move(picked, InstallState.NEEDS_REAUTHORIZATION)
            case "resume":
                return self._move(picked, InstallState.ACTIVE)
            case "begin":
                return self._begin(picked)
            case "deliver":
                return self._deliver(picked)
            case "fill":
                return self._fill(picked)
            case _:
                return self._work(picked)

    async def _activate(self, store_id: StoreId) -> None:
        tokens = some_tokens()
        install = await self.world.install(store_id, tokens=tokens)
        known = self.history.installs.setdefault(store_id, [])
        known.append(install)
        known.sort(key=lambda each: each.epoch)
        self.history.stored[install.install_id] = [tokens]

    async def _end(self, install: Install) -> None:
        if await self.world.end(install) is not None:
            assert install.install_id not in self.history.over
            self.history.over.add(install.install_id)

    async def _replace(self, install: Install) -> None:
        """Believes in the latest generation it knows of, as a process does that looked a moment ago."""
        stored = self.history.stored[install.install_id]
        seen = TokenSet(install.store_id, install.install_id, Generation(len(stored)), stored[-1])
        tokens = some_tokens()
        if await self.world.renew(seen, tokens, due=LATER):
            stored.append(tokens)
            assert len(stored) == seen.generation + 1

    async def _move(self, install: Install, target: InstallState) -> None:
        audit = AuditEntry("install.moved", install.store_id, install.install_id)
        await self.world.installations.change_state(install.install_id, target, audit=audit)

    async def _begin(self, install: Install) -> None:
        generation = Generation(len(self.history.stored[install.install_id]))
        await self.world.book.begin(install.install_id, generation, self.worker)

    async def _deliver(self, install: Install) -> None:
        """A webhook of an install that was over before it came is never work."""
        was_over = install.install_id in self.history.over
        event_id = SystemIds().event_id()
        delivery = Delivery(
            event_id=event_id,
            store_id=install.store_id,
            install_id=install.install_id,
            topic="order.create",
            body=b"{}",
            received_at=NOW,
            dedupe_key=dedupe_key(install.store_id, install.install_id, "order.create", event_id.bytes),
            keep_for=timedelta(days=3),
            entity=Entity(EntityKind.ORDER, "7"),
        )
        receipt = await self.inbox.accept(delivery)
        assert receipt is Receipt.CANCELLED or not was_over

    async def _fill(self, install: Install) -> None:
        """A backfill is asked for: never of an install that was over before."""
        was_over = install.install_id in self.history.over
        audit = AuditEntry("backfill.requested", install.store_id, install.install_id)
        began = await PostgresBackfills(self.world.pool).request(install.install_id, [EntityKind.ORDER], audit=audit)
        assert not (began and was_over)

    async def _work(self, install: Install) -> None:
        """Looks at the store first, as ingest does."""
        async with self.world.pool.acquire() as conn, conn.transaction():
            live = await conn.fetchval(
                "SELECT true FROM stores WHERE store_id = $1 AND install_id = $2 AND state <> 'uninstalled' FOR SHARE",
                install.store_id,
                install.install_id,
            )
            await add_event(conn, install, "running" if live else "cancelled", "queued" if live else None)

    async def _agrees(self) -> None:
        for store_id, known in self.history.installs.items():
            assert [install.epoch for install in known] == list(range(1, len(known) + 1))
            self.history.over |= {install.install_id for install in known[:-1]}
            current = await self.world.installations.current(store_id)
            assert current is not None
            assert current.install_id == known[-1].install_id
            is_over = current.install_id in self.history.over
            assert (current.state is InstallState.UNINSTALLED) == is_over
            await self._opens(store_id, None if is_over else current.install_id)
        await self._nothing_left_of_ended()

    async def _opens(self, store_id: StoreId, install_id: InstallId | None) -> None:
        opened = await self.world.vault.open(store_id)
        if install_id is None:
            assert opened is None
            return
        assert opened is not None
        stored = self.history.stored[install_id]
        assert (opened.install_id, opened.generation, opened.tokens) == (install_id, len(stored), stored[-1])

    async def _nothing_left_of_ended(self) -> None:
        rows = await self._rows()
        for install_id in self.history.over:
            left = rows[install_id]
            assert [table for table in TABLES[1:5] if left[table]] == []
            assert not any(state in row for row in left["events"] + left["runs"] for state in ("queued", "running"))

    async def _rows(self) -> dict[InstallId, dict[str, list[str]]]:
        """Every row of every install so far, as text."""
        ids = [install.install_id for known in self.history.installs.values() for install in known]
        found: dict[InstallId, dict[str, list[str]]] = {each: {table: [] for table in TABLES} for each in ids}
        for table in TABLES:
            statement = f"SELECT install_id, t::text AS row FROM {table} t WHERE install_id = ANY ($1) ORDER BY 2"
            for record in await self.world.pool.fetch(statement, ids):
                found[record["install_id"]][table].append(record["row"])
        return found


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    try:
        yield loop
    finally:
        loop.close()


def test_commands_for_one_install_never_touch_another(database: Database, loop: asyncio.AbstractEventLoop) -> None:
    pool = loop.run_until_complete(open_pool(database.dsn, max_size=8))
    world = World(pool)
    worker = loop.run_until_complete(world.worker(3600))
    inbox = PostgresInbox(pool)
    parts = {"world": world, "inbox": inbox, "worker": worker, "loop": loop}
    machine = type("Machine", (Interleavings,), parts)
    bounds = settings(max_examples=40, stateful_step_count=12)
    try:
        run_state_machine_as_test(machine, settings=bounds)
    finally:
        loop.run_until_complete(inbox.aclose())
        loop.run_until_complete(pool.close())
