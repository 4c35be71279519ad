"""Listings end where Zid's do, whatever it says about pages, and never before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.operations.operation import Listing, Operation
from core.domain.paging import START, Page, Place, after_cursor, after_link, after_numbered
from core.errors import BudgetSpent, Invalid, UnknownShape
from core.features.read_pages import items, pages
from core.ports.zid_gateway import BoundGateway

WORDS = st.text(max_size=6)


@given(
    page=st.integers(1, 10**6),
    seen=st.integers(0, 10**6),
    cursor=st.none() | WORDS,
    query=st.lists(st.tuples(st.text(min_size=1, max_size=6), st.text(min_size=1, max_size=6)), max_size=3),
)
def test_a_place_survives_being_written_down(
    page: int, seen: int, cursor: str | None, query: list[tuple[str, str]]
) -> None:
    place = Place(page, seen, cursor, tuple(query))
    assert Place.parse(place.token) == place


@pytest.mark.parametrize(
    "token", ["", "page=0&seen=0", "page=x&seen=1", "page=-1&seen=0", "seen=4", "%00", "page=²&seen=0"]
)
def test_what_is_no_place_is_refused(token: str) -> None:
    with pytest.raises(UnknownShape):
        Place.parse(token)


@dataclass(frozen=True)
class Row:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRows(Listing[Row]):
    scope: ClassVar[str] = "rows.read"


@dataclass(frozen=True, slots=True)
class AllRows(Operation[Page[Row]]):
    scope: ClassVar[str] = "rows.read"


@dataclass
class NumberedRows(BoundGateway):
    """A list that may cap its pages, and tells its total, its last page, or nothing."""

    rows: Sequence[Row]
    cap: int
    tells: str
    asked: int = 0

    async def perform(self, operation: Operation[Page[Row]]) -> Page[Row]:  # type: ignore[override]
        assert isinstance(operation, ListRows)
        self.asked += 1
        size = min(self.cap, operation.per_page)
        found = self.rows[(operation.at.page - 1) * size : operation.at.page * size]
        total = len(self.rows) if self.tells == "total" else None
        last = max(1, -(-len(self.rows) // size)) if self.tells == "last page" else None
        return Page(found, after_numbered(operation.at, len(found), operation.per_page, total, last), total)


@given(
    count=st.integers(0, 60),
    size=st.integers(1, 25),
    cap=st.integers(1, 25),
    tells=st.sampled_from(["total", "last page"]),
)
async def test_every_row_is_read_once_also_from_capped_pages(count: int, size: int, cap: int, tells: str) -> None:
    zid = NumberedRows([Row(str(number)) for number in range(count)], cap, tells)
    found = [row async for row in items(zid, ListRows(per_page=size))]
    assert found == zid.rows
    assert zid.asked <= max(1, -(-count // min(size, cap)))


@given(count=st.integers(0, 60), size=st.integers(1, 25))
async def test_without_any_total_a_short_page_is_the_end(count: int, size: int) -> None:
    zid = NumberedRows([Row(str(number)) for number in range(count)], size, "nothing")
    assert [row async for row in items(zid, ListRows(per_page=size))] == zid.rows
    assert zid.asked == count // size + 1


async def test_rows_that_move_between_pages_are_read_once() -> None:
    zid = NumberedRows([Row(name) for name in "abcde"], 2, "total")
    found: list[str] = []
    async for row in items(zid, ListRows(per_page=2)):
        found.append(row.id)
        if row.id == "b":
            zid.rows = [Row("new"), *zid.rows]
    assert found == list("abcde")


async def read_into(read: list[str], zid: BoundGateway) -> None:
    async for row in items(zid, ListRows(per_page=2), budget=2):
        read.append(row.id)


async def test_a_budget_says_where_to_go_on() -> None:
    zid = NumberedRows([Row(name) for name in "abcde"], 2, "total")
    read: list[str] = []
    with pytest.raises(BudgetSpent) as caught:
        await read_into(read, zid)
    assert read == list("abcd")
    rest = replace(ListRows(per_page=2), at=Place.parse(caught.value.token))
    assert [row.id async for row in items(zid, rest, budget=1)] == ["e"]
    assert [len(page.items) async for page in pages(zid, ListRows(per_page=2), budget=2)] == [2, 2]


async def test_a_list_without_pages_is_one_page() -> None:
    class Whole(BoundGateway):
        async def perform(self, operation: Operation[Page[Row]]) -> Page[Row]:  # type: ignore[override]
            return Page([Row("a"), Row("a"), Row("b")], None)

    assert [row.id async for row in items(Whole(), AllRows())] == ["a", "b"]


@pytest.mark.parametrize(
    "link",
    [
        "http://api.zid.sa/v1/products/?page=2&page_size=50",
        "https://evil.example/anything?page=2&page_size=50",
        "?page=2&page_size=50",
    ],
)
def test_only_the_query_of_a_next_link_is_followed(link: str) -> None:
    following = after_link(START, 50, link)
    assert following == Place(2, 50, query=(("page", "2"), ("page_size", "50")))


@pytest.mark.parametrize("link", [None, "", "http://api.zid.sa/v1/products/"])
def test_without_a_query_to_follow_a_linked_list_ends(link: str | None) -> None:
    assert after_link(START, 50, link) is None


def test_a_link_or_a_cursor_that_leads_nowhere_new_ends_the_list() -> None:
    here = Place(2, 50, query=(("page", "2"),))
    assert after_link(here, 50, "?page=2") is None
    assert after_link(START, 0, "?page=2") is None
    assert after_cursor(Place(cursor="9"), 5, "9") is None
    assert after_cursor(START, 5, "9") == Place(2, 5, cursor="9")


@pytest.mark.parametrize("size", [0, -1, 101])
def test_a_page_size_that_zid_would_not_give_is_refused(size: int) -> None:
    with pytest.raises(Invalid) as caught:
        ListRows(per_page=size)
    assert list(caught.value.fields) == ["per_page"]
