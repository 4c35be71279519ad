"""An operation of Zid's API as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from core.domain.paging import START, Page, Place
from core.errors import Invalid

R_co = TypeVar("R_co", covariant=True)
T_co = TypeVar("T_co", covariant=True)


class Operation(Generic[R_co]):
    """A request to Zid; subclasses are frozen dataclasses holding its parameters.

    `scope` is the permission as Zid's documentation writes it, `writes` says whether
    it changes anything, `repeatable` whether it may be sent again when the answer was
    lost, `check` how to find out what became of it then. `R_co` is what the gateway
    returns.
    """

    scope: ClassVar[str]
    writes: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True
    check: ClassVar[str] = "Read it back before doing it again."


class Write(Operation[R_co]):
    """An operation that changes something. Zid documents no idempotency key (U17), so none is sent twice."""

    writes: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Operation[Page[T_co]]):
    """One page of a list: the one at `at`, with `per_page` rows asked for."""

    at: Place = START
    per_page: int = 50
    most_per_page: ClassVar[int] = 100

    def __post_init__(self) -> None:
        refuse_unless(1 <= self.per_page <= self.most_per_page, "per_page", f"1 to {self.most_per_page}")


def refuse_unless(fits: bool, name: str, wanted: str) -> None:
    """Refuses a parameter before it is sent, as Zid would: Invalid with the field's name."""
    if not fits:
        raise Invalid(422, f"{name}: {wanted}", code="not_sent", fields={name: [wanted]})
