"""The manager's profile, the embedded token, the app's subscription."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.api.answers import Answer, InvalidError, NotFoundError, managers_answer
from sandbox.api.gateway import Call
from sandbox.generation.blanks import blank
from sandbox.generation.formats import iso_micros, naive_utc
from sandbox.world.records import Json, Store

_SHORT_STORE = ("id", "uuid", "title", "username")
_EMBEDDED = {"200": Answer(200, {}), "201": Answer(201, {}), "204": Answer(204)}


def profile(call: Call) -> Answer:
    """`user.store` as live in 2026-08, or one of its variants (X27)."""
    match call.sandbox.knobs.text("profile.variant"):
        case "profile":
            return managers_answer(profile=_flat_profile(call.store))
        case "short_store":
            user = _user(call.store)
            user["store"] = {key: user["store"][key] for key in _SHORT_STORE}
            return Answer(document={"status": "object", "user": user})
        case _:
            return Answer(document={"status": "object", "user": _user(call.store)})


def _user(store: Store) -> Json:
    """The manager has an id of its own; the store's is below `store`."""
    user = blank("profile_user") | {"id": store.manager_id, "uuid": store.manager_uuid}
    user.update(name=store.manager_name, username=f"manager{store.id}", email=store.email, mobile=store.mobile)
    shown = user["store"] | {"id": store.id, "uuid": store.uuid, "title": store.title, "username": store.slug}
    shown.update(phone=store.mobile, email=store.email, url=store.url, created_at=naive_utc(store.created))
    shown["has_multi_product_inventory"] = store.has_multi_product_inventory
    shown["mobile_object"] = {"country_code": "966", "mobile": store.mobile.removeprefix("966")}
    shown["subscription"].update(id=str(store.id), subscribed_at=naive_utc(store.created))
    shown["subscription"]["expired_at"] = naive_utc(store.created + 3 * 365 * 86_400)
    user["store"] = shown
    return user


def _flat_profile(store: Store) -> Json:
    city = {"id": 1, "name": "الرياض"}
    country = {"id": 184, "name": "السعودية", "code": "SA"}
    person = {"name": store.manager_name, "email": store.email, "mobile": store.mobile}
    return {**person, "birth_date": None, "gender": None, "country": country, "city": city}


def register_embedded(call: Call) -> Answer:
    """Takes the UUID that will open the embedded page; what the body says is unknown (U10)."""
    token = call.incoming.document.get("token")
    if not isinstance(token, str) or not token:
        raise InvalidError({"token": ["The token field is required."]})
    if call.app.client_id not in call.store.embedded or call.sandbox.knobs.text("embedded.again") == "replace":
        call.store.embedded[call.app.client_id] = token
    call.sandbox.world.stores.touch(str(call.store.id))
    return _EMBEDDED[call.sandbox.knobs.text("embedded.body")]


def revoke_embedded(call: Call) -> Answer:
    """Forgets the embedded token of this app and store."""
    call.store.embedded.pop(call.app.client_id, None)
    call.sandbox.world.stores.touch(str(call.store.id))
    return _EMBEDDED[call.sandbox.knobs.text("embedded.body")]


def subscription(call: Call) -> Answer:
    """The store's subscription to the app; its nesting is unknown (U9)."""
    record = call.store.subscriptions.get(call.app.client_id)
    if record is None or call.query.get("app_id") != str(call.app.app_id):
        raise NotFoundError
    shape = call.sandbox.knobs.text("subscription.shape")
    word = "status" if shape == "status" else "subscription_status"
    document: Json = {word: record.status, "plan_id": record.plan_id, "plan_name": record.plan_name}
    document.update(start_date=iso_micros(record.start), end_date=iso_micros(record.end), is_usage_based=False)
    nestings: Mapping[str, Json] = {"data": {"data": document}, "subscription": {"subscription": document}}
    return Answer(document=nestings.get(shape, document))
