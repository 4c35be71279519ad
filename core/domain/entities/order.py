"""Orders (docs.zid.sa "webhook-events-order"; the schema of "View order")."""

from __future__ import annotations

from core.domain.documents import Document, rows, sub, text
from core.domain.entities.reading import Reading, Step
from core.domain.money import parse_amount
from core.domain.order_status import status_of, status_of_history
from core.domain.timestamps import parse_time


def read_order(order: Document) -> Reading:
    """Watches the status and the payment status."""
    status = status_of(order)
    payment = text(order.get("payment_status"))
    payment = payment.lower() if payment else None
    return Reading(
        version=parse_time(order.get("updated_at")),
        facts={"status": status, "payment_status": payment},
        columns={
            "code": text(order.get("code")),
            "status": status,
            "payment_status": payment,
            "total": parse_amount(order.get("order_total")),
            "currency": text(order.get("currency_code")),
            "customer_id": text(sub(order, "customer").get("id")),
            "created_at": parse_time(order.get("created_at")),
        },
        steps=_steps(order),
    )


def _steps(order: Document) -> tuple[Step, ...]:
    """The statuses of `histories`, oldest first; Zid lists the newest first."""
    named = [
        Step(at, status)
        for entry in rows(order, "histories")
        if (at := parse_time(entry.get("created_at"))) and (status := status_of_history(entry))
    ]
    return tuple(sorted(reversed(named), key=lambda step: step.at))
