"""Every knob: what nobody has published about Zid, or what its sources contradict, as one table.

`source` is the item of the list of unknowns (U…) or contradictions (X…); a dash marks the sandbox's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting: its name, where it comes from, its default and which values it takes."""

    name: str
    source: str
    default: object
    allowed: str
    accepts: Callable[[object], bool]
    meaning: str


def _choice(name: str, source: str, values: tuple[str, ...], meaning: str) -> Knob:
    """A knob that takes one of `values`; the first is the default."""
    return Knob(name, source, values[0], " | ".join(values), lambda value: value in values, meaning)


def _flag(name: str, source: str, default: bool, meaning: str) -> Knob:
    return Knob(name, source, default, "true | false", lambda value: isinstance(value, bool), meaning)


def _number(name: str, source: str, default: float, meaning: str, *, above: float = 0, strictly: bool = False) -> Knob:
    sign = ">" if strictly else ">="

    def accepts(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return value > above if strictly else value >= above

    return Knob(name, source, default, f"number {sign} {above:g}", accepts, meaning)


def _text(name: str, source: str, default: str, meaning: str) -> Knob:
    return Knob(name, source, default, "text", lambda value: isinstance(value, str), meaning)


def _is_minutes(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, int | float) and not isinstance(item, bool) and item >= 0 for item in value
    )


def _is_kill_time(value: object) -> bool:
    return value == "first" or (isinstance(value, int | float) and not isinstance(value, bool) and value >= 0)


SANDBOX = (
    _number("time_scale", "-", 1.0, "sandbox seconds per real second", strictly=True),
    _choice(
        "world.updated_at",
        "-",
        ("growing", "clock"),
        "growing: every change gets a later updated_at than "
        "the one before; clock: what the clock says, so two changes in one second may share it",
    ),
    _number("lag_ms", "U18", 0, "how long reads show the state before a change, in sandbox milliseconds"),
)

OAUTH = (
    _choice(
        "oauth.consent",
        "-",
        ("auto", "page", "deny"),
        "what the merchant does at the consent screen; page shows login and consent pages",
    ),
    _choice(
        "oauth.landing",
        "oauth.md 2",
        ("redirection", "callback"),
        "where Activate sends the browser; callback: straight to the Callback URL with nothing",
    ),
    _number("oauth.code_ttl", "U2", 600, "seconds an authorization code lives"),
    _choice(
        "oauth.deny_params",
        "U2",
        ("full", "error_only"),
        "a refusal carries error, error_description and state, or error alone",
    ),
    _choice(
        "oauth.authorize_error",
        "U2",
        ("page", "redirect"),
        "authorize with an unknown client or a wrong "
        "redirect_uri: an error page (400), or a redirect to the registered callback with error",
    ),
    _text("oauth.ec_code", "U11", "EC3", "error_code when the store has no subscription record"),
    _number("oauth.expires_in", "X2", 31_536_000, "expires_in of new tokens, seconds (94608000 seen in 2026)"),
    _choice("oauth.authorization_field", "X1", ("authorization", "Authorization"), "case of the token field"),
    _choice("oauth.redirect_uri", "X4", ("optional", "required"), "may authorize leave redirect_uri out"),
    _choice("refresh.rotate", "U1", ("new", "same"), "does a refresh give a new refresh token"),
    _choice("refresh.new_authorization", "U1", ("new", "unchanged", "absent"), "authorization in a refresh answer"),
    _choice(
        "refresh.reuse",
        "U1",
        ("401", "400", "zid", "allow", "kill_family"),
        "a spent or unknown refresh "
        "token: league's body with 401 or 400, Zid's envelope, accepted again, or 401 and every token of "
        "that install dies",
    ),
    _number("refresh.ttl", "U1", 31_536_000, "seconds a refresh token lives"),
    _flag("refresh.revoke_access", "U1", True, "a refresh kills the access tokens it replaces (league does)"),
    _choice(
        "embedded.body",
        "U10",
        ("200", "201", "204"),
        "answer to registering an embedded token; 200 and 201 with {}, 204 without a body",
    ),
    _choice("embedded.again", "U10", ("replace", "keep"), "which token opens the app after a second registration"),
    _choice("embedded.delete_after_uninstall", "U10", ("401", "204", "404"), "DELETE of it after uninstall"),
    _choice("uninstall.profile_status", "U29", ("401", "403", "redirect"), "the profile after uninstall"),
    Knob(
        "uninstall.kill_tokens",
        "U36",
        "first",
        "first | seconds >= 0",
        _is_kill_time,
        "tokens die before the uninstall event is sent, or this long after",
    ),
    _choice("uninstall.webhooks", "-", ("remove", "keep"), "subscriptions of the app at uninstall"),
    _choice(
        "profile.variant",
        "X27",
        ("user_store", "profile", "short_store"),
        "shape of the profile; short_store: user.store with id, uuid, title, username only",
    ),
)

