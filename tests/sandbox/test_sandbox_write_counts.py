"""Writes are counted as applied and requested; faults, state files and seeds treat them as real ones."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from contextlib import closing

import aiohttp
import pytest

from sandbox.bodies import nested
from sandbox.knobs import Knobs
from sandbox.server import start
from sandbox.settings import SandboxSettings
from sandbox.world.shelves import SHOP_KINDS
from tests.sandbox.endpoint_rows import LOYALTY, ORDER, REVERSE, STORE
from tests.sandbox.endpoint_world import filled
from tests.sandbox.writing import PRODUCTS, listening, standalone

ORDERS = f"{STORE}/orders"


async def comment(zid, tokens, number, text):
    path = f"{ORDERS}/{number}/add-order-comment"
    return await zid.call("POST", path, headers=tokens.headers, json={"comment": text})


async def test_a_write_is_requested_applied_and_seen_when_repeated(zid, shop):
    tokens, _ = shop
    number = (await zid.get(tokens, ORDERS))[1]["orders"][0]["id"]
    for text in ("one", "two", "one", "x" * 101):
        await comment(zid, tokens, number, text)
    await zid.call("POST", f"{ORDERS}/{number}/add-order-comment", json={"comment": "nobody"})

    stats = await zid.stats()

    assert stats["writes"]["orders.add_comment"] == {"applied": 3, "requests": 5, "repeated": 1}
    assert stats["stores"][str(tokens.store_id)]["writes"]["orders.add_comment"]["requests"] == 4


async def test_reads_and_calculations_are_no_writes(zid, shop):
    tokens, send = shop
    before = (await zid.stats())["writes"]
    number = (await zid.get(tokens, ORDERS))[1]["orders"][0]["id"]

    await send("POST", "/v1/managers/reverse-credit-note/totals", data={"order_id": number, "is_partial": "0"})
    await send("GET", PRODUCTS)

    assert (await zid.stats())["writes"] == before


@pytest.mark.parametrize(("kind", "applied", "requests"), [("cut_after_commit", 1, 1), ("cut", 0, 0), ("status", 0, 0)])
async def test_a_write_whose_answer_is_cut_was_applied_all_the_same(zid, shop, kind, applied, requests):
    tokens, _ = shop
    told = await listening(zid, tokens, "product.create")
    await zid.control("POST", "/faults", {"route": f"POST {PRODUCTS}", "kind": kind, "times": 1})
    count = (await zid.get(tokens, PRODUCTS))[1]["count"]

    try:
        status, _ = await zid.call("POST", PRODUCTS, headers=tokens.headers, json={"name": "Lamp", "price": 1})
        assert status == 500
    except aiohttp.ClientError:
        assert kind != "status"

    stats = (await zid.stats())["writes"].get("products.create", {"applied": 0, "requests": 0})
    assert (stats["applied"], stats["requests"]) == (applied, requests)
    assert (await zid.get(tokens, PRODUCTS))[1]["count"] == count + applied
    assert len(await told()) == applied


async def test_a_blind_retry_makes_a_second_order_and_is_seen(zid, shop):
    """No idempotency key is documented: what is sent again is done again."""
    tokens, send = shop
    product = await standalone(zid, tokens)
    shipping = (await send("GET", f"{STORE}/delivery-options"))["delivery_options"][0]["id"]
    payment = (await send("GET", f"{STORE}/payment-methods"))["payload"][0]["id"]
    draft = filled(ORDER, {"sku": product["sku"], "shipping": shipping, "payment": payment})
    await zid.control("POST", "/faults", {"route": f"POST {STORE}/drafts", "kind": "cut_after_commit", "times": 1})

    with pytest.raises(aiohttp.ClientError):
        await zid.call("POST", f"{STORE}/drafts", headers=tokens.headers, json=draft)
    await send("POST", f"{STORE}/drafts", json=draft)

    assert (await zid.stats())["writes"]["orders.create"] == {"applied": 2, "requests": 2, "repeated": 1}
    assert (await zid.get(tokens, f"{ORDERS}?search_term=b@example.com"))[1]["grand_total"] == 2


async def test_a_third_of_cut_answers_leaves_every_write_applied_once(zid, shop):
    tokens, _ = shop
    number = (await zid.get(tokens, ORDERS))[1]["orders"][0]["id"]
    fault = {"route": "POST /v1/managers/store/orders/*", "kind": "cut_after_commit", "probability": 0.3}
    await zid.control("POST", "/faults", fault)
    outcomes: Counter[str] = Counter()

    for text in range(20):
        try:
            status, _ = await comment(zid, tokens, number, f"comment {text}")
            outcomes[str(status)] += 1
        except aiohttp.ClientError:
            outcomes["lost"] += 1

    assert set(outcomes) == {"200", "lost"}
    assert (await zid.stats())["writes"]["orders.add_comment"] == {"applied": 20, "requests": 20, "repeated": 0}


async def test_reads_lag_behind_writes_but_writes_do_not(zid, shop):
    tokens, send = shop
    product = await standalone(zid, tokens)
    await zid.knobs(lag_ms=60_000)

    await send("PATCH", f"{PRODUCTS}{product['id']}/", json={"price": 77})
    await send("PATCH", f"{PRODUCTS}{product['id']}/", json={"sku": "NEW"})
    made = await send("POST", PRODUCTS, 201, json={"name": "Lamp", "price": 1})

    assert (await zid.get(tokens, f"{PRODUCTS}{made['id']}/"))[0] == 404
    await zid.control("POST", "/clock", {"advance_seconds": 61})
    _, seen = await zid.get(tokens, f"{PRODUCTS}{product['id']}/")
    assert (seen["price"], seen["sku"]) == (77, "NEW")


async def story(zid):
    """A store, and a little of everything written in it."""
    await zid.control("POST", "/reset", {"seed": 11, "now": "2026-03-01T12:00:00Z"})
    tokens = await zid.installed(products=6, orders=3, customers=3, categories=2)
    headers = tokens.headers
    number = (await zid.get(tokens, ORDERS))[1]["orders"][0]["id"]
    person = {"customers[0][name]": "A", "customers[0][mobile]": "+966500000012"}
    await zid.call("POST", f"{STORE}/customers/bulk", headers=headers, data=person)
    await zid.call("POST", PRODUCTS, headers=headers, json={"name": "Lamp", "price": 1, "quantity": 3})
    reverse = {"order_id": number, "consignee_name": "A", "consignee_mobile": "1", "consignee_city_id": 1}
    _, body = await zid.call("POST", REVERSE, headers=headers, json=reverse | {"consignee_address_1": "x"})
    refund = {"order_reverse_id": body["order_reverse"]["id"], "amount": "1", "payment_method": "cash"}
    await zid.call("POST", f"{REVERSE}/refund", headers=headers, data=refund)
    await zid.call("POST", "/v1/attributes/", headers=headers, json={"name": "Weight"})
    points = {"direction": "+", "points": 5, "customerId": body["order_reverse"]["order_id"]}
    await zid.call("POST", f"{LOYALTY}/customers/adjust-customer-points", headers=headers, data=points)
    await zid.call("POST", f"{LOYALTY}/points-expiration", headers=headers, data={"days": "7"})
    return tokens


async def everything(zid, store_id):
    kinds = (
        "products", "orders", "customers", "categories", "locations", "attributes", "metafields", "coupons",
        "bundle_offers", "reasons", "vouchers", "notifications", "reverse_orders", "credit_notes", "points",
    )  # fmt: skip
    return {kind: (await zid.control("GET", f"/stores/{store_id}/entities/{kind}"))["items"] for kind in kinds}


async def test_the_same_writes_under_the_same_seed_make_the_same_ids(zid):
    worlds = []
    for _ in range(2):
        tokens = await story(zid)
        worlds.append(await everything(zid, tokens.store_id))

    for kind in worlds[0]:
        assert [row["id"] for row in worlds[0][kind]] == [row["id"] for row in worlds[1][kind]], kind
    assert len(worlds[0]["credit_notes"]) == 1


async def test_what_was_written_is_in_the_state_file(zid, tmp_path, make_app):
    settings = SandboxSettings(
        port=0, state_file=tmp_path / "state.db", app=make_app(zid.receiver.url), knobs={"rate.bucket": 0},
        save_every_seconds=60,
    )  # fmt: skip
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        first = await start(settings)
        here = type(zid)(first, session, zid.receiver)
        tokens = await story(here)
        before, counted = await everything(here, tokens.store_id), (await here.stats())["writes"]
        await first.stop()
        second = await start(settings)
        try:
            there = type(zid)(second, session, zid.receiver)
            assert await everything(there, tokens.store_id) == before
            assert (await there.stats())["writes"] == counted
            _, program = await there.get(tokens, "/v1/managers/loyalty-program/list-data")
            assert program["expiration_peroid"] == 7
            _, made = await there.call("POST", PRODUCTS, headers=tokens.headers, json={"name": "Next", "price": 1})
            assert made["id"] not in {row["id"] for row in before["products"]}
        finally:
            await second.stop()


async def test_a_state_file_from_before_there_were_shops_gets_them_opened(zid, tmp_path, make_app):
    settings = SandboxSettings(port=0, state_file=tmp_path / "old.db", app=make_app(zid.receiver.url))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        first = await start(settings)
        tokens = await type(zid)(first, session, zid.receiver).installed(products=3)
        await first.stop()
        make_old(tmp_path / "old.db")
        second = await start(settings)
        try:
            there = type(zid)(second, session, zid.receiver)
            _, locations = await there.get(tokens, "/v1/locations/")
            product = await standalone(there, tokens)
            _, program = await there.get(tokens, f"{LOYALTY}/list-data")
        finally:
            await second.stop()

    assert {row["location"]["id"] for row in product["stocks"]} == {row["id"] for row in locations["results"]}
    assert program["is_active"]


def make_old(path):
    """Takes out of a state file what stores did not have before."""
    with closing(sqlite3.connect(path)) as database, database:
        for key, value in database.execute("SELECT key, value FROM rows WHERE section = 'store'").fetchall():
            row = {name: part for name, part in json.loads(value).items() if name not in ("shop", "denied_permissions")}
            database.execute("UPDATE rows SET value = ? WHERE section = 'store' AND key = ?", (json.dumps(row), key))
        for kind in SHOP_KINDS:
            database.execute("DELETE FROM rows WHERE section = 'entity' AND key LIKE ?", (f"%/{kind}/%",))


async def test_a_store_of_2689_orders_is_made_quickly_and_read_whole(zid):
    started = time.perf_counter()
    tokens = await zid.installed(orders=2_689, products=50, customers=200)
    elapsed = time.perf_counter() - started

    numbers: set[int] = set()
    for page in range(1, 28):
        _, body = await zid.get(tokens, f"{ORDERS}?page={page}&per_page=100")
        numbers |= {order["id"] for order in body["orders"]}

    assert elapsed < 20
    assert len(numbers) == body["total_order_count"] == 2_689


def test_bracketed_names_of_forms_are_read_as_php_reads_them():
    pairs = [
        ("name", "x"), ("name[", "odd"), ("customers[1][name]", "b"), ("customers[0][name]", "a"), ("list[]", "1"),
        ("list[]", "2"), ("apply", "1"), ("apply", "2"), ("config[money]", "3"), ("config[a][b]", "4"),
        ("name[x]", "5"),
    ]  # fmt: skip

    assert nested(pairs) == {
        "name": "x", "name[": "odd", "customers": [{"name": "a"}, {"name": "b"}], "list": ["1", "2"],
        "apply": ["1", "2"], "config": {"money": "3", "a": {"b": "4"}},
    }  # fmt: skip


def test_every_unknown_has_its_knob_but_those_that_are_no_choice():
    """U17: nothing is idempotent; U23: what nobody has seen is not served; U34: built from the official SDK."""
    sources = {word for row in Knobs().describe() for word in str(row["id"]).split()}

    assert {f"U{number}" for number in range(1, 39)} - sources == {"U17", "U23", "U34"}
    assert {"X1", "X2", "X4", "X24", "X27", "X31", "X35"} <= sources
