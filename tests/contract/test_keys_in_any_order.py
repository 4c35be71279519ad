"""Installs, renewals, uninstalls and both rotations in any order: every store opens with what was stored last."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from adapters.memory.system import ManualClock
from adapters.postgres.sealed_tokens import prove
from core.features.rotate_keys import Locksmith, RotateKeys, Run
from core.ids import StoreId
from core.ports.sealed_vault import Change, Rotation, RotationKind
from tests.contract.scenes import audit, install, tokens
from tests.contract.worlds import LedgerWorld

STORES = [StoreId(number) for number in range(1, 7)]
STEPS = 100


@dataclass
class AnyOrder:
    """One order of events, told by a seed. `expected` is the oracle: what each live store's refresh token is."""

    world: LedgerWorld
    chance: random.Random
    expected: dict[StoreId, str] = field(default_factory=dict)
    runs: dict[RotationKind, Run] = field(default_factory=dict)
    prepared: list[tuple[Rotation, Change]] = field(default_factory=list)
    """Changes of rows that were read some time ago, as a rotation that was frozen holds them."""
    renewed: int = 0
    moved: int = 0

    def __post_init__(self) -> None:
        sealer = self.world.sealer_of("second", "first")
        self.smith = Locksmith(sealer=sealer, prove=prove)
        self.feature = RotateKeys(
            vault=self.world.sealed,
            census=self.world.census,
            rings=self.world.process_rings,
            locksmith=self.smith,
            clock=ManualClock(),
        )
        self.vaults = [
            self.world.vault_of(self.world.sealer_of(*ring)) for ring in (("first", "second"), ("second", "first"))
        ]

    async def step(self) -> None:
        acts: list[Callable[[], Awaitable[None]]] = [
            *[self.install] * 2,
            self.end,
            *[self.renew] * 3,
            *[self.rotate] * 3,
            self.cut_off,
            *[self.prepare] * 2,
            self.write_late,
        ]
        await self.chance.choice(acts)()

    async def install(self) -> None:
        store_id = self.chance.choice(STORES)
        await install(self.world, store_id)
        self.expected[store_id] = "first-refresh"

    async def end(self) -> None:
        store_id = self.chance.choice(STORES)
        live = await self.world.installations.current(store_id)
        if self.expected.pop(store_id, None) and live is not None:
            await self.world.installations.end(live.install_id, audit=audit())

    async def renew(self) -> None:
        """A process of either configuration."""
        vault, store_id = self.chance.choice(self.vaults), self.chance.choice(STORES)
        seen = await vault.open(store_id)
        if seen is not None:
            self.renewed += 1
            fresh = tokens(self.world, f"renewed-{self.renewed}")
            assert await vault.replace(seen, fresh, refresh_at=self.world.now(), audit=audit())
            self.expected[store_id] = fresh.refresh_token.reveal()

    async def rotate(self) -> None:
        kind = self.chance.choice(list(RotationKind))
        run = self.runs.get(kind) or await self.feature.begin(kind, actor="tester")
        before, run = run, await self.feature.step(run, limit=2)
        self.moved += run.moved - before.moved
        self.runs.pop(kind, None)
        if not run.is_over:
            self.runs[kind] = run

    async def cut_off(self) -> None:
        self.runs.clear()

    async def prepare(self) -> None:
        kind = self.chance.choice(list(RotationKind))
        rotation = await self.world.sealed.begin(kind, "late", audit=audit())
        for row in await self.world.sealed.page(rotation, after=None, limit=2):
            if change := self.smith.change(kind, row, self.smith.fault(row)):
                self.prepared.append((rotation, change))

    async def write_late(self) -> None:
        for rotation, change in self.prepared:
            await self.world.sealed.swap(rotation, [change], audit=audit())
        self.prepared.clear()

    async def holds(self) -> None:
        for vault in self.vaults:
            for store_id in STORES:
                found = await vault.open(store_id)
                assert (found.tokens.refresh_token.reveal() if found else None) == self.expected.get(store_id)
        assert await self.world.census.quarantined() == []
        assert sum((await self.world.census.sealed_by()).values()) == len(self.expected)


@pytest.mark.parametrize("seed", range(3))
async def test_every_store_opens_with_what_was_stored_last(world: LedgerWorld, seed: int) -> None:
    order = AnyOrder(world, random.Random(seed))
    for _ in range(STEPS):
        await order.step()
        if order.chance.random() < 0.2:
            await order.holds()
    await order.holds()
    assert min(order.renewed, order.moved) >= 3
