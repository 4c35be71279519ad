"""The loyalty program (managers family, forms)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from core.domain.operations.operation import Operation, Write, refuse_unless
from core.domain.results.loyalty import LoyaltyInfo, LoyaltyProgram, PointsAccount, PointsMovement, RedemptionRule

_READ_THE_PROGRAM = "Get the program and look at its rules."


class RedemptionKind(StrEnum):
    PERCENTAGE = "percentage_discount_settings"
    FIXED = "fixed_rate_settings"


@dataclass(frozen=True, slots=True)
class GetLoyaltyStatus(Operation[bool]):
    """Whether the program is on."""

    scope: ClassVar[str] = "loyalty_program.read"


@dataclass(frozen=True, slots=True)
class GetLoyaltyProgram(Operation[LoyaltyProgram]):
    """Its rules and sums."""

    scope: ClassVar[str] = "loyalty_program.read"


@dataclass(frozen=True, slots=True)
class GetPointsAccount(Operation[PointsAccount]):
    """What a customer has, with the history."""

    customer_id: str
    scope: ClassVar[str] = "loyalty_program.read"


@dataclass(frozen=True, slots=True)
class ListPointsMovements(Operation[Sequence[PointsMovement]]):
    """A customer's points, won and spent."""

    customer_id: str
    scope: ClassVar[str] = "loyalty_program.read"


@dataclass(frozen=True, slots=True)
class GetLoyaltyInfo(Operation[LoyaltyInfo]):
    """The page that explains the program."""

    scope: ClassVar[str] = "loyalty_program.read"


@dataclass(frozen=True, slots=True)
class ActivateLoyalty(Write[None]):
    """Switches the program on or off."""

    active: bool
    scope: ClassVar[str] = "loyalty_program.read_write"
    check: ClassVar[str] = "Get the status; switching it again does no harm."


@dataclass(frozen=True, slots=True)
class SetPointsExpiration(Write[None]):
    """After how many days points expire."""

    days: int
    scope: ClassVar[str] = "loyalty_program.read_write"
    check: ClassVar[str] = "Get the program; setting it again does no harm."

    def __post_init__(self) -> None:
        refuse_unless(self.days > 0, "days", "at least one")


@dataclass(frozen=True, slots=True)
class UpdateCashback(Write[None]):
    """So many points for so much spent."""

    rule_id: str
    money: Decimal
    points: int
    scope: ClassVar[str] = "loyalty_program.read_write"
    check: ClassVar[str] = _READ_THE_PROGRAM


@dataclass(frozen=True, slots=True)
class CreateRedemption(Write[RedemptionRule]):
    """One more way to spend points."""

    kind: RedemptionKind
    discount: Decimal
    points: int
    scope: ClassVar[str] = "loyalty_program.read_write"
    check: ClassVar[str] = _READ_THE_PROGRAM


@dataclass(frozen=True, slots=True)
class UpdateRedemption(Write[None]):
    """Changes a way to spend points."""

    rule_id: str
    kind: RedemptionKind
    discount: Decimal
    points: int
    scope: ClassVar[str] = "loyalty_program.read_write"
    check: ClassVar[str] = _READ_THE_PROGRAM


@dataclass(frozen=True, slots=True)
class DeleteRedemption(Write[None]):
    """Removes a way to spend points."""

    rule_id: str
    scope: ClassVar[str] = "loyalty_program.read_write"
    check: ClassVar[str] = _READ_THE_PROGRAM


@dataclass(frozen=True, slots=True)
class AdjustPoints(Write[PointsMovement]):
    """Gives a customer points, or takes them (a negative number)."""

    customer_id: str
    points: int
    reason: str
    scope: ClassVar[str] = "loyalty_program.read_write"
    check: ClassVar[str] = "List the customer's movements: adjusting twice counts twice."

    def __post_init__(self) -> None:
        refuse_unless(self.points != 0, "points", "a number other than zero")
