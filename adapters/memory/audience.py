"""Customers with the numbers of their orders, in memory: the model of what the database counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from adapters.memory.database import MemoryDatabase
from adapters.memory.mirrored import BEGINNING, amount, created, is_counted, living, page_by_id
from core.domain.customer_facts import CustomerFacts, average, quintile
from core.domain.keyset import Page, Position
from core.domain.mirror_queries import Seen
from core.domain.segment_rules import Rule, matches
from core.ids import EntityKind, StoreId
from core.ports.segments import Audience


class MemoryAudience(Audience):
    """Everything is counted anew at each question."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def members(
        self, store_id: StoreId, rule: Rule, *, as_of: datetime, after: Position | None = None, limit: int = 50
    ) -> Page[CustomerFacts]:
        found = [facts for facts in self._known(store_id) if matches(rule, facts, as_of)]
        return page_by_id(found, _id, after, limit)

    async def count(self, store_id: StoreId, rule: Rule, *, as_of: datetime) -> int:
        return sum(matches(rule, facts, as_of) for facts in self._known(store_id))

    async def facts(self, store_id: StoreId, customer_id: str) -> CustomerFacts | None:
        return next((facts for facts in self._known(store_id) if facts.customer_id == customer_id), None)

    def _known(self, store_id: StoreId) -> list[CustomerFacts]:
        bought = {facts.customer_id: facts for facts in _scored(self._bought(store_id))}
        for person in living(self._database, store_id, EntityKind.CUSTOMER):
            facts = bought.get(person.entity.id, CustomerFacts(person.entity.id))
            bought[person.entity.id] = _named(facts, person)
        tagged = (replace(facts, tags=self._tags(store_id, facts.customer_id)) for facts in bought.values())
        return sorted(tagged, key=_id)

    def _bought(self, store_id: StoreId) -> list[CustomerFacts]:
        orders: defaultdict[str, list[Seen]] = defaultdict(list)
        for order in living(self._database, store_id, EntityKind.ORDER):
            customer_id = order.columns.get("customer_id")
            if isinstance(customer_id, str) and is_counted(order):
                orders[customer_id].append(order)
        return [_summed(customer_id, theirs) for customer_id, theirs in orders.items()]

    def _tags(self, store_id: StoreId, customer_id: str) -> tuple[str, ...]:
        record = self._database.records.get((store_id, customer_id))
        return record.tags if record else ()


def _id(facts: CustomerFacts) -> str:
    return facts.customer_id


def _summed(customer_id: str, orders: Sequence[Seen]) -> CustomerFacts:
    latest = max(orders, key=lambda order: (created(order) or BEGINNING, order.entity.id))
    currency = latest.columns.get("currency") or ""
    alike = [amount(order, "total") for order in orders if (order.columns.get("currency") or "") == currency]
    times = [at for order in orders if (at := created(order))]
    total = sum(alike, Decimal(0))
    return CustomerFacts(
        customer_id,
        currency=str(currency) or None,
        orders=len(orders),
        total_spent=total,
        average_order=average(total, len(alike)),
        first_order_at=min(times, default=None),
        last_order_at=max(times, default=None),
    )


def _scored(bought: Sequence[CustomerFacts]) -> list[CustomerFacts]:
    def stands(facts: CustomerFacts, among: Sequence[CustomerFacts], by: Callable[[CustomerFacts], object]) -> int:
        own = by(facts)
        return quintile(sum(by(other) <= own for other in among), len(among))  # type: ignore[operator]  # of one type

    found = []
    for facts in bought:
        alike = [other for other in bought if other.currency == facts.currency]
        recency = stands(facts, bought, lambda one: one.last_order_at or BEGINNING)
        frequency = stands(facts, bought, lambda one: one.orders)
        value = stands(facts, alike, lambda one: one.total_spent)
        found.append(replace(facts, recency=recency, frequency=frequency, value=value))
    return found


def _named(facts: CustomerFacts, person: Seen) -> CustomerFacts:
    name, email, mobile, city = (_text(person, column) for column in ("name", "email", "mobile", "city"))
    return replace(facts, name=name, email=email, mobile=mobile, city=city)


def _text(seen: Seen, name: str) -> str | None:
    value = seen.columns.get(name)
    return value if isinstance(value, str) else None
