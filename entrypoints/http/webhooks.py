"""`/webhooks/zid/{install_token}/{topic}`: what is genuine is answered 200, or 429 when it cannot be kept.

Zid counts every other answer as a failure: 10 in an hour degrade the webhook, 30 break
it and discard what is pending; 429 does not count (docs.zid.sa "webhook-health-tracking").
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from structlog import get_logger
from structlog.contextvars import bind_contextvars

from core.domain.admission import LoopLag, StandingQueue
from core.domain.event_states import EventState
from core.domain.topics import is_known
from core.errors import TryLater
from core.features.ingest_webhook import IncomingWebhook, NotOurs, Received, WrongCredentials
from core.ports.metrics import Metrics
from entrypoints.http.bodies import Slow, read_up_to
from entrypoints.http.problems import KINDS, Problem, respond
from entrypoints.http.routing import Access, Route
from entrypoints.http.services import SERVICES, HttpServices
from entrypoints.http.tracing import REQUEST_ID

log = get_logger()

AT_ONCE: Final = 1024
"""Deliveries being taken in at the same time; more are asked to come again."""
FEW: Final = 128
"""So many while more come than go, enough to fill most of a commit: more are not done sooner, they only wait longer."""
LONG: Final = 400
"""Two full commits' worth: what never gets shorter than that waits because more come than go."""
HELD_SECONDS: Final = 1.0
"""Who is turned away hears it about so much later: one that asks again at once takes the time of those let in."""
SPREAD: Final = 32
"""Of so many in a row each hears it at another time, from half to one and a half of that."""
BODY_SECONDS: Final = 25.0
"""Zid's own time-out is said to be 30 s (U7)."""
RETRY_AFTER: Final = 5.0
TOPIC_LENGTH: Final = 200
_OTHER: Final = "other"
_CHALLENGE: Final = {"WWW-Authenticate": 'Basic realm="wasl"'}


LOOK_EVERY: Final = 0.1
TELL_EVERY: Final = 1.0


@dataclass(slots=True)
class Intake:
    """How many deliveries are being taken in by this process, and how late its event loop is."""

    present: int = 0
    held: int = 0
    turn: int = 0
    queue: StandingQueue = field(default_factory=lambda: StandingQueue(long=LONG))
    lag: LoopLag = field(default_factory=lambda: LoopLag(every=LOOK_EVERY))
    told_at: float = float("-inf")
    untold: int = 0

    @property
    def has_room(self) -> bool:
        """Whether one who comes now is answered in time. What waits for the database is judged there."""
        return self.present < (FEW if self.queue.stands else AT_ONCE) and self.lag.has_room()

    def look(self, now: float) -> float:
        """How late the event loop is; called by it every `LOOK_EVERY` seconds."""
        self.queue.look(self.present)
        return self.lag.look(now)

    def leave(self) -> None:
        self.present -= 1
        self.queue.shorter(self.present)

    async def hold_back(self) -> None:
        """A pause for one who is turned away. How many are held is bounded by the connections there may be."""
        self.queue.turned_away()
        self.held += 1
        self.turn = (self.turn + 1) % SPREAD
        try:
            await asyncio.sleep(HELD_SECONDS * (0.5 + self.turn / SPREAD))
        finally:
            self.held -= 1

    def tell_put_off(self, now: float, outcome: str, topic: str, reason: str | None) -> None:
        """One line a second, with how many more there were: who is overloaded does not write thousands."""
        if now - self.told_at < TELL_EVERY:
            self.untold += 1
            return
        log.warning("webhook_put_off", outcome=outcome, topic=topic, reason=reason, more=self.untold)
        self.told_at, self.untold = now, 0


INTAKE: Final = web.AppKey("intake", Intake)


async def watch_lag(app: web.Application) -> AsyncIterator[None]:
    """While the application runs its event loop is asked how late it is."""
    watching = asyncio.create_task(_look(app[INTAKE], app[SERVICES].metrics), name="loop lag")
    yield
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


async def _look(intake: Intake, metrics: Metrics) -> None:
    loop = asyncio.get_running_loop()
    while True:
        metrics.set("webhook_queue_seconds", intake.look(loop.time()), queue="loop")
        await asyncio.sleep(intake.lag.every)


async def greet(_: web.Request) -> web.Response:
    """Zid may ask whether somebody is there when a webhook is registered (U35)."""
    return web.Response()


