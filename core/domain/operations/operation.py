"""An operation of Zid's API as a value."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

R_co = TypeVar("R_co", covariant=True)


class Operation(Generic[R_co]):
    """A request to Zid; subclasses are frozen dataclasses holding its parameters.

    `scope` is the permission as Zid's documentation writes it, `writes` says whether
    it changes anything, `repeatable` whether it may be sent again when the answer was
    lost. `R_co` is what the gateway returns.
    """

    scope: ClassVar[str]
    writes: ClassVar[bool] = False
    repeatable: ClassVar[bool] = True
