"""Customers, coupons and loyalty: what apps write, and what the lists say of it afterwards."""

from __future__ import annotations

import pytest

from tests.sandbox.endpoint_rows import COUPON, LOYALTY, STORE
from tests.sandbox.writing import listening

BULK = {"customers[0][name]": "Reem", "customers[0][mobile]": "+966500000012", "customers[0][email]": "r@example.com"}


async def test_customers_are_made_in_bulk_and_told(zid, shop):
    tokens, send = shop
    told = await listening(zid, tokens, "customer.create")

    (made,) = (await send("POST", f"{STORE}/customers/bulk", data=BULK))["customers"]

    viewed = (await send("GET", f"{STORE}/customers/{made['id']}"))["customer"]
    assert (viewed["name"], viewed["nickname"], viewed["mobile"]) == ("Reem", "Reem", "966500000012")
    assert viewed["pivotEmail"] == "r@example.com"
    assert (viewed["orders"], viewed["points"]["points"]) == ([], 0)
    assert [body["id"] for _, body in await told()] == [made["id"]]


@pytest.mark.parametrize(("policy", "status", "more"), [("existing", 200, 0), ("duplicate", 200, 1), ("422", 422, 0)])
async def test_a_known_mobile_in_bulk_is_a_knob(zid, shop, policy, status, more):
    tokens, send = shop
    (first,) = (await send("POST", f"{STORE}/customers/bulk", data=BULK))["customers"]
    await zid.knobs(customers__bulk_existing=policy)
    count = (await send("GET", f"{STORE}/customers"))["grand_total"]

    answered, body = await zid.call("POST", f"{STORE}/customers/bulk", headers=tokens.headers, data=BULK)

    assert answered == status
    assert (await send("GET", f"{STORE}/customers"))["grand_total"] == count + more
    if policy == "existing":
        assert body["customers"][0]["id"] == first["id"]
    if policy == "422":
        assert body["customers.0.mobile"] == ["The mobile has already been taken."]


async def test_a_bulk_of_customers_is_checked_before_anybody_is_made(zid, shop):
    tokens, send = shop
    count = (await send("GET", f"{STORE}/customers"))["grand_total"]
    form = BULK | {"customers[1][name]": "x", "customers[1][mobile]": "not a number"}

    status, body = await zid.call("POST", f"{STORE}/customers/bulk", headers=tokens.headers, data=form)
    await zid.knobs(bulk__max=1)
    many, _ = await zid.call(
        "POST", f"{STORE}/customers/bulk", headers=tokens.headers, data=form | {"customers[1][mobile]": "1"}
    )

    assert (status, "customers.1.mobile" in body) == (422, True)
    assert many == 422
    assert (await send("GET", f"{STORE}/customers"))["grand_total"] == count


async def test_a_tag_is_taken_away_once(zid, shop):
    tokens, send = shop
    told = await listening(zid, tokens, "customer.update")
    tags = [{"id": "one", "name": "VIP"}, {"id": "two", "name": "B"}]
    (number,) = (await zid.trigger(tokens, "customer.create", data={"tags": tags}))["ids"]

    answer = await send("DELETE", f"{STORE}/customers/{number}/tags/one")

    assert [tag["id"] for tag in answer["customer"]["tags"]] == ["two"]
    assert len(await told()) == 1
    gone = await zid.call("DELETE", f"{STORE}/customers/{number}/tags/one", headers=tokens.headers)
    assert gone[0] == 404


async def test_the_light_list_of_customers_has_no_nicknames_pivots_or_tags(zid, shop):
    _, send = shop

    answer = await send("GET", f"{STORE}/customers/primary-data-list?page=1&per_page=2")

    assert answer.keys() == {"status", "customers"}
    assert len(answer["customers"]) == 2
    assert not {"nickname", "pivotEmail", "pivotMobile", "tags"} & answer["customers"][0].keys()


async def test_a_coupon_lives_from_form_to_delete(zid, shop):
    tokens, send = shop
    made = (await send("POST", f"{STORE}/coupons/add", data=COUPON))["coupon"]

    off = (await send("POST", f"{STORE}/coupons/{made['id']}/update", data={"status": "0"}))["coupon"]
    inactive = (await send("GET", f"{STORE}/coupons?discount_status=coupon_inactive&per_page=50"))["coupons"]
    taken, body = await zid.call("POST", f"{STORE}/coupons/add", headers=tokens.headers, data=COUPON)
    await send("DELETE", f"{STORE}/coupons/{made['id']}")

    assert (made["discount"], made["max_weight"], made["free_shipping"]) == (20, 2_000, True)
    assert (made["status_code"], made["is_active"]) == ("coupon_active", True)
    assert (off["status_code"], off["name"], off["enabled"]) == ("coupon_inactive", "Summer", False)
    assert made["id"] in [row["id"] for row in inactive]
    assert (taken, body["code"]) == (422, ["The code has already been taken."])
    assert (await zid.get(tokens, f"{STORE}/coupons/{made['id']}/view"))[0] == 404


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"date_start": "2099-01-01"}, "unstarted"),
        ({"date_end": "2026-01-01"}, "expired"),
        ({"status": "0", "date_end": "2026-01-01"}, "inactive"),
        ({}, "active"),
    ],
)
async def test_the_state_of_a_coupon_follows_its_dates(zid, shop, change, state):
    _, send = shop
    await zid.control("POST", "/clock", {"advance_seconds": 0})

    made = (await send("POST", f"{STORE}/coupons/add", data=COUPON | change))["coupon"]

    assert made["status_code"] == f"coupon_{state}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"discount_type": "x"}, "discount_type"),
        ({"discount": "101"}, "discount"),
        ({"date_end": "2025-01-01"}, "date_end"),
        ({"date_start": "soon"}, "date_start"),
        ({"name": ""}, "name"),
        ({"conditions": "{"}, "conditions"),
    ],
)
async def test_a_wrong_coupon_is_422_and_names_the_field(zid, shop, change, field):
    tokens, _ = shop

    status, body = await zid.call("POST", f"{STORE}/coupons/add", headers=tokens.headers, data=COUPON | change)

    assert status == 422
    assert field in body