async def receive(request: web.Request) -> web.Response:
    services, intake = request.app[SERVICES], request.app[INTAKE]
    started = services.clock.monotonic()
    topic = _storable(request.match_info["topic"])
    if not intake.has_room:
        await intake.hold_back()
        return _come_again(request, topic, "overloaded", RETRY_AFTER)
    intake.present += 1
    try:
        response = await _take_in(request, services, topic)
    except (Slow, ConnectionError, web.RequestPayloadError):
        return _come_again(request, topic, "body_incomplete", RETRY_AFTER)
    except TryLater as error:
        return _come_again(request, topic, "unavailable", max(error.retry_after, RETRY_AFTER), reason=str(error))
    except Exception:  # whatever is wrong with us, a genuine delivery must not count as failed at Zid
        log.exception("webhook_failed", topic=topic)
        return _come_again(request, topic, "failed", RETRY_AFTER)
    finally:
        intake.leave()
    services.metrics.observe("webhook_ack_seconds", services.clock.monotonic() - started)
    return response


async def _take_in(request: web.Request, services: HttpServices, topic: str) -> web.Response:
    """The body is read only where the request is genuine: nobody else may fill the memory."""
    install_token, authorization = request.match_info["install_token"], _header(request)
    whose = services.ingest.recognise(install_token, authorization)
    if isinstance(whose, NotOurs | WrongCredentials):
        return _refuse(request, topic, whose)
    body = await read_up_to(request.content, services.settings.webhook_max_bytes, seconds=BODY_SECONDS)
    received = await services.ingest.receive(
        IncomingWebhook(install_token, topic, authorization, body.content, body.oversize)
    )
    if not isinstance(received, Received):
        return _refuse(request, topic, received)
    bind_contextvars(event_id=str(received.event_id), store_id=received.store_id)
    outcome = received.receipt.value if received.state is not EventState.DEAD else EventState.DEAD.value
    _count(request, topic, outcome)
    if received.state is EventState.DEAD:
        log.warning("webhook_dead_on_arrival", topic=topic, store_id=received.store_id, reason=received.reason)
    return web.Response()


def _header(request: web.Request) -> str | None:
    """The Authorization header, or None where it is absent, repeated or not ASCII."""
    given = request.headers.getall("Authorization", [])
    return given[0] if len(given) == 1 and given[0].isascii() else None


def _storable(topic: str) -> str:
    """A topic of any content as text that the database can hold."""
    return topic.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:TOPIC_LENGTH]


def _refuse(request: web.Request, topic: str, why: NotOurs | WrongCredentials) -> web.Response:
    match why:
        case NotOurs():
            outcome, kind, detail, store_id = "not_ours", KINDS["not-found"], "no install has this address", None
        case WrongCredentials(store_id):
            outcome, kind, detail = "wrong_credentials", KINDS["wrong-credentials"], ""
    _count(request, topic, outcome)
    request.app[SERVICES].rejected.note(outcome, topic, store_id, request.content_length)
    log.warning("webhook_refused", outcome=outcome, topic=topic if is_known(topic) else _OTHER, store_id=store_id)
    headers = _CHALLENGE if kind.status == 401 else {}
    return _unread(request, respond(Problem(kind, detail or kind.meaning, headers=headers), request[REQUEST_ID]))


def _come_again(
    request: web.Request, topic: str, outcome: str, seconds: float, *, reason: str | None = None
) -> web.Response:
    _count(request, topic, outcome)
    cause = f"answered 429: {outcome.replace('_', ' ')}"
    services = request.app[SERVICES]
    known = topic if is_known(topic) else _OTHER
    request.app[INTAKE].tell_put_off(services.clock.monotonic(), outcome, known, reason)
    store_id = services.ingest.turn_away(request.match_info["install_token"], topic, _header(request), cause)
    services.rejected.note(outcome, topic, store_id, request.content_length)
    kind = KINDS["overloaded"]
    return _unread(request, respond(Problem(kind, kind.meaning, retry_after=seconds), request[REQUEST_ID]))


def _unread(request: web.Request, response: web.Response) -> web.Response:
    """What is left of the body is not read: the connection ends with this answer."""
    if not request.content.is_eof():
        response.force_close()
    return response


def _count(request: web.Request, topic: str, outcome: str) -> None:
    name = topic if is_known(topic) else _OTHER
    request.app[SERVICES].metrics.count("webhooks_received_total", topic=name, outcome=outcome)


PATH: Final = "/webhooks/zid/{install_token}/{topic}"
ROUTES = (
    Route("POST", PATH, receive, access=Access.OWN, quiet=True),
    Route("GET", PATH, greet, quiet=True),
)
