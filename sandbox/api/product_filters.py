"""The query of the product list as one question per product."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from sandbox.api.answers import BadRequestError
from sandbox.api.gateway import Call
from sandbox.world.records import Entity, Json

TRUE = ("true", "1", "True")
_COMPARE = {"gt": operator.gt, "lt": operator.lt, "eq": operator.eq}


def asked_for(call: Call) -> Callable[[Entity], bool]:
    """Every filter of the query, read once; raises BadRequestError for one that makes no sense."""
    query, knobs = call.query, call.sandbox.knobs
    checks = [(check, query[name]) for name, check in _FILTERS.items() if name in query]
    is_everything = "is_published" in query or knobs.flag("products.list_unpublished")
    words = query.get("search", "") if knobs.text("products.search") == "by_name" else ""
    ids, compared = _asked_ids(call), [_comparison(query, name) for name in ("price", "quantity")]

    def fits(entity: Entity) -> bool:
        facets = entity.facets
        if not (is_everything or facets["is_published"]) or words not in facets["name"]:
            return False
        if ids is not None and entity.id not in ids:
            return False
        return all(check(value, facets) for check, value in checks) and all(meets(facets) for meets in compared)

    return fits


_FILTERS: Mapping[str, Callable[[str, Json], bool]] = {
    "is_published": lambda value, facets: facets["is_published"] is (value in TRUE),
    "product_class": lambda value, facets: (facets["product_class"] or "") == value,
    "structure": lambda value, facets: facets["structure"] == value,
    "barcode": lambda value, facets: facets["barcode"] == value,
    "is_infinite": lambda value, facets: facets["is_infinite"] is (value in TRUE),
    "quantity": lambda value, facets: str(facets["quantity"]) == value,
    "in_stock": lambda value, facets: bool(facets["is_infinite"] or facets["quantity"]) is (value in TRUE),
    "sale_price__isnull": lambda value, facets: (facets["sale_price"] is None) is (value in TRUE),
    "locations": lambda value, facets: bool(set(value.split(",")) & set(facets["locations"])),
    "category_id": lambda value, facets: value in facets["categories"],
}


def _comparison(query: Mapping[str, str], name: str) -> Callable[[Json], bool]:
    """`search_price_type=gt&search_price_value=10`, and the same for the quantity."""
    kind, value = query.get(f"search_{name}_type"), query.get(f"search_{name}_value")
    if kind is None or value is None:
        return lambda _: True
    if kind not in _COMPARE:
        raise BadRequestError({f"search_{name}_type": [f"Select a valid choice. {kind} is not one of them."]})
    try:
        wanted = float(value)
    except ValueError:
        raise BadRequestError({f"search_{name}_value": ["Enter a number."]}) from None
    return lambda facets: facets[name] is not None and bool(_COMPARE[kind](facets[name], wanted))


def _asked_ids(call: Call) -> set[str] | None:
    """`id__in` takes known ids only: an unknown one is 400 for the whole list, as seen live."""
    if not call.query.get("id__in"):
        return None
    wanted = set(call.query["id__in"].split(","))
    shelf = call.sandbox.world.shelves.shelf(call.store.id, "products")
    unknown = sorted(number for number in wanted if number not in shelf or shelf[number].deleted)
    if unknown:
        raise BadRequestError({"id__in": [f"Select a valid choice. {unknown[0]} is not one of the available choices."]})
    return wanted
