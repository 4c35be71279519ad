"""Whom data is about: one customer of a store, and which documents mention them.

Zid's customer ids are integers; an order carries `customer{id, name, email, mobile}`, a
cart `customer_id`, `customer_email` and `customer_mobile`; a guest's order may have no id
(docs.zid.sa "webhook-events-order", "abandoned carts"). Mobiles are written `9665…`,
`+9665…` or `05…` (X23).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from core.domain.documents import Document, sub, text
from core.domain.entities.catalogue import READERS, unwrap
from core.ids import EntityKind

_LOCAL_DIGITS: Final = 9
"""What the spellings of a Saudi mobile share: the digits after 966 or 0."""
_NOT_DIGITS: Final = re.compile(r"\D")
_PHONE: Final = re.compile(r"[+()\d\s-]{9,24}")


def folded_phone(written: str) -> str:
    """The digits that every spelling of the number shares; "" for what is no phone number."""
    digits = _NOT_DIGITS.sub("", written) if _PHONE.fullmatch(written) else ""
    return digits[-_LOCAL_DIGITS:] if len(digits) >= _LOCAL_DIGITS else ""


def folded_email(written: str) -> str:
    return written.strip().lower()


@dataclass(frozen=True, slots=True)
class Person:
    """One customer. `ids` are Zid's; `emails` and `phones` (folded) are those that whoever asks has named.

    `known_emails` and `known_phones` come from the mirror. They count only where a document
    names no customer id: two customers of one family may share a number.
    """

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    known_emails: frozenset[str] = frozenset()
    known_phones: frozenset[str] = frozenset()

    @classmethod
    def asked_for(cls, *, customer_id: str | None = None, email: str | None = None, phone: str | None = None) -> Person:
        """As whoever asks names them; anything that is left out, or empty, selects nothing."""
        return cls(
            ids=_one(customer_id or ""),
            emails=_one(folded_email(email or "")),
            phones=_one(folded_phone(phone or "")),
        )

    @property
    def is_nobody(self) -> bool:
        return not (self.ids or self.emails or self.phones)

    @property
    def needles(self) -> tuple[str, ...]:
        """Every document that mentions them holds one of these, written like this (e-mails: in some letter case)."""
        emails, phones = self.emails | self.known_emails, self.phones | self.known_phones
        return tuple(sorted(self.ids | emails | phones))

    def with_known(self, *, emails: frozenset[str], phones: frozenset[str], ids: frozenset[str]) -> Person:
        return Person(self.ids | ids, self.emails, self.phones, self.known_emails | emails, self.known_phones | phones)

    def owns(self, kind: EntityKind | None, document: Document) -> bool:
        """Whether the document is about them: by its customer id, or by how they can be reached."""
        owners = frozenset(_owners(kind, document))
        if owners & self.ids:
            return True
        emails = self.emails if owners else self.emails | self.known_emails
        phones = self.phones if owners else self.phones | self.known_phones
        return any(folded_email(t) in emails or folded_phone(t) in phones for t in _contacts(document))


def _one(value: str) -> frozenset[str]:
    return frozenset({value}) if value else frozenset()


def _owners(kind: EntityKind | None, document: Document) -> Iterator[str]:
    """The customer ids that an entity's document names, wrapped or not."""
    entity = unwrap(kind, document) if kind is not None and kind in READERS else document
    found = [text(sub(entity, "customer").get("id")), text(entity.get("customer_id"))]
    if kind is EntityKind.CUSTOMER:
        found.append(text(entity.get("id")))
    yield from (owner for owner in found if owner)


def _contacts(value: object) -> Iterator[str]:
    """Every text in it that may be an address or a number."""
    match value:
        case str():
            if "@" in value or any(map(str.isdigit, value)):
                yield value
        case int() if not isinstance(value, bool) and value >= 10**8:
            yield str(value)
        case Mapping():
            for inner in value.values():
                yield from _contacts(inner)
        case list():
            for inner in value:
                yield from _contacts(inner)
