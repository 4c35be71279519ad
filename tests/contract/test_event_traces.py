"""An event remembers the trace in which it came: through the ledger, to what is derived from it, to its runs."""

from dataclasses import replace

import msgspec
import pytest

from adapters.formats.delivery_record import read, write
from adapters.memory.tracing import RecordingTracer
from adapters.system import SystemClock
from adapters.tracing.inbox import TracedInbox
from adapters.tracing.ledger import TracedLedger
from core.domain.events import BatchResult, ClaimedEvent, DerivedEvent, Receipt, SettledEvent
from core.domain.tracing import Attribute, SpanName, ids_of
from core.ids import EventId
from tests.contract.scenes import claimed, delivery, install, order
from tests.contract.worlds import STORE, LedgerWorld

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = TRACE[:-2] + "00"


async def arrived(world: LedgerWorld, trace: str | None) -> EventId:
    given = replace(delivery(world, await install(world), order(1)), trace=trace)
    assert await world.inbox.accept(given) is Receipt.ACCEPTED
    return given.event_id


async def claimed_once(world: LedgerWorld, event_id: EventId) -> ClaimedEvent:
    async with world.events.open_batch([event_id], limit=1) as batch:
        [event] = batch.events
    return event


async def test_it_is_told_to_whoever_claims_the_event(world: LedgerWorld) -> None:
    assert (await claimed_once(world, await arrived(world, TRACE))).trace == TRACE


async def test_an_event_of_nobody_who_traces_has_none(world: LedgerWorld) -> None:
    assert (await claimed_once(world, await arrived(world, None))).trace is None


async def test_what_is_derived_goes_on_with_it_and_so_does_every_run(world: LedgerWorld) -> None:
    event_id, derived_id = await arrived(world, TRACE), world.ids.event_id()
    async with world.events.open_batch([event_id], limit=1) as batch:
        derived = DerivedEvent(derived_id, batch.events[0], "payment.paid", order(1), {}, ("courier",))
        runs = await batch.commit(BatchResult([SettledEvent(event_id, ("till",))], derived=[derived]))
    worker = await world.workers.join("consumer")
    assert [run.event.trace for run in await claimed(world, worker, *runs)] == [TRACE, TRACE]


async def test_a_traced_inbox_times_the_commit_and_puts_the_trace_into_the_event(world: LedgerWorld) -> None:
    tracer = RecordingTracer()
    given = delivery(world, await install(world), order(1))
    with tracer.span(SpanName.REQUEST):
        assert await TracedInbox(world.inbox, tracer).accept(given) is Receipt.ACCEPTED
    commit, request = tracer.ended
    assert (commit.name, commit.parent) == (SpanName.COMMIT, request.span_id)
    assert commit.attributes == {
        Attribute.EVENT_ID: str(given.event_id), Attribute.STORE_ID: STORE, Attribute.OUTCOME: "accepted",
    }  # fmt: skip
    assert (await claimed_once(world, given.event_id)).trace == commit.traceparent


async def test_a_traced_ledger_times_each_sampled_event_of_a_batch(world: LedgerWorld) -> None:
    tracer = RecordingTracer()
    ledger = TracedLedger(world.events, tracer, SystemClock())
    event_id = await arrived(world, TRACE)
    async with ledger.open_batch([event_id], limit=1) as batch:
        await batch.commit(BatchResult([SettledEvent(event_id)]))
    [span] = tracer.ended
    assert (span.name, span.trace_id, span.parent) == (SpanName.MIRROR, *ids_of(TRACE))
    assert span.attributes[Attribute.EVENT_ID] == str(event_id)
    assert span.seconds is not None


async def test_a_batch_that_fails_says_so_and_an_unsampled_event_says_nothing(world: LedgerWorld) -> None:
    for trace, failures in ((UNSAMPLED, []), (TRACE, ["LookupError"])):
        tracer = RecordingTracer()
        ledger = TracedLedger(world.events, tracer, SystemClock())
        event_id = await arrived(world, trace)
        with pytest.raises(LookupError):
            async with ledger.open_batch([event_id], limit=1):
                raise LookupError
        assert [span.attributes[Attribute.ERROR] for span in tracer.ended] == failures


async def test_the_spool_keeps_it_and_reads_what_a_release_without_it_wrote(world: LedgerWorld) -> None:
    given = replace(delivery(world, await install(world), order(1)), trace=TRACE)
    assert read(write(given)) == given
    without = msgspec.msgpack.encode(msgspec.msgpack.decode(write(given))[:-1])
    assert read(without) == replace(given, trace=None)
