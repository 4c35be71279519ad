"""Generated bodies have the keys and JSON types of Zid's recorded and documented ones."""

from __future__ import annotations

import json

from tests.sandbox.shapes import differences, fixture

ORDERS = "/v1/managers/store/orders"


async def test_order_view_and_lists(zid):
    tokens = await zid.installed(orders=40, products=10, customers=10)

    for payload in ("simple", "default", "tiny"):
        name = "orders_list" if payload == "simple" else f"orders_list_{payload}"
        _, listed = await zid.get(tokens, f"{ORDERS}?payload_type={payload}&per_page=40&page=1")
        recorded = fixture(f"api/sdk__{name}.json")
        recorded["orders"] = [
            order for order in recorded["orders"] if order["source_code" if payload != "tiny" else "source"] == "md"
        ]
        assert listed.keys() == recorded.keys()
        assert len(listed["orders"]) == 40
        assert differences(listed, recorded) == [], payload

    for order in listed["orders"]:
        _, viewed = await zid.get(tokens, f"{ORDERS}/{order['id']}/view")
        assert differences(viewed, fixture("api/sdk__order_detail.json")) == []
        assert list(viewed["order"])[:9] == list(fixture("api/sdk__order_detail.json")["order"])[:9]


async def test_product_detail_list_and_stocks(zid):
    tokens = await zid.installed(products=40, categories=3)

    _, listed = await zid.get(tokens, "/v1/products/?page_size=50")
    recorded_list, recorded = fixture("api/sdk__products_list.json"), fixture("api/sdk__product_detail.json")
    recorded["stocks"] = recorded["variants"][0]["stocks"]
    recorded_list["results"] = [recorded_list["results"][1] | {"stocks": recorded["stocks"]}]
    assert differences(listed, recorded_list) == []

    structures = set()
    for row in listed["results"]:
        _, product = await zid.get(tokens, f"/v1/products/{row['id']}/")
        structures.add(product["structure"])
        assert differences(product, recorded) == []
    assert structures == {"standalone", "parent"}

    _, stocks = await zid.get(tokens, f"/v1/products/{listed['results'][0]['id']}/stocks/")
    assert differences(stocks, fixture("api/sdk__product_stocks_list.json")) == []


async def test_customers(zid):
    tokens = await zid.installed(customers=20, orders=20, products=5)
    await zid.knobs(customers__cursor="absent")

    _, listed = await zid.get(tokens, "/v1/managers/store/customers?per_page=20")
    assert differences(listed, fixture("api/sdk__customers_list.json")) == []

    buyer = next(row["id"] for row in listed["customers"] if row["order_counts"])
    _, viewed = await zid.get(tokens, f"/v1/managers/store/customers/{buyer}")
    recorded = fixture("api/sdk__customer_detail.json")
    assert differences(viewed, recorded) == []
    assert viewed["customer"]["orders"]
    assert all("products" not in order for order in viewed["customer"]["orders"])


async def test_categories(zid):
    tokens = await zid.installed(categories=5)

    _, listed = await zid.get(tokens, "/v1/managers/store/categories")
    recorded = fixture("api/sdk__product_categories_list.json")
    assert differences(listed["categories"], recorded["categories"]) == []
    assert listed.keys() == recorded.keys()

    _, viewed = await zid.get(tokens, f"/v1/managers/store/categories/{listed['categories'][0]['id']}/view")
    assert differences(viewed, fixture("api/sdk__product_category_detail.json")) == []


async def test_profile_and_webhook_object(zid):
    tokens = await zid.installed()

    _, profile = await zid.get(tokens, "/v1/managers/account/profile")
    recorded = fixture("auth/profile.live-2026-08-11.partial.json")["user"]
    missing = [row for row in differences(profile["user"], recorded) if row.endswith("missing")]
    assert missing == []
    assert differences(profile["user"]["store"]["currency"], recorded["store"]["currency"]) == []

    _, hook = await zid.subscribe(tokens, "order.create", conditions={"status": "delivered"})
    newer = {"status", "health_status", "broken_at"}
    recorded = fixture("auth/webhook.object.json")
    assert differences({key: hook[key] for key in hook if key not in newer}, recorded) == []
    assert hook.keys() - recorded.keys() == newer


