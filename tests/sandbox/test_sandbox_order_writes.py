"""What apps write to orders: statuses, comments, new orders, returns and refunds."""

from __future__ import annotations

import io

import aiohttp
import pytest

from tests.sandbox.endpoint_rows import ORDER, REVERSE, STORE
from tests.sandbox.endpoint_world import filled
from tests.sandbox.writing import listening, standalone

ORDERS = f"{STORE}/orders"
COURIER = {"shipping": {"method": {"courier": {"code": "x"}}}, "is_marketplace_order": False}
OWN = {"shipping": {"method": {"courier": None}}, "is_marketplace_order": False}
CONSIGNEE = {
    "consignee_name": "A", "consignee_mobile": "+966500000001", "consignee_city_id": 1, "consignee_address_1": "x",
}  # fmt: skip


async def new_order(zid, tokens, data=OWN):
    return int((await zid.trigger(tokens, "order.create", data=data))["ids"][0])


async def test_a_status_change_is_kept_written_to_history_and_told(zid, shop):
    tokens, send = shop
    told = await listening(zid, tokens, "order.status.update")
    number = await new_order(zid, tokens)

    form = {"order_status": "inDelivery", "tracking_number": "T1", "tracking_url": "https://t.example/T1",
            "waybill_url": "https://t.example/T1.pdf"}  # fmt: skip
    await send("POST", f"{ORDERS}/{number}/change-order-status", data=form)
    await send("POST", f"{ORDERS}/{number}/change-order-status", json={"order_status": "canceled"})

    order = (await send("GET", f"{ORDERS}/{number}/view"))["order"]
    method = order["shipping"]["method"]
    assert order["order_status"] == {"name": "Canceled", "code": "cancelled"}
    assert method["tracking"] == {"number": "T1", "status": None, "url": "https://t.example/T1"}
    assert method["waybill"]["label_url"] == "https://t.example/T1.pdf"
    assert [row["order_status_name"] for row in order["histories"]] == ["Canceled", "In Delivery", "New"]
    assert sorted(body["order_status"]["code"] for _, body in await told()) == ["cancelled", "indelivery"]


async def test_a_merchants_own_status_shows_and_leaves_the_parent_in_the_code(zid, shop):
    tokens, send = shop
    number = await new_order(zid, tokens)

    answer = await send("POST", f"{ORDERS}/{number}/change-order-status", json={"order_status": "packaging"})

    assert answer["order"]["order_status"]["code"] == "preparing"
    assert answer["order"]["display_status"] == {
        "id": 10_005, "code": "packaging", "color": "#c33c3c", "name": "packaging",
    }  # fmt: skip


async def test_an_integrated_courier_has_rules(zid, shop):
    tokens, send = shop
    number = await new_order(zid, tokens, COURIER)
    path = f"{ORDERS}/{number}/change-order-status"
    location = (await send("GET", "/v1/locations/"))["results"][0]["id"]

    needs, missing = await zid.call("POST", path, headers=tokens.headers, data={"order_status": "ready"})
    unknown, _ = await zid.call(
        "POST", path, headers=tokens.headers, data={"order_status": "ready", "inventory_address_id": "nowhere"}
    )
    ready = await send("POST", path, data={"order_status": "ready", "inventory_address_id": location.replace("-", "")})
    refused, fields = await zid.call("POST", path, headers=tokens.headers, data={"order_status": "new"})

    assert (needs, unknown, refused) == (422, 422, 422)
    assert "inventory_address_id" in missing
    assert "order_status" in fields
    assert ready["order"]["inventory_address"]["id"] == location.replace("-", "")


async def test_the_strict_transitions_are_a_knob(zid, shop):
    tokens, send = shop
    number = await new_order(zid, tokens)
    path = f"{ORDERS}/{number}/change-order-status"
    await send("POST", path, json={"order_status": "delivered"})
    await send("POST", path, json={"order_status": "new"})
    await zid.knobs(orders__transitions="strict")
    await send("POST", path, json={"order_status": "delivered"})

    status, body = await zid.call("POST", path, headers=tokens.headers, json={"order_status": "new"})

    assert (status, body["order_status"]) == (422, ["The order cannot go from delivered to new."])


async def test_a_user_without_the_permission_may_not_change_statuses(zid):
    tokens = await zid.installed(orders=1, denied_permissions=["orders.status.change", "orders.custom.statuses.view"])
    number = (await zid.get(tokens, ORDERS))[1]["orders"][0]["id"]

    status, body = await zid.call(
        "POST", f"{ORDERS}/{number}/change-order-status", headers=tokens.headers, json={"order_status": "new"}
    )

    assert (status, body["message"]["code"]) == (403, "ERROR_FORBIDDEN")
    assert (await zid.get(tokens, f"{ORDERS}/custom-statuses"))[0] == 403
    assert (await zid.get(tokens, f"{ORDERS}/{number}/view"))[0] == 200


