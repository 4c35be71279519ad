"""Fingerprints: equal for one cause, different for another; what growth means; people in bodies."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.dead_letters import (
    AlarmLevel,
    DeadGrowth,
    cause_of,
    fingerprint,
    growth_alarm,
    normalised,
    version_of,
)
from core.domain.masking import masked
from core.ids import EntityKind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KeyError: 'sku'", "KeyError: 'price'"),
        ('ValueError: invalid literal: "12a"', 'ValueError: invalid literal: "x"'),
        ("HTTPError: 502 from courier", "HTTPError: 503 from courier"),
        ("ValueError: order 123 of store 7", "ValueError: order 99999 of store 8"),
        ("ValueError: order ١٢٣", "ValueError: order 7"),
        ("Error: amount -12.50 SAR", "Error: amount 3 SAR"),
        ("Error: at 2026-01-02T03:04:05Z", "Error: at 2027-11-12T13:14:15Z"),
        ("Error: mail to mona@example.com bounced", "Error: mail to a.b+c@shop.sa bounced"),
        ("Error: no 0199c0de-0000-7000-8000-000000000001", "Error: no 6fa459ea-ee8a-3ca4-894e-db77e160355e"),
        ("Error: hash deadbeef01 differs", "Error: hash 0badcafe99 differs"),
        ("Error: object at 0x7f01", "Error: object at 0xdeadbeef"),
        ("Error: key sk_live_4eC39HqLyjWDarjtT1zdp7dc", "Error: key sk_live_9Zc39HqLyjWDarjtT1zdp7aa"),
        ("Error: «وردة» is gone", "Error: «قلم» is gone"),
        ("Error:  two\n lines", "Error: two lines"),
        ("gave up after 8 attempts: later", "gave up after 3 attempts: later"),
    ],
)
def test_what_differs_from_event_to_event_does_not_count(one: str, other: str) -> None:
    assert fingerprint("shop.bill", one, "1") == fingerprint("shop.bill", other, "1"), (
        normalised(one),
        normalised(other),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KeyError: 'sku'", "IndexError: 'sku'"),
        ("Http404: gone", "Http500: gone"),
        ("ValueError: can't bill", "ValueError: can't mail"),
        ("ValueError: no sku", "ValueError: no price"),
        ("timed out", None),
    ],
)
def test_another_cause_is_another_fingerprint(one: str, other: str | None) -> None:
    assert fingerprint("shop.bill", one, "1") != fingerprint("shop.bill", other, "1")


def test_handlers_and_versions_are_kept_apart() -> None:
    first, other = fingerprint("shop.bill", "x", "1.0"), fingerprint("shop.mail", "x", "1.0")
    newer = fingerprint("shop.bill", "x", "1.1")
    assert cause_of(first) != cause_of(other)
    assert (cause_of(first), version_of(first), version_of(newer)) == (cause_of(newer), "1.0", "1.1")
    assert version_of(fingerprint("shop.bill", "x", "")) is None
    assert version_of(fingerprint("shop.bill", "x", "feat/a b\n" + "c" * 99)) == "feat-a-b-" + "c" * 31


@given(st.text(max_size=80))
def test_normalising_is_stable_and_leaves_no_digits_and_no_quoted_text(reason: str) -> None:
    once = normalised(f"Error: {reason}")
    assert normalised(once) == once
    assert not any(sign.isdecimal() for sign in once)
    assert "@" not in normalised(f"Error: a@{'b'}.cd") or "<email>" in normalised("Error: a@b.cd")


@given(st.text(max_size=30), st.text(max_size=200), st.text(max_size=60))
def test_any_text_has_a_fingerprint_that_fits_a_command_line(handler: str, reason: str, version: str) -> None:
    mark = fingerprint(handler, reason, version)
    assert len(mark) <= 51
    assert mark.isascii()
    assert mark.replace("@", "").replace(".", "").replace("-", "").replace("+", "").replace("_", "").isalnum()


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("growth", "level", "reached_in"),
    [
        (DeadGrowth(0, 0), AlarmLevel.QUIET, None),
        (DeadGrowth(500, 0), AlarmLevel.QUIET, None),
        (DeadGrowth(500, 10), AlarmLevel.QUIET, timedelta(hours=50)),
        (DeadGrowth(500, 250), AlarmLevel.GROWING, timedelta(hours=2)),
        (DeadGrowth(999, 999), AlarmLevel.GROWING, timedelta(seconds=3600 / 999)),
        (DeadGrowth(1000, 0), AlarmLevel.REACHED, timedelta(0)),
        (DeadGrowth(5000, 7), AlarmLevel.REACHED, timedelta(0)),
    ],
)
def test_growth_is_projected_to_the_threshold(
    growth: DeadGrowth, level: AlarmLevel, reached_in: timedelta | None
) -> None:
    alarm = growth_alarm(growth, 1000)
    assert (alarm.level, alarm.reached_in) == (level, reached_in)
    assert alarm.reached_at(NOW) == (None if reached_in is None else NOW + reached_in)


def test_a_projection_is_a_date_however_slow_the_growth() -> None:
    assert growth_alarm(DeadGrowth(0, 1), 10**12).reached_at(NOW) is not None


def test_people_are_made_unrecognisable_and_shapes_stay() -> None:
    order = {
        "id": 24680,
        "code": "A5-xyz",
        "customer": {"id": 9, "name": "منى Ali", "email": "mona@example.com", "mobile": 966501234567, "verified": True},
        "shipping": {"address": {"street": "King Rd 5", "city": {"id": 4, "name": "Riyadh"}}},
        "products": [{"name": "وردة", "price": 12.5, "sku": "R-1"}],
        "customer_note": "call 0501234567",
        "history": "mail to mona@example.com, +966 50 123 4567",
    }
    assert masked(order) == {
        "id": 24680,
        "code": "A5-xyz",
        "customer": {"id": 9, "name": "سسس xxx", "email": "xxxx@xxxxxxx.xxx", "mobile": 111111111111, "verified": True},
        "shipping": {"address": {"street": "xxxx xx 0", "city": {"id": 4, "name": "xxxxxx"}}},
        "products": [{"name": "وردة", "price": 12.5, "sku": "R-1"}],
        "customer_note": "xxxx 0000000000",
        "history": "mail to xxxx@xxxxxxx.xxx, +000 00 000 0000",
    }
    assert masked({"id": 1, "name": "Mona", "orders": [{"total": 3}]}, EntityKind.CUSTOMER) == {
        "id": 1,
        "name": "xxxx",
        "orders": [{"total": 1}],
    }
