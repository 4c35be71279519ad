"""A store that has one of everything, and requests that are filled in with its ids."""

from __future__ import annotations

from typing import Any

import aiohttp

from tests.sandbox.endpoint_rows import STORE, Row

OWN_COURIER = {"shipping": {"method": {"courier": None}}, "is_marketplace_order": False}


async def one_of_everything(zid: Any, tokens: Any) -> dict[str, Any]:
    """Names for what exists: ids of seeded entities, and of what is made here through the API."""
    make = Maker(zid, tokens)
    known: dict[str, Any] = {"app_id": zid.app.app_id}
    for kind, name in (("carts", "cart"), ("categories", "category"), ("coupons", "coupon"), ("locations", "location")):
        known[name] = (await make.entities(kind))[0]["id"]
    known |= await make.orders() | await make.people() | await make.products(known["category"])
    known |= await make.parts(known["product"]) | await make.reversal(known["reversed_order"])
    known |= await make.settings()
    return known


class Maker:
    """Makes what the rows of the table need."""

    def __init__(self, zid: Any, tokens: Any) -> None:
        self.zid = zid
        self.tokens = tokens

    async def entities(self, kind: str) -> list[dict[str, Any]]:
        return (await self.zid.control("GET", f"/stores/{self.tokens.store_id}/entities/{kind}"))["items"]

    async def send(self, method: str, path: str, **options: Any) -> Any:
        status, body = await self.zid.call(method, path, headers=self.tokens.headers, **options)
        assert status < 300, (method, path, body)
        return body

    async def happening(self, event: str, data: dict[str, Any]) -> str:
        return (await self.zid.trigger(self.tokens, event, data=data))["ids"][0]

    async def orders(self) -> dict[str, Any]:
        names = ("order", "returned", "reversed_order")
        ids = {name: int(await self.happening("order.create", OWN_COURIER)) for name in names}
        lines = next(row for row in await self.entities("orders") if row["id"] == ids["returned"])["products"]
        methods = (await self.send("GET", f"{STORE}/payment-methods"))["payload"]
        options = (await self.send("GET", f"{STORE}/delivery-options"))["delivery_options"]
        line = lines[0]["order_product_id"]
        return ids | {"line": line, "payment": methods[0]["id"], "shipping": options[0]["id"]}

    async def people(self) -> dict[str, Any]:
        tagged = await self.happening("customer.create", {"tags": [{"id": "tag-1", "name": "VIP"}]})
        customer = (await self.entities("customers"))[0]["id"]
        return {"customer": customer, "tagged": tagged, "tag": "tag-1"}

    async def products(self, category: int) -> dict[str, Any]:
        attribute = (await self.send("GET", "/v1/attributes/"))["results"][0]
        known = {"attribute": attribute["id"], "slug": attribute["slug"], "preset": attribute["presets"][0]["id"]}
        for name in ("product", "standalone", "optioned", "parent", "sold"):
            product = await self.send("POST", "/v1/products/", json={"name": name, "price": 9, "sku": f"S-{name}"})
            known[name] = product["id"]
        await self.send("POST", f"/v1/products/{known['product']}/categories/", json={"id": category})
        chosen = [{"slug": known["slug"], "value": attribute["presets"][0]["value"]}]
        parent = await self.send(
            "POST", f"/v1/products/{known['parent']}/variants/", json={"variants": [{"attributes": chosen}]}
        )
        place = {
            "name": "New", "city": 1, "coordinates": {"latitude": 1, "longitude": 1}, "full_address": "x",
            "short_address": "RRRD1",
        }  # fmt: skip
        location = await self.send("POST", "/v1/locations/", json=place)
        return known | {"variant": parent["variants"][0]["id"], "sku": "S-sold", "empty_location": location["id"]}

    async def parts(self, product: str) -> dict[str, Any]:
        here = f"/v1/products/{product}"
        form = aiohttp.FormData({"alt_text": "x"})
        form.add_field("image", b"\x89PNG", filename="p.png", content_type="image/png")
        image = await self.send("POST", f"{here}/images/", data=form)
        voucher = await self.send("POST", f"{here}/vouchers/", json={"key": "K", "status": "SOLD", "order": 77})
        stocks = (await self.send("GET", f"{here}/stocks/"))["results"]
        option = await self.send(
            "POST", f"{here}/custom_options_fields/", json={"label": "Colour", "choices": [{"en": "Red"}]}
        )
        return {"image": image["id"], "voucher": voucher["id"], "stock": stocks[0]["id"], "option": option["id"]}

    async def reversal(self, order: int) -> dict[str, Any]:
        who = {"consignee_name": "A", "consignee_mobile": "1", "consignee_city_id": 1, "consignee_address_1": "x"}
        made = await self.send("POST", f"{STORE}/reverse-orders", json={"order_id": order} | who)
        reverse = made["order_reverse"]
        form = {"order_reverse_id": reverse["id"], "amount": "1", "payment_method": "cash"}
        refunded = await self.send("POST", f"{STORE}/reverse-orders/refund", data=form)
        line, refund = reverse["products"][0]["id"], refunded["order_reverse"]["refund"]["id"]
        return {"reverse": reverse["id"], "reverse_line": line, "refund": refund}

    async def settings(self) -> dict[str, Any]:
        program = await self.send("GET", "/v1/managers/loyalty-program/list-data")
        return {"cashback": program["cashback_rules"][0]["id"], "redemption": program["redemption_rules"][0]["id"]}


def filled(value: Any, known: dict[str, Any]) -> Any:
    """`value` with what its `{names}` stand for; a text that is nothing but a name becomes its value."""
    if isinstance(value, dict):
        return {filled(key, known): filled(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    name = value[1:-1] if value.startswith("{") and value.endswith("}") else ""
    return known[name] if name in known else value.format_map(known)


def path_of(row: Row, known: dict[str, Any]) -> str:
    query = f"?{row.query}" if row.query else ""
    return str((row.path + query).format_map(known))


def options_of(row: Row, known: dict[str, Any]) -> dict[str, Any]:
    """The body of a row as aiohttp takes it."""
    if row.json is not None:
        return {"json": filled(row.json, known)}
    if row.file is None and row.form is None:
        return {}
    fields = {name: str(value) for name, value in filled(row.form or {}, known).items()}
    if row.file is None:
        return {"data": fields}
    form = aiohttp.FormData(fields)
    name, filename, content, kind = row.file
    form.add_field(name, content, filename=filename, content_type=kind)
    return {"data": form}
