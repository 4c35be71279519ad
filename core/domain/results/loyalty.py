"""The loyalty program. Zid's misspelled keys are real: `available_poitns`, `total_redemed_points`, …"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.domain.documents import Document, sub, text
from core.domain.money import parse_amount
from core.domain.names import Name
from core.domain.results.fields import every, flag, lower, needed_id, whole
from core.domain.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class CashbackRule:
    """So many points for so much spent."""

    id: str
    points: int | None
    amount: Decimal | None
    is_active: bool | None

    @classmethod
    def read(cls, rule: Document) -> CashbackRule:
        return cls(
            id=needed_id(rule, "a cashback rule"),
            points=whole(rule.get("points_rewarded")),
            amount=parse_amount(rule.get("amount_to_spend")),
            is_active=flag(rule.get("is_active")),
        )


@dataclass(frozen=True, slots=True)
class RedemptionRule:
    """So much discount for so many points."""

    id: str
    kind: str | None
    points: int | None
    discount: Decimal | None
    is_active: bool | None

    @classmethod
    def read(cls, rule: Document) -> RedemptionRule:
        return cls(
            id=needed_id(rule, "a redemption rule"),
            kind=lower(rule.get("rule_type")),
            points=whole(rule.get("points_to_redeem")),
            discount=parse_amount(sub(rule, "reward").get("discount_value")),
            is_active=flag(rule.get("is_active")),
        )


@dataclass(frozen=True, slots=True)
class LoyaltyProgram:
    """The program with its rules and sums."""

    is_active: bool | None
    cashback_rules: tuple[CashbackRule, ...]
    redemption_rules: tuple[RedemptionRule, ...]
    earned_points: int | None
    redeemed_points: int | None
    pending_points: int | None
    customers_with_points: int | None
    expiration_days: int | None
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, program: Document) -> LoyaltyProgram:
        return cls(
            is_active=flag(program.get("is_active")),
            cashback_rules=every(CashbackRule.read, program, "cashback_rules"),
            redemption_rules=every(RedemptionRule.read, program, "redemption_rules"),
            earned_points=whole(program.get("total_earned_points")),
            redeemed_points=_spelled(program, "total_redemed_points", "total_redeemed_points"),
            pending_points=whole(program.get("total_pending_points")),
            customers_with_points=whole(program.get("total_customers_with_points")),
            expiration_days=_spelled(program, "expiration_peroid", "expiration_period"),
            raw=program,
        )


def _spelled(document: Document, *keys: str) -> int | None:
    """Zid's spelling first, then the right one, should it ever be corrected."""
    return next((found for key in keys if (found := whole(document.get(key))) is not None), None)


@dataclass(frozen=True, slots=True)
class PointsMovement:
    """Points won or spent; `points` is negative for those spent."""

    at: datetime | None
    points: int
    kind: str | None
    reason: str | None
    order_number: str | None
    status: str | None
    expires_at: datetime | None

    @classmethod
    def read(cls, movement: Document) -> PointsMovement:
        points = whole(movement.get("points")) or 0
        return cls(
            at=parse_time(movement.get("date")),
            points=-points if movement.get("direction") == "-" else points,
            kind=lower(movement.get("type")),
            reason=text(movement.get("reason")),
            order_number=text(movement.get("order_number")),
            status=lower(movement.get("point_status_code")) or lower(movement.get("point_status")),
            expires_at=parse_time(movement.get("expiry_date")),
        )


@dataclass(frozen=True, slots=True)
class PointsAccount:
    """What a customer has."""

    balance: int | None
    pending: int | None
    available: int | None
    used: int | None
    history: tuple[PointsMovement, ...]
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, account: Document) -> PointsAccount:
        return cls(
            balance=whole(account.get("points_balance")),
            pending=whole(account.get("pending_points_balance")),
            available=_spelled(account, "available_poitns", "available_points"),
            used=_spelled(account, "used_poitns", "used_points"),
            history=every(PointsMovement.read, account, "history"),
            raw=account,
        )


@dataclass(frozen=True, slots=True)
class LoyaltyInfo:
    """The page that explains the program to customers."""

    title: Name
    content: Name
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, info: Document) -> LoyaltyInfo:
        return cls(
            title=Name(text(info.get("title_ar")), text(info.get("title_en"))),
            content=Name(text(info.get("content_ar")), text(info.get("content_en"))),
            raw=info,
        )
