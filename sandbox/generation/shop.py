"""What every store comes with beside its goods: attributes, coupons, offers, reasons for returns, settings."""

from __future__ import annotations

from sandbox.generation.blanks import blank
from sandbox.generation.formats import day, iso_seconds, naive_utc
from sandbox.generation.locations import first_locations
from sandbox.generation.vocabulary import (
    ATTRIBUTES,
    COUNTRY,
    CUSTOM_STATUSES,
    METAFIELDS,
    OFFERS,
    RETURN_REASONS,
    TAGS,
)
from sandbox.world.records import Json, Store
from sandbox.world.world import World

_YEAR = 365 * 86_400


def shop_documents(world: World, store: Store) -> dict[str, list[Json]]:
    """The entities a store opens with, by kind."""
    return {
        "locations": first_locations(store),
        "attributes": [_attribute(world, *row) for row in ATTRIBUTES],
        "metafields": [metafield(world, dict(zip(("ar", "en"), row, strict=True))) for row in METAFIELDS],
        "coupons": [_coupon(world, store, place) for place in range(3)],
        "bundle_offers": [_offer(world, store, *row) for row in OFFERS],
        "reasons": [{"id": world.new_uuid(), "name": name} for name in RETURN_REASONS],
    }


def shop_settings(world: World, store: Store) -> Json:
    """Settings that belong to the store as a whole."""
    shop = blank("shop")
    at = naive_utc(store.created)
    shop["custom_statuses"] = [
        {"id": 10_005 + place, "name": {"ar": arabic, "en": english}, "code": code, "color": "#c33c3c",
         "is_active": True, "display_order": place + 1, "parent": parent, "created_at": at, "updated_at": at}
        for place, (parent, code, arabic, english) in enumerate(CUSTOM_STATUSES)
    ]  # fmt: skip
    shop["tags"] = [
        {"id": world.new_uuid(), "name": name, "store_id": store.uuid, "user_id": store.manager_uuid, "orders": []}
        for name in TAGS
    ]
    shop["vat"]["countries"] = [_vat_country(world)]
    shop["loyalty"]["cashback_rules"] = [_cashback_rule(world, store)]
    shop["loyalty"]["redemption_rules"] = [redemption_rule(world, store, "fixed_rate_settings", 10, 100)]
    return shop


def metafield(world: World, name: Json) -> Json:
    """A field that merchants add to their products."""
    slug = (name.get("en") or name.get("ar") or "").strip().lower().replace(" ", "-")
    return {"id": world.new_uuid(), "name": name, "slug": slug, "data_type": "text", "display_order": 1, "value": None}


def new_attribute(world: World, name: Json, slug: str) -> Json:
    """An attribute without presets; `name` has both languages, answers show one."""
    attribute: Json = {"id": world.new_uuid(), "name": name, "slug": slug, "presets": []}
    return attribute | {"is_extra": False, "is_enabled": True, "display_order": None}


def new_preset(world: World, value: Json, place: int) -> Json:
    """One choice of an attribute."""
    preset: Json = {"id": world.new_uuid(), "value": value, "type": "default", "type_value": None}
    return preset | {"display_order": place, "attribute_image_id": None}


def redemption_rule(world: World, store: Store, kind: str, discount: float, points: int) -> Json:
    """So many points for so much off."""
    rule: Json = {"id": world.new_uuid(), "external_id": None, "store_id": store.uuid, "name": str(points)}
    rule.update(points_to_redeem=points, rule_type=kind, reward={"discount_value": discount}, conditions=None)
    at = iso_seconds(world.now())
    return rule | {"is_active": True, "created_at": at, "updated_at": at, "deleted_at": None}


def _attribute(world: World, arabic: str, english: str, values: tuple[tuple[str, str], ...]) -> Json:
    attribute = new_attribute(world, {"ar": arabic, "en": english}, arabic)
    choices = [dict(zip(("ar", "en"), value, strict=True)) for value in values]
    return attribute | {"presets": [new_preset(world, value, at + 1) for at, value in enumerate(choices)]}


def _coupon(world: World, store: Store, place: int) -> Json:
    """An active one, an inactive one and an expired one."""
    now = world.now()
    coupon = new_coupon(world, store, f"WELCOME{place}{world.rng.randrange(10**4):04d}")
    coupon.update(name=f"Coupon {place + 1}", discount_type="fp"[place % 2], discount=(10, 15, 25)[place])
    coupon.update(date_start=day(now - _YEAR / 2), date_end=day(now - _YEAR / 4 if place == 2 else now + _YEAR))
    coupon.update(coupon_status=place != 1, enabled=place != 1)
    return coupon


def new_coupon(world: World, store: Store, code: str) -> Json:
    """A coupon that takes nothing off yet."""
    number = world.next_id("coupon")
    coupon = blank("coupon") | {"coupon_id": number, "id": number, "store_id": store.id, "code": code}
    coupon.update(store_name=store.title, store_logo=f"https://cdn.zid.example/{store.uuid}.png")
    return coupon | {"created_at": iso_seconds(world.now())}


def _offer(world: World, store: Store, arabic: str, english: str) -> Json:
    """An offer; one that nobody described has an empty list there."""
    offer = blank("bundle_offer") | {"id": world.new_uuid(), "name": {"en": english, "ar": arabic}}
    if world.rng.random() < 0.5:
        offer["description"] = {"en": f"{english}, while stocks last", "ar": arabic}
    return offer | {"start_date": day(store.created), "end_date": day(world.now() + _YEAR)}


def _vat_country(world: World) -> Json:
    name = {"ar": COUNTRY[1], "en": COUNTRY[2]}
    country: Json = {"id": COUNTRY[0], "name": name, "iso_code_2": COUNTRY[3], "iso_code_3": "SAU"}
    row: Json = {"id": world.new_uuid(), "country": country, "tax_percentage": 0.15}
    row.update(vat_number="300000000000003", tax_registration_certificate=None, settings=[])
    return row | {"is_certificate_visible": False, "is_vat_number_visible": True}


def _cashback_rule(world: World, store: Store) -> Json:
    at = iso_seconds(store.created)
    level = {"levelId": None, "levelName": None}
    rule: Json = {"id": world.new_uuid(), "external_id": "15362", "store_id": store.uuid}
    rule.update(points_rewarded=1, amount_to_spend=1, available_to={"tags": [], "level": level})
    return rule | {"is_active": True, "created_at": at, "updated_at": at, "deleted_at": None}
