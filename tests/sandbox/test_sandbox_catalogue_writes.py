"""What apps write to products, stock, attributes and locations is there afterwards, and is told to webhooks."""

from __future__ import annotations

import aiohttp
import pytest

from tests.sandbox.writing import PRODUCTS, listening, standalone, with_variants


async def test_a_product_is_created_changed_published_and_deleted(zid, shop):
    tokens, send = shop
    received = await listening(zid, tokens, "product.create", "product.update", "product.publish", "product.delete")

    made = await send("POST", PRODUCTS, 201, json={"name": "Lamp", "price": "12.444", "sku": "L", "is_draft": True})
    changed = await send("PATCH", f"{PRODUCTS}{made['id']}/", json={"sale_price": 9, "name": {"ar": "مصباح"}})
    cleared = await send("PATCH", f"{PRODUCTS}{made['id']}/", json={"sale_price": None, "price": None})
    await send("PATCH", f"{PRODUCTS}{made['id']}/", json={"is_published": True, "is_draft": False})
    await send("DELETE", f"{PRODUCTS}{made['id']}/", 204)

    assert (made["name"], made["price"], made["formatted_price"]) == (
        {"ar": "Lamp", "en": "Lamp"},
        12.444,
        " SAR 12.44",
    )
    assert (made["is_published"], made["is_draft"], made["quantity"]) == (False, True, 0)
    assert (changed["sale_price"], changed["formatted_sale_price"]) == (9, " SAR 9.00")
    assert changed["name"] == {"ar": "مصباح", "en": ""}
    assert (cleared["sale_price"], cleared["price"]) == (None, 12.444)
    assert (await zid.get(tokens, f"{PRODUCTS}{made['id']}/"))[0] == 404
    told = await received()
    assert sorted(name for name, _ in told) == [
        "product.create", "product.delete", "product.publish", "product.update", "product.update",
    ]  # fmt: skip
    assert {body["id"] for _, body in told} == {made["id"]}
    assert (await zid.stats())["events"]["product.update"] == 2


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"price": 1}, "name"),
        ({"name": "x"}, "price"),
        ({"name": "", "price": 1}, "name"),
        ({"name": "x", "price": -1}, "price"),
        ({"name": "x", "price": "much"}, "price"),
        ({"name": "x", "price": 1, "quantity": 1.5}, "quantity"),
        ({"name": "x", "price": 1, "product_class": "spaceship"}, "product_class"),
        ({"name": {"fr": "x"}, "price": 1}, "name"),
    ],
)
async def test_a_wrong_product_is_400_and_names_the_field(zid, shop, document, field):
    tokens, _ = shop

    status, body = await zid.call("POST", PRODUCTS, headers=tokens.headers, json=document)

    assert status == 400
    assert list(body) == [field]


@pytest.mark.parametrize(("echo", "quantity"), [("sum", 30), ("sent", 10), ("stale", 25)])
async def test_the_echo_of_a_quantity_is_a_knob(zid, shop, echo, quantity):
    tokens, send = shop
    await zid.knobs(products__quantity_echo="sum")
    made = await send("POST", PRODUCTS, 201, json={"name": "Lamp", "price": 1, "quantity": 5})
    rows = made["stocks"]
    await send("PATCH", f"{PRODUCTS}{made['id']}/stocks/", 204, json=[{"id": rows[1]["id"], "available_quantity": 20}])
    await zid.knobs(products__quantity_echo=echo)

    answer = await send("PATCH", f"{PRODUCTS}{made['id']}/", json={"quantity": 10})

    assert answer["quantity"] == quantity
    _, product = await zid.get(tokens, f"{PRODUCTS}{made['id']}/")
    assert product["quantity"] == sum(row["available_quantity"] for row in product["stocks"])
    assert product["quantity"] == (10 if echo == "sent" else 30)


