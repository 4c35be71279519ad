"""What an operation sends, in the forms Zid's two back-ends take: query, JSON, form, multipart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

import orjson

from core.domain.keep import Keep
from core.domain.names import Name
from core.domain.operations.files import Upload


@dataclass(frozen=True, slots=True)
class Payload:
    """A body with its type."""

    body: bytes
    content_type: str


Parts = Mapping[str, object]
"""What is sent by name; values may be nested, None is null, KEEP is left out."""


def as_text(value: object, *, yes: str = "1", no: str = "0") -> str:
    """A value as queries and forms carry it; lists are separated by commas, None is empty."""
    match value:
        case None:
            return ""
        case bool():
            return yes if value else no
        case tuple() | list():
            return ",".join(as_text(item, yes=yes, no=no) for item in value)
        case _:
            return _scalar(value)


def _scalar(value: object) -> str:
    """Zid reads times in UTC; no amount is written with an exponent."""
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case Enum():
            return str(value.value)
        case _:
            return str(value)


def asks(*names: str, **renamed: str) -> Callable[[object], dict[str, str]]:
    """A query of the managers family: the fields that are set, by their own names or Zid's. Bools are 1 and 0."""
    return _query({name: name for name in names} | renamed, yes="1", no="0")


def filters(*names: str, **renamed: str) -> Callable[[object], dict[str, str]]:
    """A query of the products family; bools are words."""
    return _query({name: name for name in names} | renamed, yes="true", no="false")


def _query(names: Mapping[str, str], yes: str, no: str) -> Callable[[object], dict[str, str]]:
    def write(operation: object) -> dict[str, str]:
        found = ((sent, getattr(operation, own)) for own, sent in names.items())
        return {sent: as_text(value, yes=yes, no=no) for sent, value in found if value not in (None, ())}

    return write


def parts(*names: str, **renamed: str) -> Callable[[object], Parts]:
    """The fields of an operation by their own names or Zid's; None and KEEP are left out."""

    def collect(operation: object) -> Parts:
        found = ((sent, getattr(operation, own)) for own, sent in ({n: n for n in names} | renamed).items())
        return {sent: value for sent, value in found if value is not None and value is not Keep.KEEP}

    return collect


def record(value: Any, **renamed: str) -> dict[str, object]:
    """The fields of a value by their own names or Zid's; None stays null, and `plain` leaves KEEP out."""
    return {renamed.get(one.name, one.name): getattr(value, one.name) for one in fields(value)}


def number(found_id: str) -> int | str:
    """An id as Zid's JSON has it: a number in the managers family, text in the other."""
    return int(found_id) if found_id.isascii() and found_id.isdecimal() else found_id


def plain(value: object) -> object:
    """A value as JSON has it; amounts are numbers in exactly the digits they have."""
    match value:
        case Name():
            return value.written()
        case Mapping():
            return {str(name): plain(item) for name, item in value.items() if item is not Keep.KEEP}
        case tuple() | list():
            return [plain(item) for item in value]
        case Decimal():
            return orjson.Fragment(f"{value:f}")
        case datetime() | date() | Enum():
            return _scalar(value)
        case _:
            return value


def as_json(collect: Callable[[Any], object]) -> Callable[[object], Payload]:
    """The collected value as JSON."""
    return lambda operation: Payload(orjson.dumps(plain(collect(operation))), "application/json")


def as_form(collect: Callable[[Any], Parts]) -> Callable[[object], Payload]:
    """The collected parts as a form; nested ones as `name[inner]`."""

    def write(operation: object) -> Payload:
        pairs = list(_flat(collect(operation)))
        return Payload(urlencode(pairs).encode(), "application/x-www-form-urlencoded")

    return write


def as_multipart(collect: Callable[[Any], Parts]) -> Callable[[object], Payload]:
    """The collected parts as multipart/form-data; an Upload becomes a file."""

    def write(operation: object) -> Payload:
        collected = collect(operation)
        blocks = [_file(name, value) for name, value in collected.items() if isinstance(value, Upload)]
        rest = {name: value for name, value in collected.items() if not isinstance(value, Upload)}
        return _multipart([_field(name, value) for name, value in _flat(rest)] + blocks)

    return write


def _flat(nested: Parts, outer: str = "") -> Iterator[tuple[str, str]]:
    """`a[b]=…` for objects, `a[0]=…` for lists; None is an empty field."""
    for key, value in nested.items():
        name = f"{outer}[{key}]" if outer else key
        if value is Keep.KEEP:
            continue
        if isinstance(value, Name):
            yield from _flat(value.written(), name)
        elif isinstance(value, Mapping):
            yield from _flat(value, name)
        elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
            yield from _flat({str(at): item for at, item in enumerate(value)}, name)
        else:
            yield name, as_text(value)


def _field(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}'.encode()


def _file(name: str, upload: Upload) -> bytes:
    head = f'Content-Disposition: form-data; name="{_quoted(name)}"; filename="{_quoted(upload.name)}"\r\n'
    return f"{head}Content-Type: {_one_line(upload.content_type)}\r\n\r\n".encode() + upload.content


def _quoted(name: str) -> str:
    """As browsers write names: quotes and line ends as percent codes."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _one_line(value: str) -> str:
    return value.replace("\r", "").replace("\n", "")


def _multipart(blocks: Sequence[bytes]) -> Payload:
    """The boundary comes from the content, so it is the same for the same content and occurs in none of it."""
    boundary = f"wasl-{blake2b(b''.join(blocks), digest_size=16).hexdigest()}"
    line = f"--{boundary}".encode()
    body = b"".join(line + b"\r\n" + block + b"\r\n" for block in blocks) + line + b"--\r\n"
    return Payload(body, f"multipart/form-data; boundary={boundary}")
