"""Alerts to a configured address: signed, once, again after a failure; and never into our own network."""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.memory.metrics import RecordingMetrics
from adapters.memory.system import ManualClock, SeededChance
from adapters.outbound.alert_webhook import LONGEST_REST, AlertWebhook
from adapters.outbound.session import Outbound, only_public
from adapters.process.alert_log import AlertLog
from config.settings import load_settings
from core.domain.alerts import Alert, AlertKind, Change, KnownAlert, News
from core.domain.secret import Secret
from core.errors import SettingInvalid, TryLater, Unavailable
from core.ids import StoreId
from tests.unit.config.test_settings import PRODUCTION

KEY = b"k" * 32
SECRET = Secret("whsec_" + b64encode(KEY).decode())
RAISED_AT = datetime(2026, 1, 1, 10, tzinfo=UTC)


def news(number: int = 7, change: Change = Change.RAISED) -> News:
    alert = Alert(AlertKind.NEEDS_REAUTHORIZATION, "1001", "invalid_grant", StoreId(1001))
    return News(KnownAlert(number, alert, RAISED_AT, RAISED_AT if change is Change.HEALED else None), change)


@dataclass
class Receiver:
    """Somebody's server. `answers` are given one after the other, 204 in the end."""

    url: str = ""
    answers: list[web.Response] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return self.answers.pop(0) if self.answers else web.Response(status=204)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


@dataclass
class Telling:
    """A channel to the receiver, and what it is measured by."""

    channel: AlertWebhook
    clock: ManualClock
    metrics: RecordingMetrics


def telling(url: str, secret: Secret | None = SECRET, outbound: Outbound | None = None) -> Telling:
    clock, metrics = ManualClock(), RecordingMetrics()
    out = outbound or Outbound(public=False)
    return Telling(AlertWebhook(out, url, secret, metrics, clock, SeededChance()), clock, metrics)


async def test_what_is_told_is_signed_as_the_standard_says(receiver: Receiver) -> None:
    told = telling(receiver.url)
    await told.channel.tell(news())

    [(headers, body)] = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == "v1," + b64encode(hmac.digest(KEY, signed, sha256)).decode()
    assert int(headers["webhook-timestamp"]) == int(told.clock.now().timestamp())
    assert json.loads(body) == {
        "type": "alert.raised",
        "timestamp": "2026-01-01T10:00:00+00:00",
        "data": {
            "alert_id": 7,
            "alert": "needs_reauthorization",
            "subject": "1001",
            "store_id": 1001,
            "reason": "invalid_grant",
            "raised_at": "2026-01-01T10:00:00+00:00",
            "healed_at": None,
        },
    }
    assert told.metrics.counted("alert_webhooks_total", outcome="sent") == 1


async def test_raising_and_healing_are_two_messages_and_a_repetition_is_known_by_its_id(receiver: Receiver) -> None:
    told = telling(receiver.url, None)
    for one in (news(), news(), news(change=Change.HEALED), news(8)):
        await told.channel.tell(one)

    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids == ["alert_7_raised", "alert_7_raised", "alert_7_healed", "alert_8_raised"]
    assert not any("webhook-signature" in headers for headers, _ in receiver.got)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 410, 429, 500, 503])
async def test_what_was_not_taken_is_told_again_after_a_rest(receiver: Receiver, status: int) -> None:
    told = telling(receiver.url)
    receiver.answers = [web.Response(status=status, headers={"Location": receiver.url + "/elsewhere"})]
    with pytest.raises(TryLater) as failed:
        await told.channel.tell(news())
    with pytest.raises(TryLater):
        await told.channel.tell(news())
    assert len(receiver.got) == 1, "left alone meanwhile, and no redirect followed"

    told.clock.advance(failed.value.retry_after)
    await told.channel.tell(news())
    assert len(receiver.got) == 2


async def test_the_rest_grows_and_has_an_end(receiver: Receiver) -> None:
    told = telling(receiver.url)
    receiver.answers = [web.Response(status=500) for _ in range(20)]
    rests = []
    for _ in range(20):
        with pytest.raises(TryLater) as failed:
            await told.channel.tell(news())
        rests.append(failed.value.retry_after)
        told.clock.advance(failed.value.retry_after)
    assert rests[0] <= 5
    assert max(rests) <= LONGEST_REST
    assert min(rests[8:]) >= LONGEST_REST / 2


async def test_a_server_that_does_not_answer_holds_nobody_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(TryLater):
            await telling(url, outbound=Outbound(public=False, seconds=0.2)).channel.tell(news())