API = (
    _number("rate.bucket", "U4", 60, "requests per minute per app and store; 0 switches the limit off"),
    _number("rate.hold_ms", "U4", 0, "how long an excess request is held before it is refused, sandbox ms"),
    _flag("rate.retry_after", "U4", True, "a 429 carries Retry-After"),
    _choice(
        "rate.body",
        "U4",
        ("family", "drf", "laravel", "zid"),
        "body of a 429; family: drf for products, Zid's envelope for managers",
    ),
    _choice("rate.scope", "X21", ("all", "products"), "which endpoints the limit covers"),
    _choice(
        "errors.managers_401",
        "U3",
        ("zid", "root", "unauthenticated", "redirect"),
        "401 of the managers family; redirect: 302 to the login page unless JSON is accepted",
    ),
    _choice("errors.403", "U30", ("family", "root"), "body of a 403"),
    _choice("errors.5xx", "U31", ("html", "json"), "body of an injected 5xx"),
    _choice(
        "errors.dialect",
        "U12",
        ("live", "generic", "list", "fastapi", "root", "html"),
        "error bodies: the family's live form, the documented generic envelope, a list, FastAPI's detail list, "
        "message at the root with error_code or the fields, HTML",
    ),
    _choice(
        "answers.envelope",
        "X24",
        ("live", "generic"),
        "answers of the API: as seen live, or in the documented generic envelope that nobody has seen",
    ),
    _choice("lang.all", "U33", ("object", "ignored"), "Accept-Language: all-languages on products"),
    _choice(
        "subscription.shape",
        "U9",
        ("root", "data", "subscription", "status"),
        "app subscription: at the root, under data, under subscription, or with the field named status",
    ),
    _choice("paging.beyond", "U20", ("empty", "404"), "a page beyond the last"),
    _choice("orders.date_tz", "U21", ("utc", "store"), "time zone of date_from and date_to without an offset"),
    _choice("orders.page_shift", "U22", ("live", "snapshot"), "order pages over live data or over what page 1 saw"),
    _choice("orders.status_ids", "U24", ("made_up", "absent"), "display_status ids that nobody published"),
    _choice(
        "orders.transitions",
        "U13",
        ("permissive", "strict"),
        "which status may follow which: any but the courier rule, or the usual way of an order",
    ),
    _flag(
        "orders.follow_reversals",
        "-",
        True,
        "a reverse order moves its order to reverse_in_progress, a refund on to partially_reversed or reversed",
    ),
    _choice("carts.paging", "U16", ("totals", "pagination"), "paging keys of the abandoned-cart list"),
    _flag("products.list_unpublished", "U37", True, "a list without is_published shows unpublished products"),
    _number("products.page_size_cap", "X31", 50, "largest page_size; larger values are capped", above=1),
    _choice("products.search", "X35", ("ignored", "by_name"), "does search= filter products"),
    _choice(
        "products.quantity_echo",
        "U14",
        ("sum", "sent", "stale"),
        "quantity after a write: the sum over locations, of which only the default one was set; as sent; what "
        "it was before",
    ),
    _number("bulk.max", "U19", 50, "most items of one bulk write", above=1),
    _choice("locations.page_param", "U15", ("both", "per_page", "page_size"), "which one sets the page of locations"),
    _choice(
        "customers.bulk_existing",
        "U28",
        ("existing", "422", "duplicate"),
        "a bulk customer whose mobile is known: the existing one is answered, all are refused, it is made again",
    ),
    _choice("customers.cursor", "X32", ("sent", "absent"), "next_cursor in the customer list"),
)

