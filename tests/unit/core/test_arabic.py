"""One spelling of words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.arabic import DROPPED, SEPARATORS, TABLE, fold, words, words_or_numbers


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("أحمد", "احمد"),
        ("إبريق", "ابريق"),
        ("آلة", "اله"),
        ("قَمِيصٌ", "قميص"),
        ("شاحنـــة", "شاحنه"),
        ("مستشفى", "مستشفي"),
        ("شيء", "شي"),
        ("مسؤول", "مسوول"),
        ("رئيس", "رييس"),
        ("ا\u0654حمد", "احمد"),
        ("ک۴٥", "ك45"),
        ("Café-CRÈME", "cafe creme"),
        ("cafe\u0301", "cafe"),
        ("\u200fقميص\u200e", "قميص"),
        ("  a\t\n b  ", "a b"),
        ("«100%_قطن»", "100 قطن"),
        ("!؟", ""),
    ],
)
def test_spellings_are_one(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text(st.sampled_from(sorted(map(chr, TABLE)) + list("ابيه ك")) | st.characters()))
def test_folding_twice_changes_nothing_and_leaves_nothing_that_like_understands(text: str) -> None:
    once = fold(text)
    assert fold(once) == once
    assert not set(once) & set("%_\\" + SEPARATORS + DROPPED)


def test_the_words_of_a_search_come_once() -> None:
    assert words(" قهوة  Coffee-قهوه ") == ("قهوه", "coffee")


def test_a_number_dialled_at_home_is_looked_for_without_its_zero() -> None:
    assert words_or_numbers("0551234567 007 سارة") == ("551234567", "007", "ساره")
