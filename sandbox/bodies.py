"""Request bodies as endpoints read them: JSON objects and arrays, forms with bracketed names, uploaded files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from sandbox.world.records import Json

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_BRACKETED = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """What a request said: an object (a form is one too), or an array in `items`, and files by field name."""

    document: Json = field(default_factory=dict)
    items: list[Any] | None = None
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def fingerprint(self) -> bytes:
        """The same for the same content, whatever the encoding of its parts."""
        digest = hashlib.blake2b(orjson.dumps([self.document, self.items], option=orjson.OPT_SORT_KEYS), digest_size=16)
        for name, upload in sorted(self.uploads.items()):
            digest.update(name.encode() + upload.content)
        return digest.digest()


async def read_body(request: web.Request) -> Body:
    """Forms and JSON alike; a body that is neither says nothing."""
    if not request.can_read_body:
        return Body()
    if request.content_type in _FORMS:
        return _form(await request.post())
    try:
        document = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        return Body()
    if isinstance(document, list):
        return Body(items=document)
    return Body(document) if isinstance(document, dict) else Body()


def _form(pairs: Mapping[str, Any]) -> Body:
    fields: list[tuple[str, str]] = []
    uploads: dict[str, Upload] = {}
    for name, value in pairs.items():
        if isinstance(value, web.FileField):
            uploads[name] = Upload(value.filename, value.content_type, value.file.read())
        else:
            fields.append((name, str(value)))
    return Body(nested(fields), None, uploads)


def nested(pairs: Iterable[tuple[str, str]]) -> Json:
    """`customers[0][name]=x` as `{"customers": [{"name": "x"}]}`, as PHP reads it; a repeated name is a list."""
    root: Json = {}
    for name, value in pairs:
        below, head = _BRACKETED.findall(name), name.partition("[")[0]
        keys = [head, *below] if below and head else [name]
        _put(root, keys, value)
    return {key: _as_list(value) for key, value in root.items()}


def _put(node: Json, keys: list[str], value: str) -> None:
    for key in keys[:-1]:
        below = node.setdefault(key or str(len(node)), {})
        if not isinstance(below, dict):
            return
        node = below
    last = keys[-1] or str(len(node))
    if last in node:
        before = node[last]
        node[last] = [*before, value] if isinstance(before, list) else [before, value]
    else:
        node[last] = value


def _as_list(value: Any) -> Any:
    """An object whose keys are all numbers was a list."""
    if not isinstance(value, dict):
        return value
    parts = {key: _as_list(part) for key, part in value.items()}
    if parts and all(key.isdecimal() for key in parts):
        return [parts[key] for key in sorted(parts, key=int)]
    return parts
