"""What arrived, what was sent, and the counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from aiohttp import web

from sandbox.control.errors import ControlError, as_json
from sandbox.delivery.health import health
from sandbox.http import SANDBOX
from sandbox.sandbox import Sandbox
from sandbox.stats import below, deliveries
from sandbox.world.records import Delivery, Json
from sandbox.writes import writes

EXCHANGES = ("authorization_code", "refresh_token", "other")


async def show_requests(request: web.Request) -> web.Response:
    """The last requests, newest first; `?method=`, `?path=` (a part of it), `?status=`, `?limit=` (100)."""
    query = request.query
    kept = [row for row in reversed(request.app[SANDBOX].requests) if _is_asked_for(row, query)]
    return as_json({"total": len(kept), "requests": kept[: _limit(query)]})


async def show_deliveries(request: web.Request) -> web.Response:
    """The last deliveries, newest first, with every attempt: `[sandbox time, status or 0, milliseconds, error]`.

    `?store_id=`, `?event=`, `?state=` (pending, acknowledged, exhausted, discarded), `?limit=` (100),
    `?bodies=true`.
    """
    query, world = request.query, request.app[SANDBOX].world
    chosen: Iterable[Delivery] = (row for row in reversed(list(world.deliveries)) if _is_meant(row, query))
    with_body = query.get("bodies") == "true"
    return as_json({"deliveries": [_shown(row, with_body) for row in islice(chosen, _limit(query))]})


async def show_stats(request: web.Request) -> web.Response:
    """The counters since the last reset, in total and below `stores` per store.

    `deliveries` (webhooks) and `app_events` each hold: `attempts` = `acknowledged` (2xx) + `failed`; `distinct`
    bodies per target URL and `distinct_acknowledged` of them; `pending` now; `exhausted` (retries used up),
    `discarded` (broken or removed webhook), `dropped` (by a fault), `not_dispatched` (the
    webhook was broken), `duplicates_sent`; `received_5xx`;
    `by_status` (`no_answer` when there was none). `oauth` counts by grant and outcome (`ok`, `bad_client`,
    `bad_code`, `spent`, `unknown`, `expired`, `revoked`), `reuse` being uses of spent refresh tokens (again as
    `refresh_reuse`); `exchanges` are all token requests, `refresh_token.ok` the refreshes that gave tokens. `webhooks`
    counts subscriptions by health, `throttled` the 429s sent, `events` what happened.
    `writes` counts by operation (`orders.change_status`, `products.create` …): `requests` that reached it, refused ones
    included, how often it was `applied`, and `repeated`, how many of these repeated one that was applied since the
    start in the same store, at the same path, with the same body.
    """
    sandbox = request.app[SANDBOX]
    stores = {str(store.id): _scope(sandbox, store.id) for store in sandbox.world.stores}
    return as_json({"now": sandbox.clock.now(), **_scope(sandbox, None), "stores": stores})


def _scope(sandbox: Sandbox, store_id: int | None) -> Json:
    counts = sandbox.stats.total if store_id is None else sandbox.stats.stores[store_id]
    oauth = {name: below(counts, f"oauth.{name}") for name in EXCHANGES}
    return {
        "deliveries": deliveries(counts, "deliveries", _pending(sandbox, "deliveries", store_id)),
        "app_events": deliveries(counts, "app_events", _pending(sandbox, "app_events", store_id)),
        "oauth": {
            **oauth,
            "exchanges": sum(sum(outcomes.values()) for outcomes in oauth.values())
            - oauth["refresh_token"].get("reuse", 0),
            "refresh_reuse": oauth["refresh_token"].get("reuse", 0),
            "authorize": below(counts, "oauth.authorize"),
            "activations": counts["oauth.activations"],
        },
        "webhooks": _webhooks(sandbox, store_id),
        "throttled": counts["rate.throttled"],
        "requests": below(counts, "requests.by_status"),
        "events": below(counts, "events"),
        "writes": writes(counts),
    }


def _pending(sandbox: Sandbox, lane: str, store_id: int | None) -> int:
    counts = sandbox.courier.pending_by_store
    if store_id is not None:
        return counts[lane, store_id]
    return sum(count for key, count in counts.items() if key[0] == lane)


def _webhooks(sandbox: Sandbox, store_id: int | None) -> dict[str, int]:
    now = sandbox.world.now()
    hooks = sandbox.world.webhooks if store_id is None else sandbox.world.webhooks_of(store_id)
    states = Counter(health(hook, now) for hook in hooks)
    return {state: states[state] for state in ("healthy", "degraded", "broken")}


def _is_asked_for(row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    return (
        query.get("method", row["method"]) == row["method"]
        and query.get("path", "") in row["path"]
        and query.get("status", str(row["status"])) == str(row["status"])
    )


def _is_meant(row: Delivery, query: Mapping[str, str]) -> bool:
    return (
        query.get("store_id", str(row.store_id)) == str(row.store_id)
        and query.get("event", row.event) == row.event
        and query.get("state", row.state) == row.state
    )


def _shown(row: Delivery, with_body: bool) -> Json:
    names = ("id", "webhook_id", "store_id", "event", "entity_id", "url", "state", "due", "duplicate", "request_id")
    shown: Json = {name: getattr(row, name) for name in names} | {"attempts": row.attempts}
    return shown | {"body": row.body.decode()} if with_body else shown


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", "100")
    if not text.isdecimal():
        raise ControlError("limit", f"limit must be a whole number, not {text!r}")
    return int(text)
