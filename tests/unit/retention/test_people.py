"""Which documents are about a person, and what is left of an order without them."""

import json

import pytest

from core.domain.people import Person, folded_phone
from core.domain.redaction import REDACTED, redacted_order
from core.ids import EntityKind

LAYLA = Person.asked_for(customer_id="77").with_known(
    ids=frozenset(), emails=frozenset({"layla@example.sa"}), phones=frozenset({"500000077"})
)


@pytest.mark.parametrize("written", ["966500000077", "+966500000077", "0500000077", "500000077", "+966 50 000 0077"])
def test_every_spelling_of_a_mobile_is_one_number(written: str) -> None:
    assert folded_phone(written) == "500000077"


@pytest.mark.parametrize(
    "written", ["", "77", "2026-11-23 13:05:01", "8f2b4c1e-0d5a-4a3e-9b7c-1d2e3f4a5b6c", "order 500000077"]
)
def test_what_is_no_number_matches_nobody(written: str) -> None:
    assert folded_phone(written) == ""


@pytest.mark.parametrize(
    ("kind", "document", "hers"),
    [
        (EntityKind.ORDER, {"id": 1, "customer": {"id": 77}}, True),
        (EntityKind.ORDER, {"id": 77, "customer": {"id": 1}}, False),
        (EntityKind.ORDER, {"order": {"id": 1, "customer": {"id": "77"}}}, True),
        (EntityKind.ORDER, {"id": 1, "customer": {"email": "LAYLA@example.sa"}}, True),
        (EntityKind.ORDER, {"id": 1, "customer": {"id": 78, "email": "layla@example.sa"}}, False),
        (EntityKind.ORDER, {"id": 1, "shipping": {"address": {"meta": ["0500000077"]}}}, True),
        (EntityKind.ORDER, {"id": 1, "customer": []}, False),
        (EntityKind.CART, {"id": "a", "customer_id": "77"}, True),
        (EntityKind.CART, {"abandoned_cart": {"id": "a", "customer_id": 77}, "phase": "new"}, True),
        (EntityKind.CUSTOMER, {"id": 77}, True),
        (EntityKind.CUSTOMER, {"data": {"id": 77}}, True),
        (EntityKind.CUSTOMER, {"id": 78, "mobile": 966500000077}, False),
        (EntityKind.PRODUCT, {"id": "77"}, False),
        (None, {"customer_id": "77"}, True),
    ],
)
def test_whose_a_document_is(kind: EntityKind | None, document: dict[str, object], hers: bool) -> None:
    assert LAYLA.owns(kind, document) is hers


def test_a_contact_that_was_asked_for_counts_whoever_owns_the_document() -> None:
    asked = Person.asked_for(phone="0500000077")
    assert asked.owns(EntityKind.ORDER, {"id": 1, "customer": {"id": 78, "mobile": "966500000077"}})


def test_naming_nobody_selects_nobody() -> None:
    assert Person.asked_for().is_nobody
    assert Person.asked_for(customer_id="", email="", phone="12").is_nobody
    assert not Person.asked_for(customer_id="77").is_nobody


def test_a_redacted_order_holds_only_what_is_known_to_lead_to_nobody() -> None:
    order = {
        "id": 1,
        "code": "slug",
        "order_total": "90.00",
        "customer": {"name": "ليلى"},
        "shipping": {"address": {"street": "حي الورد"}},
        "customer_note": "ring twice",
        "something_new": {"passport": "X1"},
        "products": [{"id": "p", "name": "تمر", "quantity": 2, "custom_fields": [{"value": "for Layla"}]}],
        "histories": [{"order_status_id": 1, "comment": "called her", "created_at": "2026-01-01 00:00:00"}],
    }
    assert redacted_order(order) == {
        "id": 1,
        "order_total": "90.00",
        "products": [{"id": "p", "name": "تمر", "quantity": 2}],
        "histories": [{"order_status_id": 1, "created_at": "2026-01-01 00:00:00"}],
        REDACTED: True,
    }
    json.dumps(redacted_order(order))
