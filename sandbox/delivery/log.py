"""What was sent: bounded by number of deliveries, and by the bytes of bodies that are kept for sending again."""

from __future__ import annotations

from collections import deque

from sandbox.world.records import Delivery
from sandbox.world.table import Table


class DeliveryLog:
    """Forgets the oldest finished deliveries beyond `limit`, and the bodies of the oldest beyond `body_budget`."""

    def __init__(self, deliveries: Table[Delivery], *, limit: int, body_budget: int) -> None:
        self._deliveries = deliveries
        self._limit = limit
        self._budget = body_budget
        self._finished: deque[int] = deque()
        self._bodies: deque[int] = deque()
        self._bytes = 0

    def finished(self, delivery: Delivery) -> None:
        self._finished.append(delivery.id)
        self._bodies.append(delivery.id)
        self._bytes += len(delivery.body)
        while len(self._finished) > self._limit:
            self._deliveries.remove(str(self._finished.popleft()))
        while self._bytes > self._budget:
            self._forget_body(self._bodies.popleft())

    def clear(self) -> None:
        self._finished.clear()
        self._bodies.clear()
        self._bytes = 0

    def _forget_body(self, delivery_id: int) -> None:
        delivery = self._deliveries.get(str(delivery_id))
        if delivery is None:
            return
        self._bytes -= len(delivery.body)
        delivery.body = b""
        self._deliveries.touch(str(delivery_id))