async def test_comments_are_short_and_few(zid, shop):
    tokens, send = shop
    path = f"{ORDERS}/{await new_order(zid, tokens)}/add-order-comment"

    assert (await zid.call("POST", path, headers=tokens.headers, json={"comment": "x" * 101}))[0] == 422
    for number in range(20):
        answer = await send("POST", path, json={"comment": f"{number}".ljust(100, ".")})
    assert (await zid.call("POST", path, headers=tokens.headers, json={"comment": "one more"}))[0] == 422

    comments = [row["comment"] for row in answer["order"]["histories"] if row["changed_by_type"] == "Partner"]
    assert [comment[:2].rstrip(".") for comment in comments] == [str(number) for number in reversed(range(20))]


async def drafted(zid, tokens, send, **changes):
    product = await standalone(zid, tokens)
    methods = {row["code"]: row["id"] for row in (await send("GET", f"{STORE}/payment-methods"))["payload"]}
    options = (await send("GET", f"{STORE}/delivery-options"))["delivery_options"]
    known = {"sku": product["sku"], "shipping": options[0]["id"], "payment": methods["zid_cod"]}
    return product, methods, filled(ORDER, known) | changes


async def test_an_order_is_created_by_sku_for_a_customer_found_by_mobile(zid, shop):
    tokens, send = shop
    told = await listening(zid, tokens, "order.create", "customer.create")
    product, _, draft = await drafted(zid, tokens, send, customer_comment="Ring twice")

    first = (await send("POST", f"{STORE}/drafts", json=draft))["order"]
    second = (await send("POST", f"{STORE}/drafts", json=draft))["order"]

    (line,) = first["products"]
    assert (line["id"], line["sku"], line["quantity"]) == (product["id"], product["sku"], 1)
    assert (first["source_code"], first["payment_status"], first["customer_note"]) == ("api", "pending", "Ring twice")
    assert first["shipping"]["address"]["city"] == {"id": 1, "name": "Riyadh"}
    assert first["customer"]["mobile"] == "966500000009"
    assert second["id"] != first["id"]
    assert second["customer"]["id"] == first["customer"]["id"]
    customer = (await send("GET", f"{STORE}/customers/{first['customer']['id']}"))["customer"]
    assert customer["order_counts"] == 2
    assert {row["id"] for row in customer["orders"]} == {first["id"], second["id"]}
    assert sorted(name for name, _ in await told()) == ["customer.create", "order.create", "order.create"]


async def test_a_payment_link_and_a_coupon_show_in_the_order(zid, shop):
    tokens, send = shop
    coupon = {"name": "x", "code": "HALF", "discount_type": "p", "discount": "50"}
    await send("POST", f"{STORE}/coupons/add", data=coupon)
    product, methods, draft = await drafted(zid, tokens, send, coupon_code="HALF")
    draft["payment_method"] = {"id": methods["payment_link.zidpay"]}

    order = (await send("POST", f"{STORE}/drafts", json=draft))["order"]

    price = product["sale_price"] or product["price"]
    assert order["payment_link"].startswith("https://")
    assert order["products"][0]["price"] == round(price / 2, 2)
    assert (order["coupon"]["code"], order["coupon"]["discount_value"]) == ("HALF", 50)
    listed = (await send("GET", f"{STORE}/coupons?search_term=half"))["coupons"]
    assert listed[0]["total_usage"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"products": [{"sku": "nowhere", "quantity": 1}]}, "products.0.sku"),
        ({"products": []}, "products"),
        ({"payment_method": {"id": 1}}, "payment_method.id"),
        ({"shipping_method": {"type": "delivery"}}, "shipping_method.id"),
        ({"customer": {"full_name": "x"}}, "customer.mobile_number"),
        ({"consignee": {"contact": {"a": 1}, "address": {"line_1": "x"}}}, "consignee.address.city_name"),
        ({"coupon_code": "NONE"}, "coupon_code"),
    ],
)
async def test_a_wrong_order_is_422_names_the_field_and_makes_nothing(zid, shop, change, field):
    tokens, send = shop
    _, _, draft = await drafted(zid, tokens, send, **change)
    before = await zid.control("GET", f"/stores/{tokens.store_id}/entities/customers")

    status, body = await zid.call("POST", f"{STORE}/drafts", headers=tokens.headers, json=draft)

    assert status == 422
    assert field in body
    assert await zid.control("GET", f"/stores/{tokens.store_id}/entities/customers") == before
    assert (await zid.stats())["writes"]["orders.create"] == {"applied": 0, "requests": 1, "repeated": 0}


