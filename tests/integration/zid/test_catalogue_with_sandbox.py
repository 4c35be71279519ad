"""Every operation of the products family, performed against the sandbox over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.domain.money import Money
from core.domain.names import Name
from core.domain.operations.attributes import (
    AttributeFields,
    CreateAttribute,
    CreateMetafield,
    CreatePreset,
    DeleteAttribute,
    DeletePreset,
    GetAttribute,
    ListAttributes,
    ListBadges,
    ListMetafields,
    ListPresets,
    UpdateAttribute,
    UpdatePreset,
)
from core.domain.operations.categories import (
    CategoryFields,
    CreateCategory,
    EmptyCategory,
    GetCategory,
    ListCategories,
    PublishCategory,
    UpdateCategory,
)
from core.domain.operations.files import Upload
from core.domain.operations.notifications import (
    AddNotice,
    ChangeNoticeSettings,
    ExportNotices,
    GetNoticeSettings,
    GetNoticeStats,
    ListNotices,
    SendNotice,
)
from core.domain.operations.product_parts import (
    AddToCategories,
    AddToCategory,
    CreateCustomInput,
    CreateCustomOption,
    DeleteCustomOption,
    DeleteImage,
    ListImages,
    MoveImage,
    Offer,
    OptionFields,
    OptionKind,
    RemoveFromCategory,
    ReplaceCustomOption,
    UploadImage,
)
from core.domain.operations.product_writes import (
    ArrangeProducts,
    CombineVariants,
    CreateProduct,
    DeleteProduct,
    ExportProducts,
    GetProductSettings,
    ImportProducts,
    LocationStock,
    ProductChange,
    ProductFields,
    ResetArrangement,
    SetVariants,
    UpdateProduct,
    UpdateProducts,
    VariantAttribute,
    VariantFields,
    VariantOption,
    Weight,
)
from core.domain.operations.products import GetProduct, ListProducts, ProductClass, ProductOrdering, Structure
from core.domain.operations.stocks import (
    Coordinates,
    CreateLocation,
    CreateStock,
    GetLocation,
    GetStock,
    ListLocations,
    ListStocks,
    LocationFields,
    ProductStock,
    SetLocationStock,
    UpdateLocation,
    UpdateStock,
    UpdateStocks,
)
from core.domain.operations.vouchers import (
    CreateVoucher,
    DeleteVoucher,
    ExportVouchers,
    ImportVouchers,
    ListOrderVouchers,
    ListVouchers,
    UpdateVoucher,
    VoucherFields,
)
from core.domain.results.product import Product
from core.domain.results.voucher import VoucherStatus
from core.domain.secret import Secret
from core.errors import NotFound
from core.features.read_pages import items
from sandbox.server import RunningSandbox
from tests.integration.zid.operations_world import Shop, running_zid, shop

PNG = Upload("a.png", b"\x89PNG\r\n\x1a\n" + b"--wasl-" * 40, "image/png")
SIZE = Name(ar="المقاس", en="Size")
LARGE = Name(ar="كبير", en="Large")


@pytest.fixture(scope="session")
async def zid_of_products() -> AsyncIterator[RunningSandbox]:
    async with running_zid() as running:
        yield running


@pytest.fixture(params=["live", "generic"])
async def store(zid_of_products: RunningSandbox, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    """In the envelopes that were seen, and in the one that the documentation shows."""
    async with shop(zid_of_products, products=6, categories=3, orders=2, customers=2) as opened:
        await opened.knobs(answers__envelope=request.param)
        yield opened


async def made(store: Shop, sku: str = "MUG-1", **more: object) -> Product:
    fields = ProductFields(name=Name("كوب", "Mug"), price=Decimal("12.50"), sku=sku, quantity=5, **more)  # type: ignore[arg-type]
    return await store.perform(CreateProduct(fields))


async def test_a_product_is_made_changed_and_removed(store: Shop) -> None:
    mug = await made(store, sale_price=Decimal("9.99"), weight=Weight(Decimal("0.5")), keywords=("cup", "كوب"))
    assert (mug.sku, mug.name, mug.price) == ("MUG-1", Name("كوب", "Mug"), Money(Decimal("12.5"), "SAR"))
    assert mug.sale_price == Money(Decimal("9.99"), "SAR")
    changed = await store.perform(UpdateProduct(mug.id, ProductFields(sale_price=None, is_published=True)))
    assert (changed.sale_price, changed.is_published, changed.price) == (None, True, mug.price)
    await store.perform(DeleteProduct(mug.id))
    with pytest.raises(NotFound):
        await store.perform(GetProduct(mug.id))


async def test_many_products_change_in_one_call(store: Shop) -> None:
    first, second = (await store.ids("products"))[:2]
    sku = (await store.perform(GetProduct(second))).sku or ""
    changes = (
        ProductChange(ProductFields(price=Decimal("12.444")), id=first),
        ProductChange(ProductFields(sku=sku, price=Decimal(7))),
    )
    told = {product.id: product.price for product in await store.perform(UpdateProducts(changes))}
    assert told == {first: Money(Decimal("12.444"), "SAR"), second: Money(Decimal(7), "SAR")}


async def test_lists_are_filtered(store: Shop) -> None:
    wanted = await made(store, product_class=ProductClass.DOWNLOADABLE)
    found = [one.id async for one in items(store, ListProducts(product_class=ProductClass.DOWNLOADABLE))]
    assert found == [wanted.id]
    ids = tuple((await store.ids("products"))[:2])
    assert {one.id async for one in items(store, ListProducts(ids=ids))} == set(ids)
    newest = await store.perform(ListProducts(ordering=ProductOrdering.NEWEST, structure=Structure.STANDALONE))
    assert newest.items[0].id == wanted.id


async def test_products_are_arranged_exported_and_imported(store: Shop) -> None:
    assert (await store.perform(GetProductSettings())).raw
    await store.perform(ArrangeProducts(tuple(await store.ids("products"))))
    await store.perform(ResetArrangement())
    await store.perform(ExportProducts())
    await store.perform(ImportProducts(Upload("p.csv", b"name,price\nMug,1\n", "text/csv")))


async def test_variants_need_their_attribute_and_make_a_parent(store: Shop) -> None:
    size = await store.perform(CreateAttribute(AttributeFields(name=SIZE, slug="size")))
    preset = await store.perform(CreatePreset(size.id, LARGE))
    mug = await made(store)
    variant = VariantFields(
        sku="MUG-L",
        price=Decimal(15),
        attributes=(VariantAttribute(size.slug or "", LARGE),),
        weight=Weight(Decimal("0.6")),
    )
    parent = await store.perform(SetVariants(mug.id, (variant,)))
    (large,) = parent.variants
    assert (parent.structure, large.sku, large.price) == ("parent", "MUG-L", Money(Decimal(15), "SAR"))
    assert [choice.value.en for choice in large.choices] == ["Large"]
    combined = await made(store, "MUG-2")
    options = (VariantOption(size.slug or "", ("Large",)),)
    assert len((await store.perform(CombineVariants(combined.id, options))).variants) == 1

    listed = [one.id async for one in items(store, ListPresets(attribute_id=size.id))]
    assert listed == [preset.id]
    assert (await store.perform(UpdatePreset(size.id, preset.id, Name("ضخم", "Huge")))).value
    await store.perform(DeletePreset(size.id, preset.id))
    renamed = await store.perform(UpdateAttribute(size.id, AttributeFields(is_enabled=False)))
    assert renamed.is_enabled is False
    assert (await store.perform(GetAttribute(size.id))).id == size.id
    assert size.id in [one.id async for one in items(store, ListAttributes())]
    await store.perform(DeleteAttribute(size.id))


async def test_metafields_and_badges(store: Shop) -> None:
    field = await store.perform(CreateMetafield(Name("لون", "Color")))
    assert field.id in [one.id async for one in items(store, ListMetafields())]
    assert all(badge.body for badge in await store.perform(ListBadges()))


async def test_options_and_inputs_of_a_product(store: Shop) -> None:
    mug = await made(store)
    fields = OptionFields(
        label=Name("تغليف", "Wrapping"),
        hint=Name("اختر", "Choose"),
        choices=(Offer(Name("نعم", "Yes"), Decimal("5.5")), Offer(Name("لا", "No"))),
        type=OptionKind.DROPDOWN,
        min_choices=0,
        max_choices=1,
        can_choose_multiple_options=False,
    )
    option = await store.perform(CreateCustomOption(mug.id, fields))
    assert [choice.name.en for choice in option.choices] == ["Yes", "No"]
    kept = Offer(option.choices[0].name, Decimal(6), option.choices[0].id)
    replaced = await store.perform(
        ReplaceCustomOption(mug.id, option.id, OptionFields(label=fields.label, choices=(kept,)))
    )
    assert [choice.price for choice in replaced.choices] == [Money(Decimal(6))]
    await store.perform(DeleteCustomOption(mug.id, option.id))
    typed = await store.perform(CreateCustomInput(mug.id, "TEXT", Name("نقش", "Engraving"), price=Decimal(10)))
    assert typed.label.en == "Engraving"


async def test_pictures_travel_as_multipart(store: Shop) -> None:
    mug = await made(store)
    first = await store.perform(UploadImage(mug.id, PNG, "A mug, كوب"))
    second = await store.perform(UploadImage(mug.id, PNG))
    assert (first.alt_text, first.url is not None) == ("A mug, كوب", True)
    assert (await store.perform(MoveImage(mug.id, second.id, 1))).id == second.id
    await store.perform(DeleteImage(mug.id, first.id))
    assert [one.id async for one in items(store, ListImages(product_id=mug.id))] == [second.id]


async def test_categories_and_what_is_in_them(store: Shop) -> None:
    mug = await made(store)
    cups = await store.perform(CreateCategory(CategoryFields(name=Name("أكواب", "Cups"))))
    below = await store.perform(CreateCategory(CategoryFields(name=Name("كبيرة", "Large"), parent_id=cups.id)))
    assert (cups.name, below.parent_id) == (Name("أكواب", "Cups"), cups.id)
    await store.perform(AddToCategory(mug.id, cups.id))
    others = tuple(category.id for category in (await store.perform(ListCategories())).items if category.id != cups.id)
    await store.perform(AddToCategories(mug.id, others[:1]))
    assert set((await store.perform(GetProduct(mug.id))).category_ids) == {cups.id, others[0]}
    await store.perform(RemoveFromCategory(mug.id, others[0]))
    await store.perform(PublishCategory(cups.id, is_published=False))
    changed = await store.perform(UpdateCategory(cups.id, CategoryFields(description=Name("", "To drink from"))))
    assert changed.description.en == "To drink from"
    assert (await store.perform(GetCategory(cups.id))).is_published is False
    await store.perform(EmptyCategory(cups.id))
    assert (await store.perform(GetProduct(mug.id))).category_ids == ()


async def test_stock_row_by_row_and_many_at_once(store: Shop) -> None:
    mug = await made(store)
    place = LocationFields(
        name=Name("جدة", "Jeddah"),
        city_id="1",
        coordinates=Coordinates(Decimal("21.5"), Decimal("39.2")),
        full_address="1 Harbour Rd",
        short_address="AAAA0001",
        is_enabled=True,
        channels=("pos", "catalog"),
    )
    jeddah = await store.perform(CreateLocation(place))
    assert (jeddah.name.en, jeddah.latitude) == ("Jeddah", Decimal("21.5"))
    row = await store.perform(CreateStock(mug.id, LocationStock(jeddah.id, 3)))
    assert (row.location_id, row.quantity, row.is_infinite) == (jeddah.id, 3, False)
    assert (await store.perform(UpdateStock(mug.id, row.id, 4))).quantity == 4
    await store.perform(UpdateStocks(mug.id, (LocationStock(jeddah.id, is_infinite=True),)))
    endless = await store.perform(GetStock(mug.id, row.id))
    assert (endless.is_infinite, endless.quantity) == (True, None)
    await store.perform(SetLocationStock(jeddah.id, (ProductStock(mug.id, 9),)))
    stocks = {one.location_id: one.quantity async for one in items(store, ListStocks(product_id=mug.id))}
    assert stocks[jeddah.id] == 9
    changed = await store.perform(UpdateLocation(jeddah.id, LocationFields(short_address="BBBB0002")))
    assert changed.short_address == (await store.perform(GetLocation(jeddah.id))).short_address == "BBBB0002"


@pytest.mark.parametrize("param", ["page_size", "per_page", "both"])
async def test_locations_are_followed_whichever_size_zid_reads(store: Shop, param: str) -> None:
    for number in range(4):
        place = Name(en=f"Place {number}")
        await store.perform(
            CreateLocation(
                LocationFields(
                    name=place,
                    city_id="1",
                    coordinates=Coordinates(Decimal(1), Decimal(2)),
                    full_address="x",
                    short_address="AAAA0001",
                )
            )
        )
    await store.knobs(locations__page_param=param)
    names = [one.name.en async for one in items(store, ListLocations(per_page=2))]
    assert {f"Place {number}" for number in range(4)} <= set(names)


async def test_vouchers_and_those_of_an_order(store: Shop) -> None:
    card = await made(store, product_class=ProductClass.VOUCHER)
    until = datetime(2030, 10, 10, 3, tzinfo=UTC)
    fields = VoucherFields(key=Secret("FX1"), pin_code=Secret("123"), serial_number="S1", expires_at=until)
    voucher = await store.perform(CreateVoucher(card.id, fields))
    assert (voucher.key, voucher.expires_at) == (Secret("FX1"), until)
    assert "FX1" not in repr(voucher)
    order_id = (await store.ids("orders"))[0]
    sold = VoucherFields(key=Secret("FX1"), status=VoucherStatus.RESERVED, order_id=order_id)
    assert (await store.perform(UpdateVoucher(card.id, voucher.id, sold))).status == "RESERVED"
    assert [one.id async for one in items(store, ListVouchers(product_id=card.id))] == [voucher.id]
    assert [one.key async for one in items(store, ListOrderVouchers(order_id=order_id))] == [Secret("FX1")]
    await store.perform(ImportVouchers(card.id, Upload("v.csv", b"key,pin_code,status\nFX2,1,AVAILABLE\n", "text/csv")))
    await store.perform(ExportVouchers(card.id, "merchant@example.com"))
    await store.perform(DeleteVoucher(card.id, voucher.id))


async def test_customers_who_wait(store: Shop) -> None:
    mug = await made(store)
    waiting = await store.perform(
        AddNotice(product_id=mug.id, email="a@example.com", language="en", customer_name="Amal")
    )
    assert (waiting.product_id, waiting.email, waiting.is_notified) == (mug.id, "a@example.com", False)
    await store.perform(ChangeNoticeSettings(delay_unit="hour", delay_value=2, email_title=Name("عاد", "Back")))
    settings = await store.perform(GetNoticeSettings())
    assert (settings.delay_value, settings.email_title.en) == (2, "Back")
    await store.perform(SendNotice(product_id=mug.id, email="a@example.com", customer_name="Amal"))
    since = datetime(2020, 1, 1, tzinfo=UTC)
    (told,) = [one async for one in items(store, ListNotices(product_id=mug.id, created_from=since))]
    assert told.is_notified is True
    assert (await store.perform(GetNoticeStats())).notified == 1
    await store.perform(ExportNotices("a@example.com", is_notified=True))
