"""Names of those who read the work index: they tell which process of which machine each one is."""

from __future__ import annotations

import secrets

from adapters.process_marks import is_gone, own_mark


def own_name() -> str:
    """New at every call."""
    return f"{own_mark()}:{secrets.token_hex(4)}"


def is_of_a_dead_process(name: str) -> bool:
    """Whether it was a process of this machine that is gone by now; of another machine's nobody here can tell."""
    return is_gone(name.rpartition(":")[0])
