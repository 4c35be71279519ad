"""Bytes that are no request: refused before any route, without repeating what they held."""

import asyncio

import pytest

from tests.integration.routes.serving import served
from tests.integration.routes.world import ADMIN_KEY, World

LONG = b"a" * 20_000


async def exchange(port: int, sent: bytes) -> bytes:
    """Everything that comes back before the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + LONG + b"\r\n\r\n",
        b"GET /" + LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer " + ADMIN_KEY.encode() + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00 a TLS greeting\r\n\r\n",
        b"no request at all\r\n\r\n",
    ],
)
async def test_malformed_requests_are_400_and_their_content_is_not_logged(
    sent: bytes, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with served(World().app()) as port:
        assert (await exchange(port, sent)).startswith(b"HTTP/1.0 400 ")

    shown = capsys.readouterr().out + caplog.text
    assert ADMIN_KEY not in shown
    assert "aaaa" not in shown
    assert "Traceback" not in shown


async def test_the_answers_do_not_name_the_software_behind_them() -> None:
    async with served(World().app()) as port:
        answer = await exchange(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert b"Server: wasl\r\n" in answer
    assert b"aiohttp" not in answer
