"""The application against its own OpenAPI document: whatever is sent, no fault and no answer that is not described."""

import random
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode

from entrypoints.http.api.openapi import document
from entrypoints.http.app import ALL_ROUTES
from entrypoints.http.path_ids import PATH_IDS
from tests.integration.served_api.served_api import HEADERS, ServedApi

SHELVES = {
    "product_id": "products",
    "order_id": "orders",
    "customer_id": "customers",
    "category_id": "categories",
    "cart_id": "carts",
    "location_id": "locations",
    "coupon_id": "coupons",
}
BEYOND_SCHEMA = {
    "cursor",  # of this list and no other
    "rule",  # a grammar of its own
    "ids",  # one way of choosing
    "tracking_number",  # at least one of three
    "customers",  # each mobile once
    *("id", "quantity", "received", "amount"),  # the core's own rules of an operation
    "variant_id",  # together with its product
    "preferences",  # size and depth
    "expires_at",  # lies ahead
    "return_url",  # at or below a place that the operator listed
    "updated_since",  # Zid bounds one time at once
    *("text", "price_from", "price_to", "category_id", "city"),  # Zid cannot filter by them
}
"""What may be refused (400) although the document cannot say so."""


def schema() -> schemathesis.BaseSchema:
    made = schemathesis.openapi.from_dict(document(ALL_ROUTES, "test"))
    made.config.phases.update(phases=["fuzzing"])
    made.config.generation.with_security_parameters = False  # every request has a key; `ignored_auth` tries without
    accepted = made.config.checks.positive_data_acceptance
    # Zid refuses much that nobody documents (422); 501 is for what only Zid owns; 400 is looked at below.
    accepted.expected_statuses = [*accepted.expected_statuses, "400", "422", "501"]
    made.config.checks.not_a_server_error.expected_statuses = ["2xx", "3xx", "4xx", "501"]
    return made


SCHEMA = schema()
FAST = settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
THOROUGH = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@SCHEMA.parametrize()
@FAST
def test_every_operation_answers_as_described(case: Case, api: ServedApi) -> None:
    check(case, api)


@pytest.mark.prove
@SCHEMA.parametrize()
@THOROUGH
def test_every_operation_answers_as_described_to_anything(case: Case, api: ServedApi) -> None:
    check(case, api)


def check(case: Case, api: ServedApi) -> None:
    at_home(case, api)
    response = case.call_and_validate(base_url=api.url, headers=HEADERS)
    assert case.meta is not None
    if case.meta.generation.mode is GenerationMode.POSITIVE and response.status_code == 400:
        assert response.json()["parameter"] in BEYOND_SCHEMA, response.text


def at_home(case: Case, api: ServedApi) -> None:
    """Well-formed ids become ids that exist, three times in four; JSON Schema's 1.0 becomes the integer it is."""
    for name, given in case.path_parameters.items():
        if not re.fullmatch(PATH_IDS[name].pattern, str(given), re.ASCII):
            continue
        if name in ("store_id", "merchant_id"):
            case.path_parameters[name] = str(api.store_id)
        elif (known := api.ids.get(SHELVES.get(name, ""))) and random.random() < 0.75:
            case.path_parameters[name] = random.choice(known)
    if isinstance(case.body, (dict, list)):
        case.body = whole_numbers(case.body)


def whole_numbers(value: Any) -> Any:
    """The same value, but for how its numbers are written."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [whole_numbers(one) for one in value]
        case dict():
            return {name: whole_numbers(one) for name, one in value.items()}
        case _:
            return value
