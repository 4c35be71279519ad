"""What is sent to Zid, and the one question every layer of sending answers.

A layer (measuring, and whatever shapes traffic) is a Wire around a Wire.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.domain.exchange import Sent
from core.ids import StoreId


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `family`, `operation` and `store_id` label it and are not sent.

    `fresh` asks for a connection of its own: a kept-alive one may have been closed by
    Zid unseen, and nobody could tell whether the request was taken. `until` is the moment,
    on the monotonic clock, at which its sender stops waiting.
    """

    method: str
    url: str
    family: str
    operation: str
    store_id: StoreId | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    fresh: bool = False
    until: float | None = None


class Wire(Protocol):
    """Sends requests to Zid."""

    @abstractmethod
    async def send(self, request: Request) -> Sent:
        """Sends it at most once and reads the whole answer; never raises for what the network does.

        A layer that shapes traffic may refuse before anything is sent: RateLimited, Unavailable.
        """
