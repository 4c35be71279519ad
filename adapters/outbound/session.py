"""The client for addresses that people have configured.

What is checked is the address of the very connection that is made, after the name was resolved and in place of it: a
name that resolves to something public when it is looked at and to something private when it is asked gains nothing.
Redirects are not followed, proxies of the environment and cookies not used, and bodies not read.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final

import aiohttp
from aiohttp.connector import AddrInfoType
from structlog import get_logger

from adapters.outbound.addresses import is_public
from core.errors import Unavailable

log = get_logger()

SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 5.0
_AGENT: Final = "wasl"


def only_public(found: AddrInfoType) -> socket.socket:
    """A socket for an address of the public internet. Raises OSError for every other."""
    family, kind, protocol, _, address = found
    if not is_public(ip_address(str(address[0]).partition("%")[0])):
        log.warning("outbound_address_refused")
        raise OSError(errno.EACCES, "the name leads into a private network")
    return socket.socket(family=family, type=kind, proto=protocol)


class Outbound:
    """Posts to, or looks at, one configured address at a time. `public`: nowhere but the public internet."""

    def __init__(
        self, *, public: bool, seconds: float = SECONDS, resolver: aiohttp.abc.AbstractResolver | None = None
    ) -> None:
        self._public = public
        self._seconds = seconds
        self._resolver = resolver

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status that it was answered with. Raises Unavailable where there was no answer."""
        try:
            async with self._session() as session:
                sending = session.post(url, data=body, headers=headers, allow_redirects=False)
                async with sending as answer:
                    status = answer.status
                    answer.close()
                    return status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable("the configured address", type(error).__name__) from error

    async def look(self, url: str) -> tuple[int, Mapping[str, str]]:
        """The status and the headers of a GET. Raises Unavailable, from what happened, where there was no answer."""
        try:
            async with self._session() as session, session.get(url, allow_redirects=False) as answer:
                answer.close()
                return answer.status, answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable("the configured address", type(error).__name__) from error

    def _session(self) -> aiohttp.ClientSession:
        """One for each message: there are few, and none is kept open to somebody else's server."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                force_close=True,
                use_dns_cache=False,
                resolver=self._resolver,
                socket_factory=only_public if self._public else None,
            ),
            timeout=aiohttp.ClientTimeout(total=self._seconds, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": _AGENT},
            trust_env=False,
            max_line_size=8190,
            max_field_size=8190,
        )
