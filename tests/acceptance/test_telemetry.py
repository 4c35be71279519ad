"""Real processes, watched as an operator watches them: one trace from webhook to Zid, all numbers, ids in every log."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import psutil
import pytest

from adapters.prometheus.catalogue import CATALOGUE, PREFIX, Kind
from adapters.prometheus.metrics import CONTENT_TYPE, OPENMETRICS_TYPE
from core.domain.tracing import Attribute, SpanName
from tests.acceptance.story import Service, send
from tests.acceptance.wasl_up import running
from tests.eventually import eventually
from tests.integration.telemetry.receivers import ReceivedSpan, Receiver, receiving

CALLERS = "4bf92f3577b34da6a3ce929d0e0e4736"
"""A trace that a program of the app's began."""
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}

EVERYWHERE = [
    *("http_requests_total", "http_request_seconds", "event_loop_lag_seconds"),
    *("database_connections", "database_connections_limit", "build_info"),
]
ALWAYS = {
    "http": "webhooks_received_total webhook_ack_seconds spool_depth webhook_queue_seconds http_connections "
    "zid_requests_total zid_request_seconds rate_wait_seconds token_refresh_total breaker_state",
    "consumer": "event_handle_seconds event_end_to_end_seconds zid_requests_total zid_request_seconds "
    "rate_wait_seconds breaker_state",
    "scheduler": "events event_age_seconds dead_letters dead_letters_last_hour dead_letters_alarm_seconds "
    "ledger_imbalance queue_depth stores tokens_expiring refreshes_due refresh_lag_seconds refreshes_in_doubt "
    "alerts open_gaps audit_entries_total audit_altered quarantined_stores webhook_health",
}
"""By the processes' titles: what has samples after an install, deliveries, handlers, a renewal and some seconds."""


@dataclass
class Watched:
    service: Service
    collector: Receiver
    store_id: int

    def spans(self, *names: SpanName, process: str = "") -> list[ReceivedSpan]:
        return [
            span for span in self.collector.spans() if span.name in names and span.process == (process or span.process)
        ]

    def ports(self, title: str) -> list[int]:
        processes = self.service.up.part(f"wasl {title}")
        return sorted({port for process in processes for port in listens_on(process)})

    def numbers(self, title: str, **headers: str) -> str:
        return "\n".join(_asked(port, headers) for port in self.ports(title))

    def becomes(self, condition: Callable[[], bool]) -> bool:
        """Numbers live in a process; one that a slow machine's watchdog replaced has to meet something first."""
        for _ in range(6):
            if eventually(condition, seconds=20):
                return True
            self.act()
        return condition()

    def act(self) -> None:
        self.service.sandbox.trigger(self.store_id, "order.create", 1)
        self.service.call("POST", f"/auth/refresh/{self.store_id}")

    def lines(self, *words: str) -> list[dict[str, object]]:
        logs = [log.read_text(errors="replace") for log in (self.service.data_dir / "logs").iterdir()]
        found = (line for log in logs for line in log.splitlines() if all(word in line for word in words))
        return [json.loads(line) for line in found if line.startswith("{")]


def _asked(port: int, headers: Mapping[str, str]) -> str:
    try:
        return send("GET", f"http://127.0.0.1:{port}/metrics", headers=headers).text
    except OSError:
        return ""


def listens_on(process: psutil.Process) -> list[int]:
    try:
        found = process.net_connections(kind="tcp")
    except psutil.Error:
        return []
    return [one.laddr.port for one in found if one.status == psutil.CONN_LISTEN]


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with (
        receiving() as collector,
        running(
            LOG_LEVEL="DEBUG",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_TRACES_SAMPLER_ARG="1",
            WASL_HANDLERS="tests.acceptance.apps.traced",
        ) as up,
    ):
        service = Service(up)
        [store_id] = service.quiet_stores(1)
        service.sandbox.trigger(store_id, "order.create", 3)
        service.sandbox.trigger(store_id, "category.create", 1)
        assert service.has_settled(store_id, received=4, seconds=120), service.books(store_id)
        assert service.call("POST", f"/auth/refresh/{store_id}").status == 200
        yield Watched(service, collector, store_id)


def test_one_trace_shows_a_webhook_from_its_arrival_to_its_handlers_call_of_zid(watched: Watched) -> None:
    """Each process sends its spans when it likes."""

    def traces() -> list[list[ReceivedSpan]]:
        spans = watched.collector.spans()
        ids = {span.trace_id for span in spans if span.attributes.get(Attribute.OPERATION) == "GetOrder"}
        return [[span for span in spans if span.trace_id == trace_id] for trace_id in ids]

    def whole() -> list[list[ReceivedSpan]]:
        return [trace for trace in traces() if {span.name for span in trace} == set(SpanName)]

    assert eventually(lambda: len(whole()) >= 3, seconds=60), watched.collector.spans()
    trace = whole()[0]
    by_id = {span.span_id: span for span in trace}
    call = next(span for span in trace if span.name == SpanName.ZID)
    handle = by_id[call.parent]
    commit = by_id[handle.parent]
    request = by_id[commit.parent]
    assert [span.name for span in (request, commit, handle)] == [SpanName.REQUEST, SpanName.COMMIT, SpanName.HANDLE]
    assert [span.process for span in (request, commit, handle, call)] == ["http", "http", "consumer", "consumer"]
    mirrored = next(span for span in trace if span.name == SpanName.MIRROR)
    assert (mirrored.parent, mirrored.process) == (commit.span_id, "consumer")
    assert request.attributes[Attribute.ROUTE] == "/webhooks/zid/{install_token}/{topic}"
    assert commit.attributes[Attribute.EVENT_ID] == handle.attributes[Attribute.EVENT_ID]
    assert handle.attributes[Attribute.STORE_ID] == call.attributes[Attribute.STORE_ID] == watched.store_id
    assert handle.attributes[Attribute.OUTCOME] == "done"