async def order_of_two(zid, tokens, send):
    """A paid order of two pieces, one line."""
    _, methods, draft = await drafted(zid, tokens, send)
    draft["products"][0]["quantity"] = 2
    draft["payment_method"] = {"id": methods["zidpay"]}
    order = (await send("POST", f"{STORE}/drafts", json=draft))["order"]
    await zid.trigger(tokens, "order.payment_status.update", data={"id": order["id"], "payment_status": "paid"})
    return order


async def test_a_return_of_one_piece_leaves_the_other(zid, shop):
    tokens, send = shop
    order = await order_of_two(zid, tokens, send)
    told = await listening(zid, tokens, "order.status.update", "order.payment_status.update")
    line = order["products"][0]["order_product_id"]
    form = {"order_id": order["id"], "is_partial": 1, "products[0][order_product_id]": line, "products[0][quantity]": 1}

    worth = (await send("POST", "/v1/managers/reverse-credit-note/totals", data=form))["invoice"][-1]["value"]
    asked = {"order_id": order["id"], "is_partial": True, "products": [{"order_product_id": line, "quantity": 1}]}
    reverse = (await send("POST", REVERSE, json=asked | CONSIGNEE))["order_reverse"]
    rest = (await send("GET", f"{ORDERS}/{order['id']}/view-for-return"))["order"]
    too_many, body = await zid.call("POST", REVERSE, headers=tokens.headers, json={
        **asked, **CONSIGNEE, "products": [{"order_product_id": line, "quantity": 2}]})  # fmt: skip

    price = order["products"][0]["price"]
    assert worth == round(price, 2) == reverse["reverse_total"] == reverse["refund_total"]
    assert [(row["quantity"], row["total"]) for row in rest["products"]] == [(1, price)]
    assert (too_many, "products.0.quantity" in body) == (422, True)
    viewed = (await send("GET", f"{ORDERS}/{order['id']}/view"))["order"]
    assert viewed["order_status"]["code"] == "reverse_in_progress"
    assert viewed["reverse_order_label_request"]["id"] == reverse["id"]
    assert [row["id"] for row in viewed["reverse_order_label_requests"]] == [reverse["id"]]

    refund = {"order_reverse_id": reverse["id"], "amount": worth, "payment_method": "credit_card"}
    await send("POST", f"{REVERSE}/refund", data=refund)
    viewed = (await send("GET", f"{ORDERS}/{order['id']}/view"))["order"]
    assert (viewed["order_status"]["code"], viewed["payment_status"]) == ("partially_reversed", "paid")

    last = (await send("POST", REVERSE, json=CONSIGNEE | {"order_id": order["id"]}))["order_reverse"]
    await send("POST", f"{REVERSE}/refund", data=refund | {"order_reverse_id": last["id"]})
    viewed = (await send("GET", f"{ORDERS}/{order['id']}/view"))["order"]
    assert (viewed["order_status"]["code"], viewed["payment_status"]) == ("reversed", "refunded")
    assert (await send("GET", f"{ORDERS}/{order['id']}/view-for-return"))["order"]["products"] == []
    assert (await zid.call("POST", REVERSE, headers=tokens.headers, json=CONSIGNEE | {"order_id": order["id"]}))[
        0
    ] == 422
    notes = (await send("GET", f"{ORDERS}/{order['id']}/credit-notes"))["payload"]
    assert [note["order_total"] for note in notes["credit_notes"]] == [f"{worth:.4f}"] * 2
    assert len(notes["returned_items"]) == 2
    names = [name for name, _ in await told()]
    assert (names.count("order.status.update"), names.count("order.payment_status.update")) == (4, 1)


async def test_whether_an_order_follows_its_return_is_a_knob(zid, shop):
    tokens, send = shop
    await zid.knobs(orders__follow_reversals=False)
    number = await new_order(zid, tokens)

    reverse = (await send("POST", REVERSE, json=CONSIGNEE | {"order_id": number}))["order_reverse"]
    form = {"order_reverse_id": reverse["id"], "amount": reverse["refund_total"], "payment_method": "cash"}
    await send("POST", f"{REVERSE}/refund", data=form)

    order = (await send("GET", f"{ORDERS}/{number}/view"))["order"]
    assert order["order_status"]["code"] == "new"
    assert len(order["reverse_order_label_requests"]) == 1


