"""How alike two folded texts are: the trigrams of pg_trgm, in Python."""

from __future__ import annotations

THRESHOLD = 0.6


def word_similarity(searched: str, text: str) -> float:
    """How much of the searched trigrams the best stretch of the text has; 0 to 1.

    The best stretch is looked for among all, where pg_trgm stops early: close, not equal.
    """
    wanted, there = set(_trigrams(searched)), _trigrams(text)
    starts = [place for place, trigram in enumerate(there) if trigram in wanted]
    stretches = (set(there[start : end + 1]) for start in starts for end in starts if end >= start)
    return max((len(wanted & stretch) / len(wanted | stretch) for stretch in stretches), default=0.0)


def _trigrams(text: str) -> list[str]:
    padded = (f"  {word} " for word in text.split())
    return [word[place : place + 3] for word in padded for place in range(len(word) - 2)]
