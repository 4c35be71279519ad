"""Every operation of the managers family, performed against the sandbox over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.domain.names import Name
from core.domain.operations.account import (
    GetAppSubscription,
    GetProfile,
    RegisterEmbeddedToken,
    RevokeEmbeddedToken,
)
from core.domain.operations.customers import CreateCustomers, GetCustomer, NewCustomer, RemoveCustomerTag
from core.domain.operations.files import Upload
from core.domain.operations.loyalty import (
    ActivateLoyalty,
    AdjustPoints,
    CreateRedemption,
    DeleteRedemption,
    GetLoyaltyInfo,
    GetLoyaltyProgram,
    GetLoyaltyStatus,
    GetPointsAccount,
    ListPointsMovements,
    RedemptionKind,
    SetPointsExpiration,
    UpdateCashback,
    UpdateRedemption,
)
from core.domain.operations.marketing import (
    ApplyingMethod,
    CouponFields,
    CreateCoupon,
    DeleteCoupon,
    DiscountType,
    GetCoupon,
    ListBundleOffers,
    ListCoupons,
    UpdateCoupon,
)
from core.domain.operations.order_writes import (
    ChangeOrderStatus,
    CommentOnOrder,
    Contact,
    CreateOrder,
    DeliveryAddress,
    GetCreditNotes,
    ListOrderStatuses,
    NewLine,
    ViewForReturn,
)
from core.domain.operations.orders import GetOrder
from core.domain.operations.products import GetProduct
from core.domain.operations.reverse_orders import (
    CalculateReturn,
    CreateReturnWaybill,
    CreateReverseOrder,
    CreateReverseReason,
    ListReverseReasons,
    ReceivedLine,
    ReceiveReturn,
    RefundReverseOrder,
    ReturnLine,
    UploadRefundReceipt,
)
from core.domain.operations.settings import (
    GetTaxSettings,
    ListCities,
    ListCountries,
    ListDeliveryOptions,
    ListOperatingCountries,
    ListPaymentMethods,
)
from core.domain.operations.stocks import ListLocations
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks
from core.domain.results.order import Order
from core.domain.secret import Secret
from core.errors import Invalid, NotFound
from core.features.read_pages import items
from sandbox.server import RunningSandbox
from tests.integration.zid.operations_world import Shop, running_zid, shop
from tests.integration.zid.sandbox_world import REGISTERED


@pytest.fixture(scope="session")
async def zid_of_managers() -> AsyncIterator[RunningSandbox]:
    async with running_zid() as running:
        yield running


@pytest.fixture(params=["live", "generic"])
async def store(zid_of_managers: RunningSandbox, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    """In the envelopes that were seen, and in the one that the documentation shows."""
    async with shop(zid_of_managers, products=4, categories=1, orders=4, customers=3, carts=1) as opened:
        await opened.knobs(answers__envelope=request.param)
        yield opened


async def ordered(store: Shop) -> Order:
    """An order of two pieces, paid for by bank transfer."""
    product = await store.perform(GetProduct((await store.ids("products"))[0]))
    buyer = Contact(full_name="Amal", mobile_country_code="966", mobile_number="500000005", email="a@example.com")
    ways = [one for one in await store.perform(ListPaymentMethods()) if one.code == "zid_bank_transfer"]
    (delivery, *_) = await store.perform(ListDeliveryOptions())
    return await store.perform(
        CreateOrder(
            currency_code="SAR",
            customer=buyer,
            consignee=buyer,
            address=DeliveryAddress(line_1="King Fahd Road", city_name="Riyadh", country_code="SA"),
            lines=(NewLine(sku=(product.variants or (product,))[0].sku or "", quantity=2),),
            shipping_type="delivery",
            shipping_id=delivery.id,
            payment_method_id=ways[0].id,
            payment_link_expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        )
    )


async def test_an_order_is_made_moved_and_commented_on(store: Shop) -> None:
    order = await ordered(store)
    assert order.status == "new"
    assert [line.quantity for line in order.lines] == [2]
    (place, *_) = (await store.perform(ListLocations())).items
    await store.perform(ChangeOrderStatus(order_id=order.id, status="ready", inventory_address_id=place.id))
    shipped = await store.perform(
        ChangeOrderStatus(
            order_id=order.id,
            status="indelivery",
            tracking_number="TRK1",
            tracking_url="https://courier.example/TRK1",
            waybill_url="https://courier.example/TRK1.pdf",
        )
    )
    assert (shipped.status, shipped.shipping.tracking_number) == ("indelivery", "TRK1")
    told = await store.perform(CommentOnOrder(order.id, "On its way, في الطريق"))
    assert "On its way, في الطريق" in [entry.comment for entry in told.history]
    with pytest.raises(Invalid):
        await store.perform(ChangeOrderStatus(order_id=order.id, status="no-such-status"))


async def test_statuses_of_the_stores_own_and_notes(store: Shop) -> None:
    statuses = await store.perform(ListOrderStatuses())
    assert {"new", "ready", "delivered"} <= {status.code for status in statuses}
    notes = await store.perform(GetCreditNotes((await store.ids("orders"))[0]))
    assert notes.notes == ()


async def test_a_return_from_its_price_to_its_refund(store: Shop) -> None:
    order = await ordered(store)
    for status in ("ready", "indelivery", "delivered"):
        (place, *_) = (await store.perform(ListLocations())).items
        await store.perform(ChangeOrderStatus(order_id=order.id, status=status, inventory_address_id=place.id))
    returnable = await store.perform(ViewForReturn(order.id))
    (line,) = returnable.lines
    back = (ReturnLine(line.line_id or "", 1),)
    worth = {row.code: row.value for row in await store.perform(CalculateReturn(order.id, back))}
    assert worth["total"] is not None
    assert worth["total"].amount > 0
    reason = await store.perform(CreateReverseReason("Changed my mind"))
    assert reason in await store.perform(ListReverseReasons())
    reverse = await store.perform(
        CreateReverseOrder(
            order_id=order.id,
            consignee_name="Amal",
            consignee_mobile="+966500000005",
            consignee_city_id="1",
            consignee_address_1="King Fahd Road",
            reasons=(reason,),
            lines=back,
        )
    )
    assert (reverse.order_id, reverse.is_partial, reverse.reasons) == (order.id, True, ("Changed my mind",))
    assert (await store.perform(CreateReturnWaybill(order.id))).tracking_number
    received = await store.perform(ReceiveReturn(reverse.id, (ReceivedLine(id=reverse.lines[0].id, received=1),)))
    assert received.lines[0].received_quantity == 1
    assert received.refundable is not None
    refunded = await store.perform(
        RefundReverseOrder(reverse.id, received.refundable.amount, "zid_bank_transfer", "with regards")
    )
    assert refunded.refund is not None
    picture = Upload("receipt.png", b"\x89PNG\r\n\x1a\nreceipt", "image/png")
    assert (await store.perform(UploadRefundReceipt(refunded.refund.id, picture))).id == reverse.id
    (seen,) = (await store.perform(GetOrder(order.id))).reverse_orders
    assert seen.id == reverse.id


async def test_customers_are_made_many_at_once(store: Shop) -> None:
    people = (NewCustomer("Amal", "+966500000099"), NewCustomer("Badr", "+966500000098", "b@example.com"))
    amal, badr = await store.perform(CreateCustomers(people))
    assert (amal.name, amal.mobile) == ("Amal", "966500000099")
    assert badr.email == "b@example.com"
    (again,) = await store.perform(CreateCustomers(people[:1]))
    assert again.id == amal.id


@pytest.mark.parametrize("variant", ["422", "duplicate"])
async def test_a_known_mobile_in_the_other_variants_of_zid(store: Shop, variant: str) -> None:
    person = CreateCustomers((NewCustomer("Amal", "+966500000099"),))
    (first,) = await store.perform(person)
    await store.knobs(customers__bulk_existing=variant)
    if variant == "422":
        with pytest.raises(Invalid):
            await store.perform(person)
    else:
        (second,) = await store.perform(person)
        assert (second.mobile, second.id == first.id) == (first.mobile, False)


async def test_a_tag_is_taken_off(store: Shop) -> None:
    customer_id = (await store.ids("customers"))[0]
    tags = [{"id": f"6b2a2e39-0000-4000-8000-00000000000{number}", "name": f"tag {number}"} for number in (1, 2)]
    change = {"id": int(customer_id), "tags": tags}
    await store.control("POST", "/trigger", {"store_id": store.store_id, "event": "customer.update", "data": change})
    first, second = (await store.perform(GetCustomer(customer_id))).tags
    assert (await store.perform(RemoveCustomerTag(customer_id, first.id))).tags == (second,)
    with pytest.raises(NotFound):
        await store.perform(RemoveCustomerTag(customer_id, first.id))


async def test_a_coupon_lives_and_ends(store: Shop) -> None:
    fields = CouponFields(
        name="Summer",
        code="SUMMER",
        discount_type=DiscountType.PERCENTAGE,
        discount=Decimal(20),
        date_start=date(2030, 7, 1),
        date_end=date(2030, 7, 31),
        max_weight=Decimal("1.5"),
        maximum_discount_value=Decimal(50),
        applying_method=ApplyingMethod.CODE,
        is_pos_active=True,
    )
    coupon = await store.perform(CreateCoupon(fields))
    assert (coupon.code, coupon.discount, coupon.max_weight) == ("SUMMER", Decimal(20), 1500)
    assert (coupon.starts_on, coupon.ends_on) == (date(2030, 7, 1), date(2030, 7, 31))
    assert [one.id async for one in items(store, ListCoupons(search_term="SUMMER"))] == [coupon.id]
    changed = await store.perform(UpdateCoupon(coupon.id, CouponFields(discount=Decimal(25))))
    assert changed.discount == (await store.perform(GetCoupon(coupon.id))).discount == Decimal(25)
    await store.perform(DeleteCoupon(coupon.id))
    with pytest.raises(NotFound):
        await store.perform(GetCoupon(coupon.id))


async def test_bundle_offers_are_read_to_the_end(store: Shop) -> None:
    every = [offer async for offer in items(store, ListBundleOffers(per_page=1))]
    total = (await store.perform(ListBundleOffers())).total
    assert len(every) == total


async def test_the_loyalty_program(store: Shop) -> None:
    await store.perform(ActivateLoyalty(active=False))
    assert await store.perform(GetLoyaltyStatus()) is False
    await store.perform(ActivateLoyalty(active=True))
    await store.perform(SetPointsExpiration(30))
    program = await store.perform(GetLoyaltyProgram())
    assert (program.is_active, program.expiration_days) == (True, 30)
    await store.perform(UpdateCashback(program.cashback_rules[0].id, Decimal(10), 2))
    rule = await store.perform(CreateRedemption(RedemptionKind.FIXED, Decimal(5), 100))
    assert (rule.points, rule.discount) == (100, Decimal(5))
    await store.perform(UpdateRedemption(rule.id, RedemptionKind.FIXED, Decimal(6), 100))
    changed = await store.perform(GetLoyaltyProgram())
    assert changed.cashback_rules[0].amount == Decimal(10)
    assert {one.id: one.discount for one in changed.redemption_rules}[rule.id] == Decimal(6)
    await store.perform(DeleteRedemption(rule.id))
    assert (await store.perform(GetLoyaltyInfo())).raw


async def test_a_customers_points(store: Shop) -> None:
    customer_id = (await store.ids("customers"))[0]
    before = (await store.perform(GetPointsAccount(customer_id))).balance or 0
    given = await store.perform(AdjustPoints(customer_id, 7, "a gift"))
    taken = await store.perform(AdjustPoints(customer_id, -2, "a mistake"))
    assert (given.points, taken.points) == (7, -2)
    assert (await store.perform(GetPointsAccount(customer_id))).balance == before + 5
    assert {7, -2} <= {row.points for row in await store.perform(ListPointsMovements(customer_id))}


async def test_what_a_store_is_set_up_with(store: Shop) -> None:
    assert (await store.perform(GetTaxSettings())).raw is not None
    for method in await store.perform(ListPaymentMethods()):
        assert method.name.ar or method.name.en
    assert all(option.cities for option in await store.perform(ListDeliveryOptions()))
    home, *_ = await store.perform(ListOperatingCountries())
    assert home.id in {country.id for country in await store.perform(ListCountries())}
    riyadh, *_ = await store.perform(ListCities(home.id))
    assert riyadh.name == Name("الرياض", "Riyadh")


async def test_the_account_and_what_the_app_keeps_at_zid(store: Shop) -> None:
    assert (await store.perform(GetProfile())).store_id == store.store_id
    await store.perform(RegisterEmbeddedToken(Secret("6b2a2e39-4c53-4f0f-9c15-2a1f2c2f8a10")))
    await store.perform(RevokeEmbeddedToken())
    hook = CreateWebhook("order.create", "https://wasl.example/h", "7367", "zid", Secret("pw"))
    assert await store.perform(hook) is not None
    assert [one.event for one in await store.perform(ListWebhooks())] == ["order.create"]
    await store.perform(DeleteWebhooks("7367"))
    assert await store.perform(ListWebhooks()) == []


@pytest.mark.parametrize("shape", ["root", "data", "subscription", "status"])
async def test_the_apps_own_subscription_in_every_shape(store: Shop, shape: str) -> None:
    await store.control("POST", "/trigger", {"store_id": store.store_id, "event": "app.market.subscription.active"})
    await store.knobs(subscription__shape=shape)
    paid = await store.perform(GetAppSubscription(str(REGISTERED.app_id)))
    assert paid.status == "active"
    assert paid.starts_at is not None
