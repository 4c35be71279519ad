"""The pytest plugin: `event`, `ctx` and `batch_ctx`. It comes with the package, nobody has to name it.

::

    async def test_a_ready_order_gets_a_courier(event, ctx):
        ctx.script.on(GetOrder, order)
        await book_a_courier(event("order.status_changed", new="ready"), ctx)
        assert len(ctx.effects) == 1
"""

from __future__ import annotations

from typing import Protocol

import pytest

from adapters.memory.testing.events import make_event
from adapters.memory.testing.hands import RehearsedBatchContext, RehearsedContext, batch_context, context_for
from core.features.event_handlers import Event


class EventFactory(Protocol):
    """`event(topic, **fields)`: see `make_event`."""

    def __call__(self, topic: str, **fields: object) -> Event: ...


@pytest.fixture
def event() -> EventFactory:
    """Makes events of any topic, with bodies as Zid sends them."""
    return make_event  # type: ignore[return-value]  # the factory names its keywords, the fixture's users need not


@pytest.fixture
def ctx() -> RehearsedContext:
    """A handler's context without servers: `effects`, `script`, `rows` and `logged` tell and steer what happens."""
    return context_for()


@pytest.fixture
def batch_ctx() -> RehearsedBatchContext:
    """The context of a handler that takes batches."""
    return batch_context()
