"""The container gives every kind of caller its gateway, and they share what has to be shared."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from adapters.zid.gateway import AiohttpZidGateway
from config.container import Features
from config.lifespan import open_adapters
from config.settings import load_settings
from core.domain.breaker import BreakerName
from core.domain.events import WorkItem, WorkKind
from core.domain.rate import Traffic
from core.errors import SettingInvalid
from core.features.event_handlers import Handlers
from core.ids import StoreId, WorkerId
from entrypoints.announcer import BackgroundAnnouncer
from entrypoints.limits import within
from entrypoints.wiring import log_for
from tests.servers import Database


async def test_without_redis_every_guard_asks_postgres(database: Database) -> None:
    settings = load_settings({"DATABASE_URL": database.dsn, "TOKEN_KEYS": Fernet.generate_key().decode()})
    async with open_adapters(settings, "http") as adapters:
        await adapters.states().put("abc", "value", ttl=60)
        assert await adapters.states().take("abc") == "value"
        await adapters.cache().put("cities", "[]", ttl=60)
        assert await adapters.shared_limiter().take(StoreId(1), Traffic.HANDLER) == 0
        assert await adapters.breaker_news().may_probe(BreakerName("orders"), seconds=60)
        assert not await adapters.breaker_news().may_probe(BreakerName("orders"), seconds=60)
        work = [WorkItem(kind, "7", StoreId(1)) for kind in WorkKind]
        for item in work:
            assert await adapters.indexes()[item.kind].publish([item]) == 1
        assert [await adapters.indexes()[item.kind].take(limit=5, wait=0) for item in work] == [[one] for one in work]


async def test_a_redis_queue_needs_a_redis(database: Database) -> None:
    settings = load_settings(
        {"DATABASE_URL": database.dsn, "TOKEN_KEYS": Fernet.generate_key().decode(), "QUEUE": "redis"}
    )
    async with open_adapters(settings, "http") as adapters:
        with pytest.raises(SettingInvalid, match="QUEUE=postgres needs none"):
            adapters.indexes()


async def test_three_gateways_share_one_limiter_and_one_set_of_breakers(database: Database, redis_url: str) -> None:
    settings = load_settings(
        {
            "DATABASE_URL": database.dsn,
            "REDIS_URL": redis_url,
            "TOKEN_KEYS": Fernet.generate_key().decode(),
            "ZID_CLIENT_ID": "48",
            "ZID_CLIENT_SECRET": "secret",
            "ZID_RATE_PER_MINUTE": "60",
        }
    )
    async with open_adapters(settings, "http") as adapters:
        features = Features(
            settings=settings,
            adapters=adapters,
            handlers=Handlers(()),
            announcer=BackgroundAnnouncer(adapters.indexes()),
            worker=lambda: WorkerId(1),
            ask_database=adapters.ping_database(),
            within=within,
            log_for=log_for,
        )
        gateways = [features.gateway(), features.handler_gateway(), features.backfill_gateway()]
        assert len({id(gateway) for gateway in gateways}) == 3
        assert all(isinstance(gateway, AiohttpZidGateway) for gateway in gateways)
        assert features.gateway() is gateways[0]
        assert adapters.limiter() is adapters.limiter()
        assert adapters.breakers() is adapters.breakers()
        assert await adapters.limiter().take(StoreId(1), Traffic.HANDLER) == 0
        keys = [key async for key in adapters.redis().writer.scan_iter("wasl:rate:*")]
        assert keys == ["wasl:rate:{48:1}"]
        assert adapters.metrics().render()
