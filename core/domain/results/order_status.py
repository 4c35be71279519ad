"""The store's own statuses below Zid's (docs "custom statuses")."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.documents import Document, text
from core.domain.names import Name
from core.domain.order_status import canonical_status
from core.domain.results.fields import every, flag, needed_id


@dataclass(frozen=True, slots=True)
class SubStatus:
    """A status of the store's own; `code` is what ChangeOrderStatus takes."""

    id: str
    code: str | None
    name: Name
    color: str | None
    is_active: bool | None

    @classmethod
    def read(cls, status: Document) -> SubStatus:
        return cls(
            id=needed_id(status, "a sub-status"),
            code=text(status.get("code")),
            name=Name.read(status.get("name")),
            color=text(status.get("color")),
            is_active=flag(status.get("is_active")),
        )


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """One of Zid's statuses, in its one spelling, with those below it."""

    id: str
    code: str | None
    name: Name
    is_customizable: bool | None
    below: tuple[SubStatus, ...]
    raw: Document = field(repr=False)

    @classmethod
    def read(cls, status: Document) -> OrderStatus:
        return cls(
            id=needed_id(status, "a status"),
            code=canonical_status(status.get("code")),
            name=Name.read(status.get("status")),
            is_customizable=flag(status.get("is_customizable")),
            below=every(SubStatus.read, status, "sub_statuses"),
            raw=status,
        )
