"""Making customers at Zid: its bulk call, with what became of each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec
from aiohttp import web

from core.domain.operations.customers import CreateCustomers, NewCustomer, RemoveCustomerTag
from core.domain.results.customer import Customer
from entrypoints.http.api.asking import ask
from entrypoints.http.api.customers import CUSTOMERS
from entrypoints.http.api.shapes import NOT_BLANK, Asked, Told, json
from entrypoints.http.api.views import shape, tell, told
from entrypoints.http.api.zid_calls import writes
from entrypoints.http.problems import bad_request
from entrypoints.http.reading import no_query, read_body
from entrypoints.http.routing import Access, NoQuery, Route

AT_ONCE = 50
Mobile = Annotated[
    str, msgspec.Meta(pattern=r"^\+?[0-9]{8,15}$", description="With the country's code.", examples=["+966500000001"])
]
PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=NOT_BLANK)]
Email = Annotated[str, msgspec.Meta(max_length=254, pattern=r"^[!-?A-~]+@[!-?A-~]+$")]


class NewCustomerBody(Asked, frozen=True):
    name: PersonName
    mobile: Mobile
    email: Email | None = None


class NewCustomersBody(Asked, frozen=True):
    """Zid has no call for one customer: one or many, each mobile once."""

    customers: Annotated[list[NewCustomerBody], msgspec.Meta(min_length=1, max_length=AT_ONCE)]


CustomerOutcome = shape(
    "CustomerOutcome",
    [("mobile", str), ("customer", told(Customer) | None), ("as_asked", bool)],
    "`customer` is whom Zid answered with for the mobile: new, or one it had before (U28), who keeps their own name "
    "and e-mail, which `as_asked` tells; null when it named nobody.",
)


class CustomerOutcomes(Told, frozen=True):
    """One per customer asked for, in the same order."""

    items: Sequence[CustomerOutcome]  # type: ignore[valid-type]  # made of the core's type
    next_cursor: str | None = None


async def create(request: web.Request) -> web.Response:
    no_query(request)
    body = await read_body(request, NewCustomersBody)
    wanted = tuple(NewCustomer(one.name, one.mobile, one.email) for one in body.customers)
    _refuse_twice(wanted)
    made = await ask(request, CreateCustomers(wanted))
    return json(CustomerOutcomes([_outcome(one, made) for one in wanted]), 201)


def _refuse_twice(wanted: Sequence[NewCustomer]) -> None:
    """Two of one mobile would be one customer at Zid, or two that nobody can tell apart."""
    seen: set[str] = set()
    for one in wanted:
        if _digits(one.mobile) in seen:
            raise bad_request("customers", f"the mobile {one.mobile} stands twice")
        seen.add(_digits(one.mobile))


def _outcome(wanted: NewCustomer, made: Sequence[Customer]) -> Told:
    """Matched by mobile: Zid writes it without a plus."""
    found = next((one for one in made if _digits(one.mobile or "") == _digits(wanted.mobile)), None)
    as_asked = found is not None and found.name == wanted.name and wanted.email in (None, found.email)
    shown = tell(Customer, found) if found else None
    return msgspec.convert({"mobile": wanted.mobile, "customer": shown, "as_asked": as_asked}, CustomerOutcome)


def _digits(mobile: str) -> str:
    return re.sub("[^0-9]", "", mobile)


ROUTES = (
    Route(
        "POST",
        CUSTOMERS,
        create,
        "Make customers; a known mobile brings back the customer who has it",
        Access.API_KEY,
        query=NoQuery,
        body=NewCustomersBody,
        answer=CustomerOutcomes,
        status=201,
        zid=True,
    ),
    writes(
        "DELETE",
        f"{CUSTOMERS}/{{customer_id}}/tags/{{tag_id}}",
        RemoveCustomerTag,
        "Take one of Zid's tags off a customer",
        body=False,
        result=Customer,
    ),
)
