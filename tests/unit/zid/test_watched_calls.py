"""Requests to Zid as operators see them: named when they are slow, timed as spans, and never by their content."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from adapters.memory.metrics import RecordingMetrics
from adapters.memory.system import ManualClock
from adapters.memory.tracing import RecordingTracer
from adapters.zid.measured import MeasuredWire
from adapters.zid.traced import TracedWire
from adapters.zid.wire import Request, Wire
from core.domain.exchange import Answer, AnswerLost, NotSent, Sent
from core.domain.tracing import Attribute, SpanName
from core.errors import RateLimited
from core.ids import StoreId

CANARY = "canary"
REQUEST = Request(
    "GET",
    f"https://api.example/{CANARY}",
    "orders",
    "GetOrder",
    StoreId(7),
    query={"q": CANARY},
    headers={"Authorization": CANARY},
    body=CANARY.encode(),
)


class Zid(Wire):
    """Answers after so many seconds."""

    def __init__(self, clock: ManualClock, sent: Sent | Exception, seconds: float = 0.0) -> None:
        self._clock, self._sent, self._seconds = clock, sent, seconds

    async def send(self, request: Request) -> Sent:
        self._clock.advance(self._seconds)
        if isinstance(self._sent, Exception):
            raise self._sent
        return self._sent


OK = Answer(200, CANARY.encode())


@pytest.mark.parametrize(("slow", "seconds", "told"), [(2.0, 2.0, True), (2.0, 1.9, False), (0.0, 60.0, False)])
async def test_a_slow_call_is_named_in_the_log(slow: float, seconds: float, *, told: bool) -> None:
    clock = ManualClock()
    wire = MeasuredWire(Zid(clock, OK, seconds), RecordingMetrics(), clock, slow=slow)
    with capture_logs() as lines:
        assert await wire.send(REQUEST) == OK
    wanted = {"event": "slow_call", "log_level": "warning", "family": "orders", "operation": "GetOrder"}
    wanted |= {"status": "200", "store_id": 7, "seconds": seconds}
    assert lines == ([wanted] if told else [])


@pytest.mark.parametrize(
    ("sent", "noted", "failed"),
    [
        (OK, {Attribute.OUTCOME: "good", Attribute.STATUS: 200}, False),
        (Answer(404, b""), {Attribute.STATUS: 404}, False),
        (Answer(503, b""), {Attribute.STATUS: 503}, True),
        (AnswerLost(CANARY), {}, True),
        (NotSent(CANARY), {}, True),
    ],
)
async def test_a_call_is_a_span_that_tells_what_was_asked_and_how_it_ended(
    sent: Sent, noted: dict[Attribute, str | int], *, failed: bool
) -> None:
    tracer = RecordingTracer()
    await TracedWire(Zid(ManualClock(), sent), tracer).send(REQUEST)
    [span] = tracer.ended
    asked = {
        Attribute.METHOD: "GET",
        Attribute.FAMILY: "orders",
        Attribute.OPERATION: "GetOrder",
        Attribute.STORE_ID: 7,
    }
    assert span.name is SpanName.ZID
    assert span.attributes.items() >= {**asked, **noted}.items()
    assert span.failed is failed
    assert CANARY not in repr(span)


async def test_a_call_of_no_store_says_so_by_saying_nothing_and_a_refusal_passes() -> None:
    tracer = RecordingTracer()
    await TracedWire(Zid(ManualClock(), OK), tracer).send(replace(REQUEST, store_id=None))
    with pytest.raises(RateLimited):
        await TracedWire(Zid(ManualClock(), RateLimited(CANARY, 1.0)), tracer).send(REQUEST)
    first, second = tracer.ended
    assert Attribute.STORE_ID not in first.attributes
    assert second.attributes[Attribute.ERROR] == "RateLimited"
