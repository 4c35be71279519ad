"""Made-up abandoned carts, with the keys of the documented cart and of the official SDK's detail model."""

from __future__ import annotations

from sandbox.generation.blanks import blank
from sandbox.generation.customers import city
from sandbox.generation.formats import amount_string, naive_utc
from sandbox.generation.vocabulary import CART_PHASES, CITIES
from sandbox.world.records import Json, Store
from sandbox.world.world import World

ABANDONED_AFTER = 600


def new_cart(world: World, store: Store, at: float, customer: Json, product: Json) -> Json:
    """A cart that counts as abandoned at `at`, ten minutes after anything happened to it.

    `store_id` is the store's UUID here, `customer_id` a string.
    """
    rng = world.rng
    line = _line(world, product, rng.randint(1, 3))
    basket = f"3:{rng.randbytes(16).hex()}"
    cart = blank("cart") | {"id": world.new_uuid(), "url": f"{store.url}/checkout/fromBasket/{basket}"}
    cart.update(store_id=store.uuid, store_name=store.title, store_url=f"{store.url}/")
    cart.update(store_logo=f"https://cdn.zid.example/{store.uuid}.png", city=city(rng.choice(CITIES)))
    cart.update(products=[line], products_count=line["quantity"], phase=rng.choice(CART_PHASES))
    cart.update(customer_id=str(customer["id"]), customer_name=customer["name"])
    cart.update(customer_email=customer["email"], customer_mobile=customer["mobile"])
    cart.update(cart_total=line["total"], cart_total_string=f"{line['total']:,.2f} ر.س")
    cart.update(created_at=naive_utc(at - ABANDONED_AFTER), updated_at=naive_utc(at))
    return cart


def _line(world: World, product: Json, quantity: int) -> Json:
    price, total = product["price"], round(product["price"] * quantity, 2)
    line = blank("cart_line") | {"id": world.next_id("line"), "product_id": product["id"].replace("-", "")}
    line.update(product_url=product["html_url"], sku=product["sku"], name=product["name"]["ar"])
    line.update(price=price, price_string=amount_string(price), quantity=quantity)
    line.update(total=total, total_string=amount_string(total))
    return line