def test_a_handler_that_fails_says_so_by_its_class(watched: Watched) -> None:
    def failed() -> list[ReceivedSpan]:
        return [span for span in watched.spans(SpanName.HANDLE) if span.failed]

    assert eventually(lambda: len(failed()) == 1, seconds=60)
    assert failed()[0].attributes[Attribute.ERROR] == "LookupError"
    assert b"nothing like" not in watched.collector.everything()


def test_spans_carry_what_is_on_the_list_and_nothing_else(watched: Watched) -> None:
    spans = watched.collector.spans()
    assert {span.name for span in spans} <= set(SpanName)
    assert {name for span in spans for name in span.attributes} <= set(Attribute)


@pytest.mark.parametrize(
    ("path", "header", "goes_on"),
    [("/v1/stores", "Bearer {}", True), ("/health/live", "Bearer {}", False), ("/v1/stores", "Bearer other", False)],
)
def test_a_program_of_the_apps_goes_on_with_its_own_trace(
    watched: Watched, path: str, header: str, *, goes_on: bool
) -> None:
    """Nobody else does: a stranger could have us keep everything."""
    given = f"{CALLERS[:-1]}{len(path) % 10}"
    headers = {"traceparent": f"00-{given}-00f067aa0ba902b7-01", "X-Request-Id": f"trace-test-{path}-{goes_on}"}
    send(
        "GET",
        watched.service.up.url + path,
        headers={**headers, "Authorization": header.format(watched.service.up.admin_key)},
    )

    def of_ours() -> list[ReceivedSpan]:
        return [
            span
            for span in watched.spans(SpanName.REQUEST)
            if span.attributes.get(Attribute.REQUEST_ID) == headers["X-Request-Id"]
        ]

    if path.startswith("/health"):
        assert of_ours() == []
        return
    assert eventually(lambda: len(of_ours()) == 1, seconds=60)
    assert (of_ours()[0].trace_id == given) is goes_on


@pytest.mark.parametrize("title", sorted(ALWAYS))
def test_every_number_of_the_catalogue_is_really_told(watched: Watched, title: str) -> None:
    wanted = {PREFIX + name for name in (*EVERYWHERE, *ALWAYS[title].split(), "process_resident_memory_bytes")}

    told: set[str] = set()

    def missing() -> set[str]:
        """Two http processes share one port, so what is told is gathered over several looks."""
        told.update(line.split("{")[0].split(" ")[0] for line in watched.numbers(title).splitlines())
        return {name for name in wanted if not {name, f"{name}_count"} & told}

    assert watched.becomes(lambda: not missing()), (title, missing())


def test_those_lists_name_numbers_of_the_catalogue(watched: Watched) -> None:
    """What happens only in bad days, or with settings that are off here, has tests of its own where it happens."""
    named = {*EVERYWHERE, *" ".join(ALWAYS.values()).split()}
    assert named <= set(CATALOGUE)
    rest = {name for name in CATALOGUE if name not in named and CATALOGUE[name].kind is Kind.HISTOGRAM}
    assert rest == set(), "durations are always measured"


def test_a_scraper_that_takes_openmetrics_finds_the_trace_of_a_slow_one(watched: Watched) -> None:
    def examples() -> list[str]:
        lines = watched.numbers("consumer", **OPENMETRICS).splitlines()
        return [line for line in lines if line.startswith("wasl_event_handle_seconds_bucket") and " # {" in line]

    assert watched.becomes(lambda: bool(examples()))
    trace_id = examples()[0].split('trace_id="')[1][:32]
    assert eventually(lambda: any(span.trace_id == trace_id for span in watched.collector.spans()), seconds=60)
    assert " # {" not in watched.numbers("consumer")
    port = watched.ports("consumer")[0]
    for headers, kind, end in ((OPENMETRICS, OPENMETRICS_TYPE, "# EOF\n"), ({}, CONTENT_TYPE, "\n")):
        answer = send("GET", f"http://127.0.0.1:{port}/metrics", headers=headers)
        assert answer.headers["Content-Type"] == kind
        assert answer.text.endswith(end)


def test_one_event_is_found_in_the_logs_of_every_process_that_had_it(watched: Watched) -> None:
    [event, *_] = watched.service.events(watched.store_id, topic="order.create")

    def told(process: str) -> list[dict[str, object]]:
        return [line for line in watched.lines(event["id"]) if line["process"] == process]

    assert eventually(lambda: bool(told("http")) and bool(told("consumer")), seconds=60)
    [arrival] = [line for line in told("http") if line["event"] == "http_request"]
    settled = next(line for line in told("consumer") if line["event"] == "run_settled")
    assert arrival["request_id"]
    assert arrival["store_id"] == settled["store_id"] == watched.store_id
    assert arrival["trace_id"] == settled["trace_id"]
    [own] = [line for line in told("consumer") if line["event"] == "looked_up"]
    assert own["trace_id"] == settled["trace_id"], "what the app's handler logs is found too"
