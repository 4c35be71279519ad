"""One spelling for words that people write in many ways: what searches and segment rules compare.

Alef with any hamza is an alef, ta marbuta a ha, alef maqsura and ya with hamza a ya;
tatweel, diacritics and direction marks are dropped; digits are 0-9; Latin letters
lose case and accents; punctuation separates. The migrations hold the same rule as the
function `wasl_fold`, which a test compares with this one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SAME: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ا": "أإآٱٲٳ",
        "و": "ؤۆۇۈۋ",
        "ي": "ئىیې",
        "ه": "ةہھەۀۃ",
        "ك": "کڪ",
        "a": "ÀÁÂÃÄÅàáâãäå",
        "c": "Çç",
        "e": "ÈÉÊËèéêë",
        "g": "Ğğ",
        "i": "ÌÍÎÏìíîïİı",
        "n": "Ññ",
        "o": "ÒÓÔÕÖØòóôõöø",
        "s": "Şş",
        "u": "ÙÚÛÜùúûü",
        "y": "ÝŸýÿ",
    }
)
_ARABIC_DIGITS: Final = "٠١٢٣٤٥٦٧٨٩"
_PERSIAN_DIGITS: Final = "۰۱۲۳۴۵۶۷۸۹"
SEPARATORS: Final = "\t\n\v\f\r\u0085\u00a0\u202f\u2007\u3000!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~،؛؟٪٫٬۔«»“”‘’…–—"
DROPPED: Final = "".join(
    chr(number)
    for first, last in (
        (0x0300, 0x036F),  # combining accents
        (0x0610, 0x061A),  # Quranic honorifics
        (0x0621, 0x0621),  # a hamza of its own: written or left out at will
        (0x0640, 0x0640),  # tatweel
        (0x064B, 0x065F),  # harakat, shadda, hamza above and below
        (0x0670, 0x0670),  # dagger alef
        (0x06D6, 0x06DC),
        (0x06DF, 0x06E4),
        (0x06E7, 0x06E8),
        (0x06EA, 0x06ED),
        (0x00AD, 0x00AD),  # soft hyphen
        (0x200B, 0x200F),  # zero width, direction
        (0x202A, 0x202E),
        (0x2066, 0x2069),
        (0xFEFF, 0xFEFF),
    )
    for number in range(first, last + 1)
)


def _table() -> dict[int, str]:
    table = {ord(other): letter for letter, others in SAME.items() for other in others}
    table |= {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    for digits in (_ARABIC_DIGITS, _PERSIAN_DIGITS):
        table |= {ord(digit): str(value) for value, digit in enumerate(digits)}
    return table | dict.fromkeys(map(ord, SEPARATORS), " ") | dict.fromkeys(map(ord, DROPPED), "")


TABLE: Final[Mapping[int, str]] = MappingProxyType(_table())
"""Character → what it becomes; "" is dropped. The whole rule but for runs of spaces."""

_SPACES: Final = re.compile(" +")
_LOCAL_MOBILE: Final = re.compile(r"0(?=\d{8,}$)")


def fold(text: str) -> str:
    """The spelling that is compared; folding twice changes nothing."""
    return _SPACES.sub(" ", text.translate(TABLE)).strip(" ")


def words(text: str) -> tuple[str, ...]:
    """The folded words of a search, each once."""
    return tuple(dict.fromkeys(fold(text).split()))


def words_or_numbers(text: str) -> tuple[str, ...]:
    """As `words`; a number as dialled at home (05…) loses its 0, so that it is found in 9665… (Zid stores that)."""
    return tuple(_LOCAL_MOBILE.sub("", word) for word in words(text))
