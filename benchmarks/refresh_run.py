"""A refresh run of 10,000 due stores against the sandbox over real HTTP: its rate, and whether memory stays flat.

`make bench ONLY=refresh_run` starts a Postgres and a sandbox of its own, puts that many stores with sealed tokens of
real size in the vault, all of them due, and renews them as a scheduler does, with its settings REFRESH_BATCH and
REFRESH_AT_ONCE. Every refresh token must reach the sandbox exactly once. Memory is this process's: what it grows by
after the first 3,000 stores, when the vault's cache is full. The sandbox shares the machine; it signs a token for each
renewal.

Then fewer stores are renewed round by round, by Wasl and by a bare loop (`benchmarks.peers.renewals`), against a stub
that costs next to nothing.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from time import perf_counter
from urllib.request import urlopen

import psutil
import psycopg
import structlog
import uvloop

from adapters.postgres.sealed_tokens import Place, seal_tokens
from adapters.sealing.fernet import FernetSealer
from adapters.sealing.ring_keys import generate_key
from benchmarks.peers.renewals import Paced, bare, wasl
from benchmarks.refresh_due import measured_database
from benchmarks.report import Goal, Report, Scale, Series, at_least, told
from benchmarks.rounds import Figure, interleave, ratio
from benchmarks.world import TREE
from config.settings import Settings, load_settings
from core.domain.secret import Secret
from core.domain.tokens import Tokens
from core.ids import Generation, InstallId, StoreId
from entrypoints.background.refreshing import Refreshing
from entrypoints.wiring import daemon
from sandbox import server
from sandbox.settings import AppRegistration, SandboxSettings
from sandbox.world.records import Grant

WARM = 3000
"""Stores after which memory has to stay where it is."""
GROWTH_MB = 10.0
OF_BARE = 0.5
PEERS = TREE / "benchmarks" / "peers"
PLAY_ZID = "--play-zid"
CLIENT, SECRET = "48", "a-client-secret"
YEAR = 365 * 86_400
NEW_STORE = "INSERT INTO stores (store_id, title, install_id, epoch, state) VALUES (%s, 'a store', %s, 1, 'active')"
NEW_INSTALL = "INSERT INTO installs (install_id, store_id, epoch, state) VALUES (%s, %s, 1, 'active')"
NEW_KEY = "INSERT INTO data_keys (install_id, store_id, key_id, wrapped) VALUES (%s, %s, %s, %s)"
NEW_TOKENS = "INSERT INTO tokens (install_id, store_id, generation, sealed, expires_at) VALUES (%s, %s, 1, %s, %s)"
NEW_DUE = "INSERT INTO refresh_due (install_id, store_id, due_at) VALUES (%s, %s, now())"


def given_tokens(store_id: int) -> dict[str, str]:
    """The same in both processes."""
    draw = Random(store_id)
    lengths = {"authorization": 540, "manager_token": 200, "refresh_token": 700}
    return {name: f"{name}-{store_id}-{draw.randbytes(length).hex()}" for name, length in lengths.items()}


async def play_zid(stores: int) -> None:
    """A sandbox that knows the stores' tokens. Says where it is, and ends with its stdin."""
    app = AppRegistration(CLIENT, SECRET, 7367, "http://127.0.0.1:1/auth/zid/callback", "http://127.0.0.1:1/auth/zid")
    running = await server.start(SandboxSettings(port=0, app=app))
    world, now = running.sandbox.world, running.sandbox.world.now()
    for store_id in range(1, stores + 1):
        family = f"family-{store_id}"
        given = given_tokens(store_id)
        grant = Grant(f"grant-{store_id}", CLIENT, store_id, [], **given, expires=now + YEAR,
                      refresh_expires=now + YEAR, family=family)  # fmt: skip
        world.add_grant(grant)
    print(running.url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await running.stop()


@contextmanager
def sandbox(stores: int) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.refresh_run", PLAY_ZID, str(stores)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        url = next(line for line in process.stdout if line.startswith("http")).strip()
        try:
            yield url
        finally:
            process.stdin.close()


def settings_for(dsn: str, zid: str, key: Secret) -> Settings:
    return load_settings(
        {
            "DATABASE_URL": dsn,
            "ZID_API_URL": zid,
            "ZID_OAUTH_URL": zid,
            "ZID_CLIENT_ID": CLIENT,
            "ZID_CLIENT_SECRET": SECRET,
            "ZID_APP_ID": "7367",
            "PUBLIC_URL": "http://127.0.0.1:1",
            "TOKEN_KEYS": key.reveal(),
            "SESSION_KEY": "a session key of more than 32 letters",
            "WEBHOOK_SECRET": "a webhook secret of more than 32 letters",
        }
    )


def fill(owner_dsn: str, stores: int, key: Secret) -> None:
    """Stores as they are on the day their tokens become due."""
    sealer, expires_at = FernetSealer((key,)), datetime.now(UTC) + timedelta(days=73)
    with psycopg.connect(owner_dsn) as owner:
        for store_id in range(1, stores + 1):
            data_key = sealer.new_data_key()
            secrets = {name: Secret(value) for name, value in given_tokens(store_id).items()}
            place = Place(StoreId(store_id), InstallId(store_id), Generation(1))
            sealed = seal_tokens(sealer, data_key, place, Tokens(**secrets, expires_at=expires_at))
            owner.execute(NEW_STORE, [store_id, store_id])
            owner.execute(NEW_INSTALL, [store_id, store_id])
            owner.execute(NEW_KEY, [store_id, store_id, data_key.key_id, data_key.wrapped])
            owner.execute(NEW_TOKENS, [store_id, store_id, sealed, expires_at])
            owner.execute(NEW_DUE, [store_id, store_id])


async def renew(settings: Settings, stores: int) -> dict[str, object]:
    """Runs until nothing is due. Megabytes are read after each run."""
    memory, tried, renewed, began = [], 0, 0, perf_counter()
    async with daemon(settings, "scheduler") as parts:
        feature = parts.features.renew_due()
        refreshing = Refreshing(feature, batch=settings.refresh_batch, at_once=settings.refresh_at_once)
        while (report := await refreshing.run(asyncio.Event())).claimed:
            tried, renewed = tried + report.tried, renewed + report.renewed
            memory.append((tried, psutil.Process().memory_info().rss / 1e6))
            shown = {"tried": tried, "per second": round(report.per_second), "MB": round(memory[-1][1], 1)}
            print(json.dumps(shown), flush=True)
    seconds = perf_counter() - began
    warm = next(megabytes for reached, megabytes in memory if reached >= min(WARM, stores // 2))
    return {
        "renewed": renewed,
        "seconds": round(seconds, 1),
        "stores per second": round(renewed / seconds, 1),
        "at once": settings.refresh_at_once,
        "MB when warm": round(warm, 1),
        "MB grown since": round(max(megabytes for reached, megabytes in memory if reached >= WARM) - warm, 1)
        if stores > WARM
        else None,
    }


def exchanges(zid: str) -> dict[str, int]:
    """What the sandbox counted."""
    with urlopen(f"{zid}/__sandbox/stats", timeout=60) as answer:
        counted = json.load(answer)["oauth"]
    return {"exchanges": counted["refresh_token"].get("ok", 0), "uses of spent tokens": counted["refresh_reuse"]}


@dataclass(frozen=True)
class Vault:
    """Stores, all of which become due once more for each contestant."""

    settings: Settings
    owner_dsn: str
    stores: int

    def rate(self, renew_all: Callable[[Settings], Coroutine[object, object, Paced]]) -> float:
        """Stores per second. Raises SystemExit where a store was left out, or a refresh token spent twice."""
        with psycopg.connect(self.owner_dsn, autocommit=True) as owner:
            before = generations(owner)
            owner.execute("UPDATE refresh_due SET due_at = now(), failures = 0")
            owner.execute("VACUUM ANALYZE refresh_due, tokens, refresh_intents")
            paced = uvloop.run(renew_all(self.settings))
            moved = generations(owner) - before
        with urlopen(f"{self.settings.zid_oauth_url}/counted", timeout=60) as answer:
            counted = json.load(answer)
        if (paced.renewed, moved, counted) != (self.stores, self.stores, {"exchanges": self.stores, "spent twice": 0}):
            raise SystemExit(f"not every store was renewed once: {paced}, {moved} generations, {counted}")
        return paced.per_second


def generations(owner: psycopg.Connection) -> int:
    return int((owner.execute("SELECT coalesce(sum(generation), 0) FROM tokens").fetchone() or (0,))[0])


@contextmanager
def token_stub() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(PEERS / "token_stub.py"), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def paces(stores: int, rounds: int) -> list[Figure]:
    key = generate_key()
    with measured_database() as (dsn, owner_dsn), token_stub() as zid:
        fill(owner_dsn, stores, key)
        vault = Vault(settings_for(dsn, zid, key), owner_dsn, stores)
        return interleave({"bare": lambda: vault.rate(bare), "wasl": lambda: vault.rate(wasl)}, rounds)


def benchmark(scale: Scale) -> Report:
    stores = scale.pick(200, 10_000, 100_000)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    key = generate_key()
    with measured_database() as (dsn, owner_dsn), sandbox(stores) as zid:
        fill(owner_dsn, stores, key)
        result = asyncio.run(renew(settings_for(dsn, zid, key), stores))
        result |= exchanges(zid)
    if (result["renewed"], result["exchanges"], result["uses of spent tokens"]) != (stores, stores, 0):
        raise SystemExit(f"not every store was renewed once: {result}")
    grown = result.pop("MB grown since")
    figures = paces(scale.pick(100, 2000, 10_000), scale.rounds)
    goals = [at_least("stores renewed in a second to those of a bare loop", ratio(figures, "wasl", "bare"), OF_BARE)]
    if grown:
        goals.append(Goal("memory after 3,000 stores, more", float(str(grown)), GROWTH_MB, False, " MB"))
    return Report(
        series=[Series("Renewals", "stores per second", figures)],
        goals=goals,
        facts=result,
        checked=["every refresh token reached the sandbox once, and the stub once in each round"],
    )


if __name__ == "__main__":
    if sys.argv[1:2] == [PLAY_ZID]:
        asyncio.run(play_zid(int(sys.argv[2])))
    else:
        told(benchmark)
