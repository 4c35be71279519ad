"""Which run kills its workers, found without blaming the innocent that died beside it.

A worker that dies takes with it whatever it was running, so one death says nothing about
any run: all are taken up again at once. A run hit a second time before it was settled is
*suspect*: it runs alone. Only deaths while it runs alone count against it; the third one
buries it as poison. Settling clears a run. A worker that froze counts as one that died.
"""

from __future__ import annotations

from typing import Final

IN_COMPANY: Final = 2
"""Deaths, beside others, that make a run suspect."""
ALONE: Final = 3
"""Deaths, alone, that make a suspect poison."""
BEFORE_POISON: Final = IN_COMPANY + ALONE - 1
"""Deaths that a run has behind it when one more is its last."""
POISON_REASON: Final = f"poison: its worker died {ALONE} times while running nothing else"


def is_suspect(crashes: int) -> bool:
    """Whether a run that was hit so often since it was settled last has to run alone."""
    return crashes >= IN_COMPANY


def after_crash(crashes: int, *, alone: bool) -> int:
    """The deaths to remember after one more; those of a suspect count only while it ran alone."""
    return crashes if is_suspect(crashes) and not alone else crashes + 1


def is_last(crashes: int, *, alone: bool) -> bool:
    """Whether one more death is the one that makes the run poison."""
    return alone and crashes >= BEFORE_POISON