async def test_webhook_bodies_are_the_rest_views(zid):
    tokens = await zid.installed(products=10, customers=3)
    for event in ("order.create", "product.create", "customer.create", "category.create", "abandoned_cart.created"):
        await zid.subscribe(tokens, event, f"/{event}")
        await zid.trigger(tokens, event)
    await zid.settled()

    bodies = {row.path[1:]: json.loads(row.body) for row in zid.receiver.received if row.path != "/app-events"}

    assert differences(bodies["order.create"], fixture("api/sdk__order_detail.json")["order"]) == []
    recorded = fixture("api/sdk__product_detail.json")
    recorded["stocks"] = recorded["variants"][0]["stocks"]
    assert differences(bodies["product.create"], recorded) == []
    assert differences(bodies["customer.create"], fixture("api/sdk__customer_detail.json")["customer"]) == []
    assert differences(bodies["category.create"], fixture("api/sdk__product_category_detail.json")["categories"]) == []
    cart, documented = (
        bodies["abandoned_cart.created"],
        fixture("webhooks/abandoned_cart.created.documented-partial.json"),
    )
    assert cart.keys() == documented.keys()
    assert documented["abandoned_cart"].keys() <= cart["abandoned_cart"].keys()
    shared = {key: cart["abandoned_cart"][key] for key in documented["abandoned_cart"]}
    assert differences(shared, documented["abandoned_cart"]) == []


async def test_app_events_have_the_documented_structure(zid):
    await zid.installed()
    await zid.settled()
    documented = fixture("webhooks/app.market.application.authorized.json")

    events = [json.loads(row.body) for row in zid.receiver.at("/app-events")]

    assert [event["event_name"] for event in events] == [
        "app.market.subscription.active",
        "app.market.application.authorized",
        "app.market.application.install",
    ]
    assert all(differences(event, documented) == [] for event in events)
    assert list(events[0]) == list(documented)


async def test_the_legacy_app_event_lacks_what_the_docs_of_2021_lack(zid):
    await zid.knobs(app_events__body="legacy")
    await zid.installed()
    await zid.settled()

    event = json.loads(zid.receiver.at("/app-events")[0].body)

    assert event.keys() == fixture("webhooks/app.market.subscription.active.legacy-docs-v2.json").keys()


async def test_money_dates_and_ids_have_their_quirks(zid):
    tokens = await zid.installed(orders=200, products=30, customers=10)

    orders = (await zid.control("GET", f"/stores/{tokens.store_id}/entities/orders"))["items"]
    products = (await zid.control("GET", f"/stores/{tokens.store_id}/entities/products"))["items"]

    assert all(len(order["order_total"].partition(".")[2]) == 14 for order in orders)
    assert any(round(line["price"], 2) != line["price"] for order in orders for line in order["products"])
    assert all(order["issue_date"][-1] in "صم" for order in orders)
    assert all(order["id"] == order["invoice_number"] and len(order["code"]) == 10 for order in orders)
    masked = [order["customer"] for order in orders if order["is_marketplace_order"]]
    assert masked
    assert all("***" in row["name"] and row["mobile"] is None for row in masked)
    assert all(product["formatted_price"].startswith(" SAR ") for product in products)
    assert any(product["is_infinite"] and product["quantity"] is None for product in products)
    for order in orders:
        values = {row["code"]: float(row["value"]) for row in order["payment"]["invoice"]}
        goods = sum(line["total"] for line in order["products"])
        assert values["total"] == float(order["order_total"])
        assert abs(values["taxable_amount"] + values["vat"] - values["total"]) < 1e-6
        assert values["total"] >= goods - 1e-6
