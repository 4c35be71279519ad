"""Traces as values: what a span may be called and carry, and how one process tells another which it goes on.

Both lists are closed, so that no token, body or personal data reaches whoever collects traces.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

Value = str | int


class SpanName(StrEnum):
    """What is timed, in the order in which a webhook passes it."""

    REQUEST = "http request"
    """Somebody asked us."""
    COMMIT = "webhook commit"
    """A delivery on its way into the ledger, or into the spool."""
    MIRROR = "event mirror"
    """An event from its claim to the commit of the batch that it is in."""
    HANDLE = "event handle"
    """One attempt of one of the app's handlers, with its settle."""
    ZID = "zid call"
    """One request to Zid, without the wait for its allowance."""


class Attribute(StrEnum):
    """What a span may say about what it timed: ids and words of closed lists."""

    METHOD = "http.request.method"
    ROUTE = "http.route"
    STATUS = "http.response.status_code"
    ERROR = "error.type"
    REQUEST_ID = "wasl.request_id"
    STORE_ID = "wasl.store_id"
    EVENT_ID = "wasl.event_id"
    TOPIC = "wasl.topic"
    HANDLER = "wasl.handler"
    ATTEMPT = "wasl.attempt"
    OUTCOME = "wasl.outcome"
    FAMILY = "wasl.zid.family"
    OPERATION = "wasl.zid.operation"


_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_SAMPLED: Final = 1


def read_traceparent(text: str | None) -> str | None:
    """The text where it is a traceparent of version 00 (W3C Trace Context, section 3.2), else None."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None


def write_traceparent(trace_id: int, span_id: int, *, sampled: bool) -> str:
    """What `read_traceparent` takes."""
    return f"00-{trace_id:032x}-{span_id:016x}-{int(sampled):02x}"


def ids_of(traceparent: str) -> tuple[int, int]:
    """The trace's id and the span's."""
    _, trace_id, span_id, _ = traceparent.split("-")
    return int(trace_id, 16), int(span_id, 16)


def trace_id_of(traceparent: str) -> str:
    """The trace's id as people search for it."""
    return traceparent.split("-")[1]


def is_sampled(traceparent: str | None) -> bool:
    """Whether spans below it are kept by whoever collects them."""
    return traceparent is not None and bool(int(traceparent[-2:], 16) & _SAMPLED)