async def test_a_refund_is_no_more_than_there_is_and_by_a_method_there_is(zid, shop):
    tokens, send = shop
    number = await new_order(zid, tokens, OWN | {"payment": {"method": {"code": "zid_cod", "type": "zid_cod"}}})
    reverse = (await send("POST", REVERSE, json=CONSIGNEE | {"order_id": number}))["order_reverse"]
    total = reverse["refund_total"]

    async def refund(amount, method):
        form = {"order_reverse_id": reverse["id"], "amount": amount, "payment_method": method}
        return await zid.call("POST", f"{REVERSE}/refund", headers=tokens.headers, data=form)

    assert "amount" in (await refund(total + 1, "cash"))[1]
    assert "payment_method" in (await refund(total, "credit_card"))[1]
    _, first = await refund(round(total / 2, 2), "cash")
    assert "amount" in (await refund(total, "cash"))[1]
    assert first["order_reverse"]["refund_total"] == round(total - round(total / 2, 2), 2)


async def test_receipts_are_images_of_at_most_five_megabytes(zid, shop):
    tokens, send = shop
    number = await new_order(zid, tokens)
    reverse = (await send("POST", REVERSE, json=CONSIGNEE | {"order_id": number}))["order_reverse"]
    form = {"order_reverse_id": reverse["id"], "amount": "1", "payment_method": "zid_bank_transfer"}
    refund = (await send("POST", f"{REVERSE}/refund", data=form))["order_reverse"]["refund"]

    async def upload(size, kind, refund_id=refund["id"]):
        form = aiohttp.FormData({"refund_id": refund_id})
        form.add_field("bank_transfer_receipt", io.BytesIO(b"x" * size), filename="r", content_type=kind)
        return await zid.call("POST", f"{REVERSE}/refund/upload-bank-receipt", headers=tokens.headers, data=form)

    limit = 5 * 1024 * 1024
    statuses = [
        (await upload(limit, "image/png"))[0], (await upload(limit + 1, "image/png"))[0],
        (await upload(9, "application/pdf"))[0], (await upload(9, "image/png", "nobody"))[0],
    ]  # fmt: skip
    assert statuses == [200, 422, 422, 422]
    order = (await send("GET", f"{ORDERS}/{number}/view"))["order"]
    assert order["reverse_order_label_request"]["id"] == reverse["id"]


async def test_received_quantities_are_counted_all_or_none(zid, shop):
    tokens, send = shop
    order = await order_of_two(zid, tokens, send)
    reverse = (await send("POST", REVERSE, json=CONSIGNEE | {"order_id": order["id"]}))["order_reverse"]
    row = reverse["products"][0]["id"]

    async def count(good, lost, damaged, number=row):
        rows = [{"id": number, "received_quantity": good, "not_received_quantity": lost, "damaged_quantity": damaged}]
        document = {"order_reverse_id": reverse["id"], "products": rows}
        return await zid.call("PUT", f"{REVERSE}/products", headers=tokens.headers, json=document)

    assert [(await count(*counts))[0] for counts in ((0, 0, 0), (2, 1, 0), (1, 0, 0, "nobody"))] == [422, 422, 422]
    _, body = await count(1, 0, 1)
    (counted,) = body["order_reverse"]["products"]
    assert [counted[f"{name}_quantity"] for name in ("received", "not_received", "damaged")] == [1, 0, 1]


async def test_orders_are_filtered_by_what_the_docs_list(zid, shop):
    tokens, send = shop
    _, _, draft = await drafted(zid, tokens, send, is_gift=True)
    order = (await send("POST", f"{STORE}/drafts", json=draft))["order"]
    method = order["shipping"]["method"]["id"]

    for query in (
        f"search_term={order['code']}", "search_term=b@example.com", "customer_phone=%2B966500000009",
        "is_gift_order=1",
        f"shipping_method=zid_delivery.option_{method}&search_term=b@example", "source=Order Api&is_gift_order=1",
        f"sku={order['products'][0]['sku']}&customer_id={order['customer']['id']}", "country_code=SA&is_gift_order=1",
        "shipping_city=1&is_gift_order=1", "customer_type=individual&is_gift_order=1",
    ):  # fmt: skip
        rows = (await send("GET", f"{ORDERS}?per_page=50&{query}"))["orders"]
        assert [row["id"] for row in rows] == [order["id"]], query
    assert (await send("GET", f"{ORDERS}?country_code=AE"))["orders"] == []
