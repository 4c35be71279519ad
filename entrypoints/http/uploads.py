"""Uploaded files: read once, whole, within a limit; and what tells one body from another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from entrypoints.http.problems import Refusal, bad_request
from entrypoints.http.routing import Route

LARGEST_FILE: Final = 5 * 1024 * 1024
LARGEST_FIELD: Final = 64 * 1024
MOST_PARTS: Final = 20


@dataclass(frozen=True, slots=True)
class Upload:
    """One file and the text fields beside it."""

    filename: str
    content_type: str
    content: bytes
    fields: Mapping[str, str]

    def digest(self) -> bytes:
        """The same for the same file and fields, however they were wrapped: clients draw a new boundary each time."""
        texts = [self.filename, self.content_type, *(f"{name}={self.fields[name]}" for name in sorted(self.fields))]
        return sha256("\0".join(texts).encode(errors="replace") + b"\0" + self.content).digest()


UPLOAD: Final = web.RequestKey("upload", Upload)


async def content_digest(request: web.Request, route: Route) -> bytes:
    """What two requests share exactly when their bodies say the same. Reads the body; it can be read again."""
    return (await read_upload(request)).digest() if route.upload else await request.read()


async def read_upload(request: web.Request, file_field: str = "image") -> Upload:
    """The multipart body; 400 names what is wrong with it, 413 a file that is too large."""
    if UPLOAD not in request:
        request[UPLOAD] = await _read(request, file_field)
    return request[UPLOAD]


async def _read(request: web.Request, file_field: str) -> Upload:
    if request.content_type != "multipart/form-data":
        raise bad_request("body", f"must be multipart/form-data with a file named {file_field}")
    file: tuple[str, str, bytes] | None = None
    fields: dict[str, str] = {}
    try:
        async for part in await request.multipart():
            name = _name(part, len(fields))
            assert isinstance(part, BodyPartReader)
            if name in fields or (file and name == file_field):
                raise bad_request(name, "give it once")
            if name == file_field:
                content = await _content(part, name, LARGEST_FILE)
                file = (part.filename or name, part.headers.get("Content-Type", "application/octet-stream"), content)
            else:
                fields[name] = (await _content(part, name, LARGEST_FIELD)).decode()
    except (ValueError, RuntimeError, HttpProcessingError) as error:
        raise bad_request("body", "is no well-formed multipart/form-data") from error
    if file is None:
        raise bad_request(file_field, "this file is required")
    return Upload(*file, fields)


def _name(part: object, so_far: int) -> str:
    if not isinstance(part, BodyPartReader) or not part.name:
        raise bad_request("body", "every part needs a name")
    if so_far >= MOST_PARTS:
        raise bad_request("body", f"at most {MOST_PARTS} parts")
    return part.name


async def _content(part: BodyPartReader, name: str, limit: int) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        content += chunk
        if len(content) > limit:
            raise Refusal("too-large", f"{name}: at most {limit} bytes", parameter=name)
    return bytes(content)