WEBHOOKS = (
    _number("webhook.latency_seconds", "-", 0, "sandbox seconds from event to delivery (live: 40 to 100)"),
    _choice(
        "webhook.headers",
        "U5",
        ("guzzle", "no_ids", "charset"),
        "delivery headers: user agent with x-request-id and traceparent, without these ids, or with a charset",
    ),
    _choice(
        "webhook.body_variant",
        "U5",
        ("bare", "data", "order_status_string", "delete_id_only"),
        "body: bare entity, under data, order_status as an Arabic string, product.delete with the id only",
    ),
    _flag("webhook.payment_status_change", "U5", True, "order.payment_status.update carries payment_status_change"),
    _flag("webhook.stock_updates", "-", True, "a change of stock through the API sends product.update"),
    _number("webhook.extra_product_updates", "-", 0, "further product.update deliveries per product edit"),
    _choice("webhook.duplicate", "U6", ("second", "409", "422"), "creating the same subscription again"),
    _choice("webhook.create_status", "U6", ("200", "201"), "status of a successful create"),
    _choice("webhook.create_shape", "U6", ("root", "data"), "create answers the object at the root or under data"),
    _choice(
        "webhook.url_policy",
        "U6",
        ("all", "https", "public"),
        "which target URLs are accepted; public refuses private hosts too",
    ),
    _flag("webhook.echo_credentials", "U6", False, "list shows username and password"),
    _flag("webhook.require_credentials", "X12", False, "refuse a create without username and password"),
    _choice("webhook.status_shape", "webhooks.md 1", ("string", "object", "absent"), "the status field"),
    _text(
        "webhook.health_paths",
        "U7",
        "/v1/managers/webhooks/__sandbox",
        "prefix of health-summary, broken and recover (their real paths are unknown); empty: not served",
    ),
    _number("webhook.timeout", "U7", 30, "real seconds until a delivery without an answer fails", strictly=True),
    Knob("webhook.retry_minutes", "X28", [1, 5, 15], "list of minutes", _is_minutes, "waits before each retry"),
    _choice(
        "webhook.broken_style",
        "webhooks.md 6",
        ("health", "inactive"),
        "how a broken webhook shows; inactive: active=false and status inactive",
    ),
    _choice(
        "webhook.on_429",
        "U38",
        ("attempt", "free", "honour", "never"),
        "a delivery answered 429: uses an "
        "attempt, is retried without using one, waits for Retry-After without using one, is never retried",
    ),
    _choice("webhook.cart_nesting", "U25", ("inside", "root", "both"), "where phase … cart_total sit in cart events"),
    _flag("webhook.request_id_stable", "U26", False, "x-request-id stays the same across retries"),
    _choice("webhook.conditions_mode", "U27", ("and", "or"), "several condition keys"),
    _choice(
        "webhook.store_key", "U32", ("absent", "numeric", "uuid"), "store_id in customer, category and product events"
    ),
    _flag("webhook.ping", "U35", False, "a GET to target_url when a webhook is registered"),
    _choice("app_events.auth", "U8", ("none", "basic"), "credentials of app events (also X16)"),
    _choice(
        "app_events.status_values",
        "U8",
        ("derived", "active", "absent"),
        "status: the event's last word, always active, or missing",
    ),
    _choice("app_events.body", "U8", ("full", "legacy"), "legacy lacks store_uuid, plan_id and payment_date"),
    _choice("app_events.retries", "U7", ("none", "merchant"), "retries of app events"),
    _flag(
        "app_events.subscription_first",
        "app-events.md 1",
        True,
        "subscription.active is sent at Activate, before OAuth; false: after the install event",
    ),
)

KNOBS: dict[str, Knob] = {knob.name: knob for knob in (*SANDBOX, *OAUTH, *API, *WEBHOOKS)}
