"""A look at a configured address: does it answer, who answers, and what time is it there."""

from __future__ import annotations

import errno
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from adapters.outbound.session import Outbound
from core.domain.diagnosis.offsets import ClockOffset
from core.errors import Unavailable
from core.ports.examination import Outside, Reply
from core.ports.system import Clock

_HALF_A_SECOND: Final = 0.5
"""A `Date` has whole seconds, rounded down."""
_OURS: Final = "X-Request-Id"


class Asking(Outside):
    """Through the guarded client: in production nowhere but the public internet."""

    def __init__(self, outbound: Outbound, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock

    async def ask(self, url: str) -> Reply:
        asked, started = self._clock.now(), self._clock.monotonic()
        try:
            status, headers = await self._outbound.look(url)
        except Unavailable as problem:
            raise Unavailable(url, _why(problem.__cause__)) from problem
        half = (self._clock.monotonic() - started) / 2
        offset = None
        if theirs := _date(headers.get("Date", "")):
            seconds = theirs - asked.timestamp() + _HALF_A_SECOND - half
            offset = ClockOffset(seconds, half + _HALF_A_SECOND)
        return Reply(status, offset, _OURS in headers)


def _date(text: str) -> float | None:
    """Seconds since 1970; None for what is no date."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _why(error: BaseException | None) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return "its certificate does not hold"
        case aiohttp.ClientConnectorError(os_error=cause) if cause.errno == errno.EACCES:
            return "its name leads into a private network"
        case aiohttp.ClientConnectorError(os_error=cause) if cause.strerror:
            return cause.strerror
        case TimeoutError():
            return "nothing came in time"
        case _:
            return type(error).__name__
