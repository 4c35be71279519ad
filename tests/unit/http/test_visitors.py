"""Whom a request is from: what proxies of ours say is believed, and nothing else."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.visitors import Visitor, read_address, read_visitor

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PROXY = "10.0.0.1"


def visitor(peer: str, *forwarded: str, schemes: tuple[str, ...] = ()) -> Visitor:
    return read_visitor(read_address(peer), forwarded, schemes, TRUSTED)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # no proxy of ours: it may say what it likes
        (PROXY, ["198.51.100.1"], "198.51.100.1"),
        (PROXY, ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),  # the first one was written by the visitor
        (PROXY, ["1.1.1.1", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),  # two proxies of ours
        (PROXY, ["10.9.9.9", "10.0.0.2"], "10.9.9.9"),
        (PROXY, ["1.1.1.1", "nonsense"], PROXY),
        (PROXY, ["1.1.1.1", "nonsense", "10.0.0.2"], "10.0.0.2"),
        (PROXY, [], PROXY),
        ("::ffff:10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8::7]:443"], "2001:db8::7"),
        (PROXY, ["fe80::1%eth0"], "fe80::1"),
    ],
)
def test_the_last_address_that_is_no_proxy_of_ours(peer: str, forwarded: list[str], expected: str) -> None:
    assert visitor(peer, *forwarded).address == ip_address(expected)


@given(st.lists(st.ip_addresses(v=4).map(str), max_size=5), st.ip_addresses(v=4).map(str))
def test_nothing_a_visitor_writes_changes_who_he_is(lies: list[str], really: str) -> None:
    alone, lying = visitor(PROXY, really), visitor(PROXY, *lies, really)
    assert read_address(really) in TRUSTED[0] or lying.address == alone.address


@pytest.mark.parametrize(
    ("peer", "schemes", "expected"),
    [
        (PROXY, ("https",), True),
        (PROXY, ("HTTPS",), True),
        (PROXY, ("http",), False),
        (PROXY, (), False),
        (PROXY, ("https", "http"), False),  # the first one may be the visitor's own
        ("203.0.113.9", ("https",), False),
    ],
)
def test_https_is_what_a_proxy_of_ours_says(peer: str, schemes: tuple[str, ...], *, expected: bool) -> None:
    assert visitor(peer, "198.51.100.1", schemes=schemes).https is expected


def test_one_customer_with_many_ipv6_addresses_is_one_visitor() -> None:
    assert visitor("2001:db8:1:2::7").name == visitor("2001:db8:1:2:ffff::9").name
    assert visitor("2001:db8:1:2::7").name != visitor("2001:db8:1:3::7").name
    assert visitor("203.0.113.8").name != visitor("203.0.113.9").name