async def test_a_bulk_update_takes_ids_and_skus_all_or_none(zid, shop):
    tokens, send = shop
    received = await listening(zid, tokens, "product.update")
    first, second = [
        await send("POST", PRODUCTS, 201, json={"name": name, "price": 1, "sku": f"SKU-{name}"}) for name in "ab"
    ]

    rows = await send("PATCH", PRODUCTS, json=[{"id": first["id"], "price": "2.5"}, {"sku": "SKU-b", "price": 3}])
    status, refused = await zid.call(
        "PATCH",
        PRODUCTS,
        headers=tokens.headers,
        json=[{"id": first["id"], "price": 9}, {"id": second["id"], "price": "x"}],
    )
    unknown, faults = await zid.call(
        "PATCH", PRODUCTS, headers=tokens.headers, json=[{"sku": "SKU-a", "price": 9}, {"sku": "nowhere"}]
    )

    assert [(row["id"], row["price"]) for row in rows] == [(first["id"], 2.5), (second["id"], 3)]
    assert (status, refused) == (400, [{}, {"price": ["A valid number is required."]}])
    assert (unknown, faults) == (400, [{}, {"id": ["Object does not exist."]}])
    assert (await zid.get(tokens, f"{PRODUCTS}{first['id']}/"))[1]["price"] == 2.5
    assert len(await received()) == 2


async def test_bulk_updates_have_a_largest_size(zid, shop):
    tokens, send = shop
    product = await standalone(zid, tokens)
    items = [{"id": product["id"], "price": number} for number in range(51)]

    assert (await zid.call("PATCH", PRODUCTS, headers=tokens.headers, json=items))[0] == 400
    await send("PATCH", PRODUCTS, json=items[:50])
    await zid.knobs(bulk__max=2)
    assert (await zid.call("PATCH", PRODUCTS, headers=tokens.headers, json=items[:3]))[0] == 400


async def test_variants_of_one_product_do_not_overwrite_each_other_in_bulk(zid, shop):
    _, send = shop
    parent = await with_variants(send)
    variants = parent["variants"]

    await send("PATCH", PRODUCTS, json=[{"id": row["id"], "price": 7 + at} for at, row in enumerate(variants)])

    product = await send("GET", f"{PRODUCTS}{parent['id']}/")
    assert [row["price"] for row in product["variants"]] == [7, 8]


async def test_variants_turn_a_product_into_a_parent(zid, shop):
    tokens, send = shop
    parent = await with_variants(send)

    first = parent["variants"][0]
    changed = await send("PATCH", f"{PRODUCTS}{parent['id']}/", json={"variants": [{"id": first["id"], "price": 8}]})
    _, alone = await zid.get(tokens, f"{PRODUCTS}{first['id']}/")
    left = await send(
        "POST", f"{PRODUCTS}{parent['id']}/variants/", 201, json={"variants": [{"id": first["id"], "is_deleted": True}]}
    )

    assert (parent["structure"], parent["has_options"], parent["stocks"]) == ("parent", True, [])
    assert [option["choices"] for option in parent["options"]] == [["صغير", "وسط"]]
    assert first["name"] == {"ar": "ثوب - صغير", "en": "Thobe - Small"}
    assert (changed["variants"][0]["price"], alone["price"], alone["parent_id"]) == (8, 8, parent["id"])
    assert [row["id"] for row in left["variants"]] == [parent["variants"][1]["id"]]
    assert (await zid.get(tokens, f"{PRODUCTS}{first['id']}/"))[0] == 404


async def test_variants_need_attributes_that_exist_and_no_vouchers(zid, shop):
    tokens, send = shop
    product = (await standalone(zid, tokens))["id"]
    unknown = {"variants": [{"attributes": [{"slug": "no-such", "value": "x"}]}]}

    status, body = await zid.call("POST", f"{PRODUCTS}{product}/variants/", headers=tokens.headers, json=unknown)
    await send("POST", f"{PRODUCTS}{product}/vouchers/", 201, json={"key": "K", "status": "AVAILABLE"})
    refused, detail = await zid.call("POST", f"{PRODUCTS}{product}/variants/", headers=tokens.headers, json=unknown)

    assert status == 400
    assert "attributes" in body[0]
    assert (refused, detail) == (400, {"detail": "Products with vouchers cannot have variants."})