async def test_coupons_are_counted_filtered_and_paged(zid, shop):
    _, send = shop

    page = await send("GET", f"{STORE}/coupons?page=2&per_page=2")
    percent = await send("GET", f"{STORE}/coupons?discount_type=p")
    used = await send("GET", f"{STORE}/coupons?total_usage_compare=>&total_usage_value=0")

    assert page["pagination"] == {"page": 2, "page_size": 2, "next_page": None, "last_page": 2, "result_count": 1}
    assert (page["grand_total"], page["active_coupons_count"], page["expired_coupons_count"]) == (3, 1, 1)
    assert {row["discount_type"] for row in percent["coupons"]} == {"p"}
    assert used["coupons"] == []


async def test_points_are_added_taken_and_told_in_misspelled_keys(zid, shop):
    tokens, send = shop
    account = {"points": 0, "total_positive_points": 0}
    (number,) = (await zid.trigger(tokens, "customer.create", data={"points": account}))["ids"]

    async def adjust(direction, points):
        form = {"customerId": number, "direction": direction, "points": points, "reason": "gift"}
        return await zid.call("POST", f"{LOYALTY}/customers/adjust-customer-points", headers=tokens.headers, data=form)

    assert (await adjust("+", 30))[1]["data"]["collection_method"] == "Manually added points"
    assert (await adjust("-", 10))[0] == 200
    assert (await adjust("-", 21))[0] == 422
    assert (await adjust("*", 1))[0] == 422
    info = (await send("GET", f"{LOYALTY}/customers/details?customerId={number}"))["loyalty_points_info"]
    history = (await send("GET", f"{LOYALTY}/points-history/{number}/"))["history"]

    assert (info["points_balance"], info["available_poitns"], info["used_poitns"]) == (20, 20, 10)
    assert [(row["direction"], row["points"]) for row in history] == [("-", 10), ("+", 30)]
    assert info["history"] == history


async def test_the_loyalty_program_is_set_up_by_forms(zid, shop):
    _, send = shop
    rule = {"config[type]": "percentage_discount_settings", "config[discount]": "2.5", "config[points]": "50"}

    made = (await send("POST", f"{LOYALTY}/points-redemption", data=rule))["points_redemption"]["redemptionRule"]
    await send(
        "POST", f"{LOYALTY}/points-redemption/update", data=rule | {"ruleId": made["id"], "config[points]": "60"}
    )
    await send("POST", f"{LOYALTY}/activation", data={"activate": "0"})
    await send("POST", f"{LOYALTY}/points-expiration", data={"days": "30"})
    program = await send("GET", f"{LOYALTY}/list-data")
    cashback = {"ruleId": program["cashback_rules"][0]["id"], "config[money]": "100", "config[points]": "2"}
    await send("POST", f"{LOYALTY}/points-collection/update", data=cashback)
    await send("POST", f"{LOYALTY}/points-redemption/delete", data={"ruleId": made["id"]})
    after = await send("GET", f"{LOYALTY}/list-data")

    assert made["reward"] == {"discount_value": 2.5}
    assert (program["expiration_peroid"], program["is_active"]) == (30, False)
    assert [row["points_to_redeem"] for row in program["redemption_rules"]] == [100, 60]
    assert (await send("GET", f"{LOYALTY}/loyalty-status")) == {"loyalty_status": False}
    assert after["cashback_rules"][0]["amount_to_spend"] == 100
    assert len(after["redemption_rules"]) == 1


async def test_carts_are_filtered_and_sorted(zid):
    tokens = await zid.installed(carts=12, products=6, customers=4)
    path = f"{STORE}/abandoned-carts?page=1&page_size=50"

    async def carts(query):
        return (await zid.get(tokens, f"{path}&{query}"))[1]["abandoned-carts"]

    everything = await carts("")
    first = everything[0]
    totals = [row["cart_total"] for row in await carts("filter_order_by=cart_total&filter_sort_by=desc")]
    assert totals == sorted(totals, reverse=True)
    assert all(row["customer_id"] == first["customer_id"] for row in await carts(f"customer_id={first['customer_id']}"))
    assert await carts("has_reminders=1") == []
    assert len(await carts("has_reminders=0")) == 12
    assert {row["city_id"] for row in await carts(f"city_id={first['city_id']}")} == {first["city_id"]}
    assert first["id"] in [row["id"] for row in await carts(f"search_term={first['customer_email']}")]
    assert await carts("currency_code=USD") == []