class Endless:
    """Somebody's server that answers 200 and goes on sending. `sent` is what it got rid of before it was hung up on."""

    def __init__(self) -> None:
        self.url = ""
        self.sent = 0
        self.hung_up = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIECE)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * PIECE)
                await writer.drain()
                self.sent += PIECE
        except ConnectionError:
            self.hung_up.set()
        finally:
            writer.close()


PIECE = 65_536
IN_BETWEEN = 4 * 1024 * 1024
"""Bytes: more than two machines' buffers hold while nobody reads."""


@pytest.fixture
async def endless() -> AsyncIterator[Endless]:
    endless = Endless()
    async with await asyncio.start_server(endless.answer, "127.0.0.1", 0) as server:
        endless.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        yield endless


async def test_an_answer_without_end_is_not_read(endless: Endless) -> None:
    told = telling(endless.url, outbound=Outbound(public=False, seconds=60))
    await told.channel.tell(news())
    async with asyncio.timeout(60):
        await endless.hung_up.wait()
    assert endless.sent < IN_BETWEEN
    assert told.metrics.counted("alert_webhooks_total", outcome="sent") == 1


# --- nowhere inwards -----------------------------------------------------------------------


class Names(AbstractResolver):
    """Says what the test wants, as a name server in somebody else's hands does; each time the next answer."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [{"hostname": host, "host": address, "port": port, "family": kind, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        return


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"])
async def test_a_public_name_that_resolves_inwards_is_not_asked(receiver: Receiver, address: str) -> None:
    port = receiver.url.split(":")[2].partition("/")[0]
    names = Names(address)
    with pytest.raises(Unavailable):
        await Outbound(public=True, resolver=names).post(f"http://hooks.example.com:{port}/", b"{}", {})
    assert names.asked == 1
    assert receiver.got == []


async def test_a_name_that_changes_its_mind_gains_nothing(receiver: Receiver) -> None:
    """What was looked at before does not count: each connection's own address does, and a name is asked once for it."""
    port = receiver.url.split(":")[2].partition("/")[0]
    names = Names("127.0.0.1", "93.184.215.14")
    with pytest.raises(Unavailable):
        await Outbound(public=True, resolver=names).post(f"http://hooks.example.com:{port}/", b"{}", {})
    assert names.asked == 1
    assert receiver.got == []


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "localhost"])
async def test_no_way_to_write_this_machine_is_asked(receiver: Receiver, host: str) -> None:
    port = receiver.url.split(":")[2].partition("/")[0]
    with pytest.raises(Unavailable):
        await Outbound(public=True).post(f"http://{host}:{port}/", b"{}", {})
    assert receiver.got == []


def test_a_socket_for_the_public_internet_is_a_socket() -> None:
    made = only_public((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("93.184.215.14", 443)))
    assert made.family == socket.AF_INET
    made.close()


async def test_proxies_of_the_environment_are_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", receiver.url)
    monkeypatch.setenv("HTTPS_PROXY", receiver.url)
    with pytest.raises(Unavailable):
        await Outbound(public=True, resolver=Names("127.0.0.1")).post("http://hooks.example.com:9/", b"{}", {})
    assert receiver.got == []


# --- settings ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com/", "https://127.0.0.1/", "https://169.254.169.254/", "https://hooks.internal/"]
)
def test_production_does_not_start_with_an_alert_webhook_that_leads_inwards(url: str) -> None:
    with pytest.raises(SettingInvalid, match="ALERT_WEBHOOK_URL"):
        load_settings({**PRODUCTION, "ALERT_WEBHOOK_URL": url, "ALERT_WEBHOOK_SECRET": SECRET.reveal()})


@pytest.mark.parametrize("secret", ["", "secret", "whsec_", "whsec_!!!", "whsec_c2hvcnQ="])
def test_production_wants_it_signed(secret: str) -> None:
    with pytest.raises(SettingInvalid, match="ALERT_WEBHOOK_SECRET"):
        load_settings({**PRODUCTION, "ALERT_WEBHOOK_URL": "https://hooks.example.com/", "ALERT_WEBHOOK_SECRET": secret})


def test_with_both_it_starts() -> None:
    given = {**PRODUCTION, "ALERT_WEBHOOK_URL": "https://hooks.example.com/", "ALERT_WEBHOOK_SECRET": SECRET.reveal()}
    assert load_settings(given).alert_webhook_url
    assert b64decode(SECRET.reveal().removeprefix("whsec_")) == KEY


async def test_the_log_says_a_change_once_however_often_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    log = AlertLog()
    for one in (news(), news(), news(change=Change.HEALED), news()):
        await log.tell(one)
    shown = capsys.readouterr().out
    assert (shown.count("alert_raised"), shown.count("alert_healed")) == (1, 1)
