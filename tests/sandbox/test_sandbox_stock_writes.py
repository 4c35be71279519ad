"""Stock per location, and the locations themselves."""

from __future__ import annotations

import pytest

from tests.sandbox.writing import PRODUCTS, listening, standalone, with_variants


async def test_stock_follows_its_rows_and_infinite_means_null(zid, shop):
    tokens, send = shop
    received = await listening(zid, tokens, "product.update")
    made = await send("POST", PRODUCTS, 201, json={"name": "Lamp", "price": 1})
    path, rows = f"{PRODUCTS}{made['id']}/stocks/", made["stocks"]

    await send("PATCH", path, 204, json=[{"id": row["id"], "available_quantity": 4} for row in rows])
    counted = await send("GET", f"{PRODUCTS}{made['id']}/")
    row = await send("PATCH", f"{path}{rows[0]['id']}/", json={"is_infinite": True})
    infinite = await send("GET", f"{PRODUCTS}{made['id']}/")
    back = await send("PATCH", f"{path}{rows[0]['id']}/", json={"is_infinite": False, "available_quantity": 1})

    assert (counted["quantity"], counted["is_infinite"]) == (8, False)
    assert (row["available_quantity"], row["is_infinite"]) == (None, True)
    assert (infinite["quantity"], infinite["is_infinite"]) == (None, True)
    assert back["available_quantity"] == 1
    assert {body["quantity"] for _, body in await received()} == {8, None, 5}
    await zid.knobs(webhook__stock_updates=False)
    await send("PATCH", f"{path}{rows[0]['id']}/", json={"available_quantity": 2})
    assert len(await received()) == 3


async def test_a_location_takes_stock_of_many_products_while_it_is_enabled(zid, shop):
    tokens, send = shop
    parent, product = await with_variants(send), await standalone(zid, tokens)
    place = {
        "name": {"ar": "مستودع", "en": "Store"}, "city": 1, "coordinates": {"latitude": 24.7, "longitude": 46.7},
        "full_address": "9 Test Road", "short_address": "RRRD2929", "is_default": True,
    }  # fmt: skip
    location = await send("POST", "/v1/locations/", 201, json=place)
    ids = [product["id"], *(row["id"] for row in parent["variants"])]
    stocks = [{"product_id": number, "available_quantity": 7, "is_infinite": False} for number in ids]

    assert await send("POST", f"/v1/locations/{location['id']}/stock-update/", json=stocks) == ""
    there = [
        [row["available_quantity"] for row in (await send("GET", f"{PRODUCTS}{number}/"))["stocks"]
         if row["location"]["id"] == location["id"]]
        for number in ids
    ]  # fmt: skip
    listed = await send("GET", "/v1/locations/?page_size=50")
    await send("PATCH", f"/v1/locations/{location['id']}/", json={"is_enabled": False})
    status, body = await zid.call(
        "POST", f"/v1/locations/{location['id']}/stock-update/", headers=tokens.headers, json=stocks
    )

    assert there == [[7], [7], [7]]
    assert [row["is_default"] for row in listed["results"]] == [False, False, True]
    assert listed["results"][2]["has_stocks"]
    assert (listed["active_locations_count"], listed["count"]) == (3, 3)
    assert (status, body) == (400, {"detail": "This location is disabled."})


async def test_stock_per_location_belongs_to_the_plans_with_several(zid):
    tokens = await zid.installed(products=3, has_multi_product_inventory=False)
    product = await standalone(zid, tokens)
    row = product["stocks"][0]["id"]

    status, body = await zid.call(
        "PATCH", f"{PRODUCTS}{product['id']}/stocks/{row}/", headers=tokens.headers, json={"available_quantity": 1}
    )
    changed, answer = await zid.call(
        "PATCH", f"{PRODUCTS}{product['id']}/", headers=tokens.headers, json={"quantity": 11}
    )

    assert (status, body["detail"]) == (403, "Multi-inventory is not enabled for this store.")
    assert (changed, answer["quantity"]) == (200, 11)


@pytest.mark.parametrize(("knob", "sizes"), [("both", (1, 1)), ("per_page", (1, 2)), ("page_size", (2, 1))])
async def test_the_page_parameter_of_locations_is_a_knob(zid, knob, sizes):
    tokens = await zid.installed()
    await zid.knobs(locations__page_param=knob)

    answers = [(await zid.get(tokens, f"/v1/locations/?{name}=1"))[1] for name in ("per_page", "page_size")]

    assert tuple(len(answer["results"]) for answer in answers) == sizes
    paged = next(answer for answer, size in zip(answers, sizes, strict=True) if size == 1)
    assert paged["next"].startswith("http://")
