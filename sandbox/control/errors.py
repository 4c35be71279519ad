"""Errors of the control API: JSON that names the field and the fix."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from sandbox.faults import FaultError
from sandbox.knobs import KnobError
from sandbox.world.records import Json

from sandbox.events.trigger import TriggerError  # isort: skip

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ControlError(ValueError):
    """A control request that cannot be followed; `field` names what to change."""

    def __init__(self, field: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.field = field
        self.status = status


def answering(handler: Handler) -> Handler:
    """Turns what a control handler raises into `{"error": …, "field": …}`."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (ControlError, KnobError, FaultError, TriggerError) as reason:
            status = reason.status if isinstance(reason, ControlError) else 400
            return as_json({"error": str(reason), "field": reason.field}, status)

    return handle


def as_json(document: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(document), content_type="application/json")


async def read_json(request: web.Request) -> Json:
    """The body as an object; an empty body is an empty object."""
    body = await request.read()
    if not body.strip():
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as reason:
        raise ControlError("body", f"the body is not JSON: {reason}") from None
    if not isinstance(document, dict):
        raise ControlError("body", "the body must be a JSON object")
    return document


def known_only(document: Json, *names: str) -> None:
    """Refuses keys that nobody would read."""
    unknown = sorted(document.keys() - set(names))
    if unknown:
        raise ControlError(unknown[0], f"unknown key {unknown[0]!r}; known: {', '.join(names)}")


def count_of(document: Json, name: str, default: int = 0, most: int = 1_000_000) -> int:
    value = document.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ControlError(name, f"{name} must be a whole number from 0 to {most}, not {value!r}")
    return value


def number_of(document: Json, name: str, default: float | None = None, *, least: float = 0.0) -> float:
    value = document.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < least:
        raise ControlError(name, f"{name} must be a number of at least {least:g}, not {value!r}")
    return float(value)


def text_of(document: Json, name: str, default: str | None = None) -> str:
    value = document.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise ControlError(name, f"{name} is required and must be text, not {value!r}")
    return value
