"""The ring is rotated while old and new replicas work, by a command that is killed: nobody notices, nothing is lost."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.postgres.sealed_tokens import Place, open_tokens, seal_tokens
from adapters.sealing.fernet import FernetSealer
from adapters.sealing.ring_keys import generate_key, key_id
from core.domain.rings import secret_id
from core.domain.secret import Secret
from core.errors import KeyMissing, SealBroken
from core.ids import Generation, InstallId, StoreId
from core.ports.sealing import WrappedKey
from tests.acceptance.replica import BROKEN, tokens_of
from tests.acceptance.story import Service
from tests.acceptance.wasl_up import environment, running, wasl
from tests.eventually import eventually
from tests.servers import Database

FEW, MANY = 300, 100_000
COLUMNS = {
    "stores": "store_id, title, install_id, epoch, state",
    "installs": "install_id, store_id, epoch, state",
    "data_keys": "install_id, store_id, key_id, wrapped",
    "tokens": "install_id, store_id, generation, sealed, expires_at",
}
START = 180.0


@dataclass
class Vault:
    """A database full of stores that the old key seals, and the service's commands on it."""

    database: Database
    place: Path
    stores: int
    old: str = field(default_factory=lambda: generate_key().reveal())
    new: str = field(default_factory=lambda: generate_key().reveal())

    @property
    def old_id(self) -> str:
        return key_id(Secret(self.old))

    @property
    def new_id(self) -> str:
        return key_id(Secret(self.new))

    def ring(self, *keys: str) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database.dsn,
            "TOKEN_KEYS": ",".join(keys),
            "SPOOL_DIR": str(self.place / "spool"),
            "LOG_LEVEL": "ERROR",
            "ZID_CLIENT_ID": "1",
            "ZID_CLIENT_SECRET": "not used",
        }

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database.owner_dsn, autocommit=True) as owner:
            cursor = owner.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def fill(self) -> None:
        """Every store installed as the service would have, under the old key."""
        sealer = FernetSealer((Secret(self.old),))
        rows = [_rows_of(sealer, store_id) for store_id in range(1, self.stores + 1)]
        with psycopg.connect(self.database.owner_dsn) as owner, owner.cursor() as cursor:
            for table, columns in COLUMNS.items():
                with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                    for of_store in rows:
                        copy.write_row(of_store[table])
        self.sql("ANALYZE stores, installs, data_keys, tokens")

    def spoil(self, store_id: int) -> bytes:
        """Changes a byte of its data key; what it was before."""
        ((whole,),) = self.sql("SELECT wrapped FROM data_keys WHERE store_id = %s", store_id)
        changed = "set_byte(wrapped, 40, get_byte(wrapped, 40) # 1)"
        self.sql(f"UPDATE data_keys SET wrapped = {changed} WHERE store_id = %s", store_id)
        return bytes(whole)

    def command(self, *words: str, keys: Sequence[str]) -> tuple[int, Any]:
        told = wasl("keys", *words, "--json", cwd=self.place, **self.ring(*keys))
        assert told.stdout, told.stderr
        return told.returncode, json.loads(told.stdout)

    def rotate_and_kill(self, per_second: int, until: int) -> None:
        """A rotation that dies when it has reached so many."""
        command = [sys.executable, "-P", "-m", "entrypoints.cli", "keys", "rotate", "--per-second", str(per_second)]
        process = subprocess.Popen(
            command,
            cwd=self.place,
            env=environment(**self.ring(self.new, self.old)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert eventually(lambda: self.done() >= until, seconds=START), self.done()
        finally:
            process.kill()
            process.wait()
        assert self.done() < self.stores - 1, "it was killed in the middle"

    def is_deserted(self) -> bool:
        """Whether no process is left, nor the lease of one that had no time to give it back."""
        return self.sql("SELECT count(*) FROM workers WHERE lease_until > now()") == [(0,)]

    def done(self) -> int:
        """Over all runs of the rotation that is under way."""
        found = self.sql("SELECT done FROM key_rotations WHERE kind = 'ring' AND finished_at IS NULL")
        return int(found[0][0]) if found else 0

    @contextmanager
    def replica(self, *keys: str, first_own: int) -> Iterator["Replica"]:
        command = [sys.executable, "-P", "-m", "tests.acceptance.replica", str(self.stores), str(first_own)]
        with (self.place / f"replica-{first_own}.log").open("w") as log:
            process = subprocess.Popen(
                command,
                cwd=self.place,
                env=environment(**self.ring(*keys)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            try:
                assert process.stdout.readline(), "it did not start"
                yield Replica(process)
            finally:
                process.kill()
                process.wait()
                process.communicate()


@dataclass
class Replica:
    process: subprocess.Popen[str]

    def stop(self) -> dict[str, int]:
        """What it did."""
        said, _ = self.process.communicate(timeout=START)
        assert self.process.returncode == 0
        return dict(json.loads(said))


def _rows_of(sealer: FernetSealer, store_id: int) -> dict[str, tuple[object, ...]]:
    install_id, tokens, key = store_id + 10_000_000, tokens_of(store_id, 1), sealer.new_data_key()
    place = Place(StoreId(store_id), InstallId(install_id), Generation(1))
    sealed = seal_tokens(sealer, key, place, tokens)
    return {
        "stores": (store_id, f"Store {store_id}", install_id, 1, "active"),
        "installs": (install_id, store_id, 1, "active"),
        "data_keys": (install_id, store_id, key.key_id, key.wrapped),
        "tokens": (install_id, store_id, 1, sealed, datetime.now(UTC) + timedelta(days=300)),
    }


@pytest.mark.parametrize(
    ("stores", "per_second", "kills"),
    [(FEW, 15, [10]), pytest.param(MANY, 2000, [5, 2], marks=pytest.mark.prove)],
    ids=["few", "many"],
)
def test_the_ring_is_rotated_in_daylight(
    database: Database, tmp_path: Path, stores: int, per_second: int, kills: list[int]
) -> None:
    vault = Vault(database, tmp_path, stores)
    vault.fill()
    whole = vault.spoil(BROKEN)
    with (
        vault.replica(vault.old, vault.new, first_own=2_000_000) as before,
        vault.replica(vault.new, vault.old, first_own=3_000_000) as after,
    ):
        for part in kills:
            vault.rotate_and_kill(per_second, until=stores // part)
        fared = [before.stop()]  # what it installed under the old key is reached like everything else
        code, told = vault.command("rotate", keys=(vault.new, vault.old))
        assert (code, told["complete"], told["left"], told["quarantined"]) == (1, True, 0, 1), told
        assert [one["store_id"] for one in told["stores"]] == [BROKEN]
        if stores == MANY:
            code, told = vault.command("rotate", "--data-keys", keys=(vault.new, vault.old))
            assert (code, told["complete"], told["left"], told["quarantined"]) == (1, True, 0, 1), told
            assert told["moved"] >= stores - 1
        fared.append(after.stop())

    for counts in fared:
        assert not [what for what in counts if what.startswith("failed")], counts
        assert {"opened", "renewed", "installed"} <= set(counts), counts
    assert eventually(vault.is_deserted, seconds=START)
    code, shown = vault.command("status", keys=(vault.new, vault.old))
    keys = {one["id"]: one for one in shown["keys"]}
    assert (keys[vault.old_id]["uses"], keys[vault.old_id]["may_be_dropped"]) == ({}, True), keys
    installed = sum(counts["installed"] for counts in fared)
    assert keys[vault.new_id]["uses"] == {"data_keys": stores + installed - 1}
    assert (code, [one["store_id"] for one in shown["quarantined"]]) == (1, [BROKEN])
    assert intact(vault, [number for number in range(1, FEW + 1) if number != BROKEN])
    assert not intact(vault, [BROKEN])
    if stores == MANY:
        heals_when_its_row_is_put_right(vault, whole)


def heals_when_its_row_is_put_right(vault: Vault, whole: bytes) -> None:
    vault.sql("UPDATE data_keys SET wrapped = %s WHERE store_id = %s", whole, BROKEN)
    code, told = vault.command("rotate", keys=(vault.new, vault.old))
    assert (code, told["moved"], told["quarantined"]) == (0, 1, 0), told
    assert vault.command("status", keys=(vault.new,))[0] == 0
    assert intact(vault, [BROKEN])


def intact(vault: Vault, stores: Sequence[int]) -> bool:
    """Whether every store's tokens open with the new key alone and are those that were stored last."""
    sealer = FernetSealer((Secret(vault.new),))
    rows = vault.sql(
        "SELECT k.store_id, k.install_id, t.generation, k.key_id, k.wrapped, t.sealed "
        "FROM data_keys k JOIN tokens t USING (install_id) WHERE k.store_id = ANY (%s)",
        list(stores),
    )
    return len(rows) == len(stores) and all(_opens(sealer, *row) for row in rows)


def _opens(
    sealer: FernetSealer, store: int, install: int, generation: int, key_id: str, wrapped: bytes, sealed: bytes
) -> bool:
    place = Place(StoreId(store), InstallId(install), Generation(generation))
    try:
        found = open_tokens(sealer, WrappedKey(key_id, bytes(wrapped)), place, bytes(sealed), None)
    except (SealBroken, KeyMissing):
        return False
    return found.tokens.refresh_token == tokens_of(store, generation).refresh_token


def test_production_does_not_start_without_a_key_that_still_seals_a_store(database: Database, tmp_path: Path) -> None:
    vault = Vault(database, tmp_path, stores=3)
    vault.fill()
    production = {
        "ENVIRONMENT": "production",
        "PUBLIC_URL": "https://app.example.com",
        "QUEUE": "postgres",
        **dict.fromkeys(("WEBHOOK_SECRET", "APP_EVENTS_SECRET", "SESSION_KEY", "ADMIN_API_KEY"), "x" * 40),
        "ZID_APP_ID": "2",
    }
    refused = wasl("consumer", cwd=tmp_path, **{**vault.ring(vault.new), **production})
    assert refused.returncode == 1, refused
    needed = f"TOKEN_KEYS: lacks the key {vault.old_id}, which still seals the tokens of 3 stores"
    assert needed in refused.stderr + refused.stdout, refused


@pytest.mark.prove
def test_webhooks_move_to_a_new_secret_and_no_delivery_is_lost() -> None:
    with running("--no-demo") as up:
        service = Service(up)
        store_id, old, new = service.new_store(), service.secrets["WEBHOOK_SECRET"], "n" * 40
        before = addresses(service, store_id)
        for ring in (f"{old},{new}", f"{new},{old}", new):
            assert up.stop() == 0
            up.start("--no-demo", WEBHOOK_SECRET=ring, WEBHOOK_CHECK_EVERY="3")
            received = service.books(store_id)["received"]
            service.sandbox.trigger(store_id, "order.create", 5)
            if ring.startswith(new):
                moved = eventually(lambda: not before & addresses(service, store_id), seconds=120)
                assert moved, (ring, addresses(service, store_id))
                assert eventually(lambda ring=ring: may_go(service, ring, old), seconds=60)
            else:
                assert addresses(service, store_id) == before
            assert service.has_settled(store_id, received=received + 5), service.books(store_id)
        assert service.sandbox.stats(store_id)["webhooks"]["broken"] == 0
        assert service.audited(store_id, "webhooks.subscribed") == 2, "at the install, and once for the new secret"


def addresses(service: Service, store_id: int) -> set[str]:
    """Where Zid delivers to, as the service saw it last."""
    found = service.sql(
        "SELECT DISTINCT split_part(target_url, '/', 6) FROM webhook_subscriptions w "
        "JOIN installs i USING (install_id) WHERE i.store_id = %s",
        store_id,
    )
    return {str(token) for (token,) in found}


def may_go(service: Service, ring: str, old: str) -> bool:
    """Whether the old secret may be dropped; it may where it was."""
    told = json.loads(service.up.wasl("keys", "status", "--json", WEBHOOK_SECRET=ring).stdout)
    keys = {one["id"]: one for one in told["keys"] if one["ring"] == "WEBHOOK_SECRET"}
    return secret_id(Secret(old)) not in keys or keys[secret_id(Secret(old))]["may_be_dropped"]
