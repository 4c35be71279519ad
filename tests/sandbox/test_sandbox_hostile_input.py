"""Whatever is sent in place of a field, the sandbox refuses or takes it, and never breaks."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from tests.sandbox.endpoint_rows import ROWS
from tests.sandbox.endpoint_world import filled, one_of_everything, path_of

JUNK = (
    None, [], {}, "", "x", -1, 1e308, [{}], {"a": []}, True, ["x"], [1], {"ar": None}, "NaN", "é" * 300, [[]],
    {"id": {}}, "\x00", 10**30,
)  # fmt: skip
TRIES_PER_FIELD = 2


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a body, the whole of it first."""
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*here, key))


def replaced(body: Any, place: tuple[Any, ...], junk: Any) -> Any:
    if not place:
        return junk
    body = copy.deepcopy(body)
    within = body
    for key in place[:-1]:
        within = within[key]
    within[place[-1]] = junk
    return body


async def test_no_field_of_any_write_can_break_the_sandbox(zid):
    tokens = await zid.install(
        await zid.store(orders=6, products=8, customers=4, categories=2, carts=1), scope="embedded_apps_tokens_write"
    )
    known = await one_of_everything(zid, tokens)
    rng, broken = random.Random(5), []

    for row in ROWS:
        body = filled(row.json if row.json is not None else row.form, known)
        for place in places(body) if body is not None else ():
            for junk in rng.sample(JUNK, TRIES_PER_FIELD):
                sent = replaced(body, place, junk)
                status, _ = await zid.call(row.method, path_of(row, known), headers=tokens.headers, json=sent)
                broken += [(row.name, place, junk)] if status >= 500 else []

    assert broken == []
    for row in (row for row in ROWS if row.method == "GET"):
        assert (await zid.get(tokens, path_of(row, known)))[0] < 500, row.name


async def test_bodies_that_are_nothing_are_refused_with_their_fields(zid):
    tokens = await zid.installed(products=1)
    headers = tokens.headers | {"Content-Type": "application/json"}

    for body in (b"", b"{", b"[]", b'"x"', b"\xff\xfe"):
        status, answer = await zid.call("POST", "/v1/products/", headers=headers, data=body)
        assert status == 400
        assert answer == {"name": ["This field is required."], "price": ["This field is required."]}
        status, answer = await zid.call("POST", "/v1/managers/store/coupons/add", headers=headers, data=body)
        assert status == 422
        assert answer["code"] == ["The code field is required."]
