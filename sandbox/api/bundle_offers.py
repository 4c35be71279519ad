"""Bundle offers: a list, nothing else. Paging keys are at the root."""

from __future__ import annotations

from sandbox.api.answers import Answer, managers_answer
from sandbox.api.gateway import Call
from sandbox.api.paging import page_of, whole
from sandbox.api.reading import documents
from sandbox.world.records import Json


def list_bundle_offers(call: Call) -> Answer:
    """Under the key `discount_rules`."""
    page, size = whole(call.query, "page", 1), whole(call.query, "per_page", 15, most=100)
    offers = [offer for offer in documents(call, "bundle_offers") if _fits(call, offer)]
    last = max(1, -(-len(offers) // size))
    rows = list(page_of(offers, page, size, call.sandbox.knobs))
    following = page + 1 if page < last else None
    return managers_answer(discount_rules=rows, page=page, next_page=following, last_page=last, total=len(offers))


def _fits(call: Call, offer: Json) -> bool:
    query, names = call.query, " ".join(str(text) for text in offer["name"].values()).lower()
    wanted = query.get("status", offer["status_code"]), query.get("code", offer["code"])
    return query.get("search_term", "").lower() in names and wanted == (offer["status_code"], offer["code"])