async def test_images_come_in_their_order_and_go(zid, shop):
    tokens, send = shop
    path = f"{PRODUCTS}{(await standalone(zid, tokens))['id']}/images/"
    ids = []
    for _ in range(2):
        form = aiohttp.FormData({"alt_text": "Lamp"})
        form.add_field("image", b"\x89PNG", filename="lamp.png", content_type="image/png")
        ids.append((await send("POST", path, 201, data=form))["id"])
    text = aiohttp.FormData()
    text.add_field("image", b"text", filename="lamp.txt", content_type="text/plain")

    await send("PATCH", f"{path}{ids[0]}/", json={"display_order": 9})
    listed = await send("GET", path)
    await send("DELETE", f"{path}{ids[1]}/", 204)

    assert [row["id"] for row in listed["results"]] == [ids[1], ids[0]]
    assert listed["results"][0]["alt_text"] == "Lamp"
    assert (await send("GET", path))["count"] == 1
    assert (await zid.call("POST", path, headers=tokens.headers, data=text))[0] == 400
    assert (await zid.call("POST", path, headers=tokens.headers, data={"alt_text": "x"}))[0] == 400


async def test_attributes_say_one_language_and_keep_their_slugs_apart(zid, shop):
    tokens, send = shop
    made = [await send("POST", "/v1/attributes/", 201, json={"name": {"ar": "وزن", "en": "Weight"}}) for _ in "ab"]

    preset = await send(
        "POST", f"/v1/attributes/{made[0]['id']}/presets/", 201, json={"value": {"ar": "خفيف", "en": "Light"}}
    )
    _, arabic = await zid.get(tokens, f"/v1/attributes/{made[0]['id']}/", **{"Accept-Language": "ar"})
    status, body = await zid.call(
        "POST", "/v1/attributes/", headers=tokens.headers, json={"name": "x", "slug": made[0]["slug"]}
    )

    assert [row["slug"] for row in made] == ["weight", "weight-2"]
    assert (preset["value"], preset["slug"], preset["attribute_id"]) == ("Light", "weight", made[0]["id"])
    assert (arabic["name"], arabic["presets"][0]["value"], arabic["preset_count"]) == ("وزن", "خفيف", 1)
    assert (status, list(body)) == (400, ["slug"])


async def test_vouchers_are_imported_whole_or_not_at_all(zid, shop):
    tokens, send = shop
    product = (await standalone(zid, tokens))["id"]

    def table(content: bytes, name: str = "v.csv") -> aiohttp.FormData:
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name, content_type="text/csv")
        return form

    good = b"key,pin_code,status,order\nA,1,AVAILABLE,\nB,2,SOLD,77\n"
    await send("POST", f"{PRODUCTS}{product}/vouchers/import/", 201, data=table(good))
    for content, name in (
        (b"key,status\nC,SOLD\n", "v.csv"),
        (b"key,pin_code,status\nC,1,LOST\n", "v.csv"),
        (good, "v.txt"),
    ):
        status, _ = await zid.call(
            "POST", f"{PRODUCTS}{product}/vouchers/import/", headers=tokens.headers, data=table(content, name)
        )
        assert status == 400

    assert [row["key"] for row in (await send("GET", f"{PRODUCTS}{product}/vouchers/"))["results"]] == ["A", "B"]
    assert [row["key"] for row in (await send("GET", "/v1/order-vouchers/77/"))["results"]] == ["B"]


