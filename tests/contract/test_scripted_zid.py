"""What tests of the features rely on when they script Zid."""

from dataclasses import replace

import pytest

from adapters.memory import refuse_production
from adapters.memory.zid_gateway import ScriptedExchange, ScriptedGateway, ScriptedProbe, ScriptedTokenSource
from core.domain.operations.account import GetProfile
from core.domain.operations.operation import Operation
from core.domain.operations.webhooks import DeleteWebhooks, ListWebhooks
from core.domain.secret import Secret
from core.domain.stores import StoreIdentity
from core.domain.tokens import Tokens, TokenSet
from core.errors import NeedsReauthorization, RateLimited, Refused, SettingInvalid
from core.ids import Generation, InstallId, StoreId

STORE = StoreId(1)
TOKENS = Tokens(Secret("a"), Secret("m"), Secret("r"), None)
IDENTITY = StoreIdentity(STORE, None, "x", None, None)


async def test_replies_come_in_order_and_the_last_one_stays() -> None:
    gateway = ScriptedGateway()
    gateway.on(GetProfile, RateLimited("wait"), IDENTITY)
    with pytest.raises(RateLimited):
        await gateway.perform(STORE, GetProfile())
    assert [await gateway.bound_to(STORE).perform(GetProfile()) for _ in range(2)] == [IDENTITY, IDENTITY]
    assert gateway.calls == [(STORE, GetProfile())] * 3


async def test_a_reply_may_be_a_function_of_the_operation() -> None:
    gateway = ScriptedGateway()
    deleted: list[Operation[object]] = []
    gateway.on(DeleteWebhooks, deleted.append)
    await gateway.perform(STORE, DeleteWebhooks("app"))
    assert deleted == gateway.asked(DeleteWebhooks) == [DeleteWebhooks("app")]


async def test_what_is_not_scripted_fails_loudly() -> None:
    with pytest.raises(LookupError, match="ListWebhooks"):
        await ScriptedGateway().perform(STORE, ListWebhooks())


async def test_the_probe_and_the_exchange_follow_their_scripts() -> None:
    probe, exchange = ScriptedProbe({"user": {}}, None), ScriptedExchange()
    assert [await probe.profile(TOKENS), await probe.profile(TOKENS)] == [{"user": {}}, None]
    exchange.codes.then({"access_token": "x"}, Refused(400, "used"))
    assert await exchange.redeem_code("code") == {"access_token": "x"}
    with pytest.raises(Refused):
        await exchange.redeem_code("code")
    exchange.refreshes.then(lambda token: {"refresh_token": token + "+"})
    assert await exchange.refresh("r") == {"refresh_token": "r+"}
    assert exchange.codes.asked == ["code", "code"]


async def test_a_token_source_renews_once_per_generation() -> None:
    first = TokenSet(STORE, InstallId(1), Generation(1), TOKENS)
    source = ScriptedTokenSource(first)
    source.renewals.then(lambda seen: replace(seen, generation=Generation(seen.generation + 1)))
    assert (await source.renew(first)).generation == 2
    assert (await source.renew(first)).generation == 2
    assert source.renewals.asked == [first]
    assert (await source.current(STORE)).generation == 2
    with pytest.raises(NeedsReauthorization):
        await source.current(StoreId(404))


def test_memory_adapters_refuse_production() -> None:
    refuse_production("development")
    with pytest.raises(SettingInvalid, match="ENVIRONMENT"):
        refuse_production("production")
