"""One database with its vault, and short ways to say what a test wants."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from adapters.postgres.connection import Pool
from adapters.postgres.installations import PostgresInstallations
from adapters.postgres.refresh_book import PostgresRefreshBook
from adapters.postgres.token_vault import PostgresTokenVault
from adapters.sealing.fernet import FernetSealer
from adapters.sealing.ring_keys import generate_key
from adapters.system import SystemIds
from core.domain.audit import AuditEntry
from core.domain.secret import Secret
from core.domain.stores import Install, StoreIdentity
from core.domain.tokens import Tokens, TokenSet
from core.ids import InstallId, StoreId, WorkerId

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=300)
RING = (generate_key(), generate_key())
_numbers = count(1)


def some_tokens() -> Tokens:
    """Three texts that occur nowhere else."""
    n = next(_numbers)
    names = ("authorization", "manager", "refresh")
    first, second, third = (Secret(f"plain-{name}-{n}-{SystemIds().secret_text()}") for name in names)
    return Tokens(first, second, third, NOW + timedelta(days=365))


def texts(tokens: Tokens) -> list[str]:
    return [secret.reveal() for secret in (tokens.authorization, tokens.manager_token, tokens.refresh_token)]


@dataclass
class World:
    """The vault's adapters on one database, with a given ring of keys."""

    pool: Pool
    ring: tuple[Secret, ...] = RING
    installations: PostgresInstallations = field(init=False)
    vault: PostgresTokenVault = field(init=False)
    book: PostgresRefreshBook = field(init=False)

    def __post_init__(self) -> None:
        sealer = FernetSealer(self.ring)
        self.installations = PostgresInstallations(self.pool, sealer)
        self.vault = PostgresTokenVault(self.pool, sealer)
        self.book = PostgresRefreshBook(self.pool)

    def with_ring(self, *ring: Secret) -> World:
        """Another process with other keys on the same database."""
        return World(self.pool, ring)

    async def install(
        self,
        store: int = 1,
        *,
        tokens: Tokens | None = None,
        install_id: InstallId | None = None,
        due: datetime = LATER,
    ) -> Install:
        store_id = StoreId(store)
        identity = StoreIdentity(store_id, f"uuid-{store}", f"Store {store}", None, "SAR")
        new = install_id or SystemIds().install_id()
        audit = AuditEntry("install.activated", store_id, new)
        given = tokens or some_tokens()
        return await self.installations.activate(identity, new, given, refresh_at=due, audit=audit)

    async def end(self, install: Install) -> int | None:
        audit = AuditEntry("install.ended", install.store_id, install.install_id)
        return await self.installations.end(install.install_id, audit=audit)

    async def renew(self, seen: TokenSet, tokens: Tokens | None = None, due: datetime = LATER) -> bool:
        audit = AuditEntry("token.refreshed", seen.store_id, seen.install_id)
        return await self.vault.replace(seen, tokens or some_tokens(), refresh_at=due, audit=audit)

    async def opened(self, store: int = 1) -> TokenSet:
        found = await self.vault.open(StoreId(store))
        assert found is not None
        return found

    async def worker(self, lease: float = 60.0) -> WorkerId:
        statement = "INSERT INTO workers (kind, lease_until) VALUES ('test', now() + make_interval(secs => $1))"
        return WorkerId(await self.pool.fetchval(statement + " RETURNING worker_id", lease))

    async def lose_lease(self, worker: WorkerId) -> None:
        await self.pool.execute("UPDATE workers SET lease_until = now() - interval '1 s' WHERE worker_id = $1", worker)

    async def audited(self) -> list[str]:
        return [row[0] for row in await self.pool.fetch("SELECT action FROM audit ORDER BY audit_id")]

    async def rows_of(self, install: Install) -> dict[str, int]:
        """How many rows of each kind the install has in the vault."""
        tables = ("tokens", "data_keys", "refresh_due", "refresh_intents")
        statements = {name: f"SELECT count(*) FROM {name} WHERE install_id = $1" for name in tables}
        return {name: await self.pool.fetchval(sql, install.install_id) for name, sql in statements.items()}