async def test_who_waits_for_a_product_is_told_and_counted(zid, shop):
    tokens, send = shop
    product = (await standalone(zid, tokens))["id"]
    for email in ("a@example.com", "b@example.com"):
        await send("POST", f"{PRODUCTS}{product}/notifications/", 201, data={"email": email, "language": "en"})

    told = {"email": "a@example.com", "customer_name": "A", "product_id": product, "method": "email"}
    await send("POST", f"{PRODUCTS}notifications/send/", data=told)

    listed = await send("GET", f"{PRODUCTS}notifications/?product_id={product}")
    assert [row["is_notified"] for row in listed["results"]] == [True, False]
    assert (await send("GET", f"{PRODUCTS}notifications/?q=b@"))["count"] == 1
    assert (await send("GET", f"{PRODUCTS}notifications/?created_at__gte=2100-01-01"))["count"] == 0
    stats = await send("GET", f"{PRODUCTS}notifications/stats/")
    assert (stats["total_count"], stats["notified_count"]) == (2, 1)


async def test_categories_tell_of_their_products_and_changes(zid, shop):
    tokens, send = shop
    received = await listening(zid, tokens, "category.create", "category.update")
    store = "/v1/managers/store/categories"
    made = (await send("POST", f"{store}/add", data={"name[ar]": "قهوة", "name[en]": "Coffee"}))["category"]
    product = (await standalone(zid, tokens))["id"]
    assigned = await send("POST", f"{PRODUCTS}{product}/categories/", 201, json={"id": made["id"]})

    counted = (await send("GET", f"{store}/{made['id']}/view"))["categories"]
    renamed = await send(
        "POST", f"{store}/{made['id']}/update", data={"name[ar]": "بن", "name[en]": "Beans", "_method": "put"}
    )
    hidden = await send("PUT", f"{store}/{made['id']}/publishing", json={"is_published": "0"})
    emptied = await send("DELETE", f"{store}/{made['id']}/products/delete")
    refused, body = await zid.call("POST", f"{store}/add", headers=tokens.headers, data={"parent_id": "1"})

    assert (assigned["id"], counted["products_count"]) == (str(made["id"]), 1)
    assert renamed["category"]["names"] == {"ar": "بن", "en": "Beans"}
    assert (hidden["category"]["is_published"], emptied["category"]["products_count"]) == (False, 0)
    assert refused == 422
    assert {"name", "parent_id"} <= body.keys()
    assert sorted(name for name, _ in await received()) == ["category.create", "category.update", "category.update"]
    assert (await zid.call("POST", f"{store}/{made['id']}/update", headers=tokens.headers, data={"name[en]": "x"}))[
        0
    ] == 405


async def test_a_manual_order_is_set_and_reset(zid, shop):
    _, send = shop
    ids = [row["id"] for row in (await send("GET", PRODUCTS))["results"]][:2]

    await send("POST", f"{PRODUCTS}ordering/", json={"products": ids})
    placed = [(await send("GET", f"{PRODUCTS}{number}/"))["display_order"] for number in ids]
    await send("DELETE", f"{PRODUCTS}ordering/", 204)

    assert placed == [1, 2]
    assert (await send("GET", f"{PRODUCTS}{ids[0]}/"))["display_order"] is None


async def test_products_are_filtered_by_price_quantity_sale_and_location(zid, shop):
    tokens, send = shop
    made = await send("POST", PRODUCTS, 201, json={"name": "Gem", "price": 9999, "sale_price": 9000, "quantity": 777})

    async def ids(query):
        return [row["id"] for row in (await send("GET", f"{PRODUCTS}?page_size=50&{query}"))["results"]]

    assert await ids("search_price_type=gt&search_price_value=9000") == [made["id"]]
    assert await ids("search_quantity_type=eq&search_quantity_value=777") == [made["id"]]
    assert made["id"] in await ids("sale_price__isnull=false")
    assert made["id"] in await ids(f"locations={made['stocks'][1]['location']['id']}")
    await send("DELETE", f"{PRODUCTS}{made['id']}/", 204)
    assert await ids("deleted=true") == [made["id"]]
    assert (await zid.get(tokens, f"{PRODUCTS}?search_price_type=near&search_price_value=1"))[0] == 400
