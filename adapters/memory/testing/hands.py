"""A handler's context without servers: its unit of work remembers, its Zid is a script, its log can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from adapters.memory.testing.events import STORE, body_of
from adapters.memory.zid_gateway import ScriptedGateway
from core.domain.operations.carts import GetCart
from core.domain.operations.categories import GetCategory
from core.domain.operations.customers import GetCustomer
from core.domain.operations.operation import Operation
from core.domain.operations.orders import GetOrder
from core.domain.operations.products import GetProduct
from core.domain.results.cart import Cart
from core.domain.results.category import Category
from core.domain.results.customer import Customer
from core.domain.results.order import Order
from core.domain.results.product import Product
from core.features.event_handlers import BatchContext, Context, Event
from core.features.event_handlers.context import UnitsOfWork
from core.ids import EntityKind, StoreId
from core.ports.event_ledger import AppTransaction
from core.ports.zid_gateway import BoundGateway

R = TypeVar("R")
Effect = tuple[str, tuple[object, ...]]
"""What a unit of work executed: SQL and arguments."""
HANDLER: Final = "app.handlers.under_test"


class RehearsedTransaction(AppTransaction):
    """Remembers what is executed; answers queries with the rows that were put there for them."""

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
        self._rows = rows
        self.executed: list[Effect] = []

    async def execute(self, sql: str, *args: object) -> str:
        self.executed.append((sql, args))
        return "OK"

    async def fetch(self, sql: str, *args: object) -> Sequence[Mapping[str, object]]:
        self.executed.append((sql, args))
        return next((rows for part, rows in self._rows.items() if part in sql), [])


class RehearsedZid(BoundGateway):
    """Zid for one store: answers as scripted, and single reads from the same bodies that events carry.

    Closed inside a unit of work, as the real one is.
    """

    def __init__(self, store_id: StoreId) -> None:
        self._store_id = store_id
        self._script = ScriptedGateway()
        self.is_closed = False
        for operation, answer in _CANNED.items():
            self._script.on(operation, answer)

    def on(self, operation: type[Operation[R]], *replies: R | Exception | Callable[[Operation[object]], R]) -> None:
        """What this operation gets from now on: values, exceptions or functions of it, in order; the last one stays."""
        self._script.on(operation, *replies)

    def asked(self, operation: type[Operation[R]]) -> list[Operation[object]]:
        """The calls of one operation, in order."""
        return self._script.asked(operation)

    async def perform(self, operation: Operation[R]) -> R:
        if self.is_closed:
            raise RuntimeError("ctx.zid was called inside ctx.unit_of_work: call Zid before it and keep the result")
        return await self._script.perform(self._store_id, operation)


@dataclass
class RehearsedLog:
    """Every line that the handler logged: level, event and fields."""

    lines: list[tuple[str, str, Mapping[str, object]]] = field(default_factory=list)

    def debug(self, event: str, **fields: object) -> None:
        self.lines.append(("debug", event, fields))

    def info(self, event: str, **fields: object) -> None:
        self.lines.append(("info", event, fields))

    def warning(self, event: str, **fields: object) -> None:
        self.lines.append(("warning", event, fields))

    def error(self, event: str, **fields: object) -> None:
        self.lines.append(("error", event, fields))


class Rehearsal:
    """What a handler did with its hands.

    `effects` are what its units of work executed and did not drop; `rows` answers queries: a piece
    of their SQL → what they find.
    """

    def __init__(self, store_id: StoreId = STORE) -> None:
        self.zid = RehearsedZid(store_id)
        self.log = RehearsedLog()
        self.effects: list[Effect] = []
        self.rows: dict[str, Sequence[Mapping[str, object]]] = {}

    @property
    def unit_of_work(self) -> AbstractAsyncContextManager[AppTransaction]:
        return self._unit_of_work()

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[AppTransaction]:
        """As in production: an exception drops all that this handler's units of work did."""
        if self.zid.is_closed:
            raise RuntimeError("already inside the unit of work")
        transaction, self.zid.is_closed = RehearsedTransaction(self.rows), True
        try:
            yield transaction
        except BaseException:
            self.effects.clear()
            raise
        finally:
            self.zid.is_closed = False
        self.effects.extend(transaction.executed)


@dataclass(frozen=True, slots=True)
class RehearsedContext(Context):
    """A `Context` to hand to a handler. `done` tells what came of it."""

    done: Rehearsal = field(kw_only=True)

    @property
    def effects(self) -> Sequence[Effect]:
        """(sql, arguments) of what the units of work kept."""
        return self.done.effects

    @property
    def script(self) -> RehearsedZid:
        """`zid` again, typed as what it is: tell it what to answer with `on`, see what it was `asked`."""
        return self.done.zid

    @property
    def rows(self) -> dict[str, Sequence[Mapping[str, object]]]:
        """Answers for `fetch`: a piece of the SQL → rows."""
        return self.done.rows

    @property
    def logged(self) -> Iterable[str]:
        """The events that were logged, in order."""
        return [event for _, event, _ in self.done.log.lines]


def context_for(event: Event | None = None, *, handler: str = HANDLER) -> RehearsedContext:
    """A context for this event, with its idempotency key; for any event of the usual store when none is given."""
    rehearsal = Rehearsal(event.store_id if event else STORE)
    key = f"{event.id}:{handler}" if event else f"00000000-0000-7000-8000-000000000000:{handler}"
    return RehearsedContext(
        rehearsal.zid, UnitsOfWork(lambda: rehearsal.unit_of_work), rehearsal.log, key, done=rehearsal
    )


@dataclass(frozen=True, slots=True)
class RehearsedBatchContext(BatchContext):
    """A `BatchContext` to hand to a handler of batches. `done` tells what came of it."""

    done: Rehearsal = field(kw_only=True)

    @property
    def effects(self) -> Sequence[Effect]:
        """(sql, arguments) of what the units of work kept."""
        return self.done.effects


def batch_context(*, handler: str = HANDLER) -> RehearsedBatchContext:
    """A context for a batch of the usual store."""
    rehearsal = Rehearsal()
    return RehearsedBatchContext(
        rehearsal.zid, UnitsOfWork(lambda: rehearsal.unit_of_work), rehearsal.log, handler, done=rehearsal
    )


def _an_order(asked: Operation[object]) -> Order:
    assert isinstance(asked, GetOrder)
    return Order.read({**body_of(EntityKind.ORDER), "id": asked.order_id})


def _a_product(asked: Operation[object]) -> Product:
    assert isinstance(asked, GetProduct)
    return Product.read({**body_of(EntityKind.PRODUCT), "id": asked.product_id})


def _a_customer(asked: Operation[object]) -> Customer:
    assert isinstance(asked, GetCustomer)
    return Customer.read({**body_of(EntityKind.CUSTOMER), "id": asked.customer_id})


def _a_category(asked: Operation[object]) -> Category:
    assert isinstance(asked, GetCategory)
    return Category.read({**body_of(EntityKind.CATEGORY), "id": asked.category_id})


def _a_cart(asked: Operation[object]) -> Cart:
    assert isinstance(asked, GetCart)
    return Cart.read(body_of(EntityKind.CART))


_CANNED: Final[Mapping[type[Operation[object]], Callable[[Operation[object]], object]]] = {
    GetOrder: _an_order,
    GetProduct: _a_product,
    GetCustomer: _a_customer,
    GetCategory: _a_category,
    GetCart: _a_cart,
}
