"""Where traces go: to the collector that is named, as a service that is named, and nowhere at all otherwise."""

import sys

import pytest

from adapters.tracing.nothing import NoTracer
from config.settings import load_settings
from config.tracing import open_tracer, read_headers
from core.domain.secret import Secret
from core.domain.tracing import Attribute, SpanName
from core.errors import SettingInvalid
from tests.integration.telemetry.receivers import receiving

SAMPLED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_the_last_spans_are_sent_on_the_way_out() -> None:
    with receiving() as collector:
        settings = load_settings(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector.url}/",
                "OTEL_EXPORTER_OTLP_HEADERS": "x-key = a secret, x-team=wasl",
                "OTEL_TRACES_SAMPLER_ARG": "1",
            }
        )
        async with open_tracer(settings, "consumer") as tracer:
            with tracer.span(SpanName.HANDLE, attributes={Attribute.STORE_ID: 7}):
                pass
        [span] = collector.spans()
        assert (span.name, span.process, span.attributes) == ("event handle", "consumer", {"wasl.store_id": 7})
        headers = {name.lower(): value for name, value in collector.heard()[0].headers.items()}
        assert (headers["x-key"], headers["x-team"]) == ("a secret", "wasl")


async def test_a_trace_that_begins_here_is_kept_by_chance_and_one_that_came_in_sampled_always() -> None:
    with receiving() as collector:
        settings = load_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_TRACES_SAMPLER_ARG": "0"})
        async with open_tracer(settings, "http") as tracer:
            with tracer.span(SpanName.REQUEST):
                begun_here = tracer.current()
            with tracer.span(SpanName.HANDLE, parent=begun_here):
                pass
            with tracer.span(SpanName.REQUEST, parent=SAMPLED):
                pass
        assert [(span.name, span.trace_id) for span in collector.spans()] == [("http request", SAMPLED.split("-")[1])]


async def test_a_collector_that_is_away_keeps_nobody() -> None:
    settings = load_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER_ARG": "1"})
    async with open_tracer(settings, "http") as tracer:
        with tracer.span(SpanName.REQUEST):
            pass


@pytest.mark.parametrize("process", ["http", "wasl status"])
async def test_where_nobody_is_named_and_for_commands_nothing_is_traced(process: str) -> None:
    given = {} if process == "http" else {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
    async with open_tracer(load_settings(given), process) as tracer:
        assert isinstance(tracer, NoTracer)


async def test_without_its_extra_the_start_stops_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adapters.opentelemetry.export", None)
    monkeypatch.delattr("adapters.opentelemetry.export", raising=False)
    settings = load_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
    with pytest.raises(SettingInvalid, match=r"OTEL_EXPORTER_OTLP_ENDPOINT.*pip install 'wasl\[telemetry\]'"):
        async with open_tracer(settings, "http"):
            pass


@pytest.mark.parametrize("wrong", ["collector:4318", "ftp://collector", "http://key@collector"])
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(SettingInvalid, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        load_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": wrong})


def test_headers_are_read_as_the_standard_writes_them() -> None:
    assert {name: value.reveal() for name, value in read_headers(Secret("a=b, c = d=e ,")).items()} == {
        "a": "b",
        "c": "d=e",
    }
    assert read_headers(None) == {}


@pytest.mark.parametrize("wrong", ["canary", "=canary", "a=b,canary"])
def test_headers_that_are_none_are_named_without_being_shown(wrong: str) -> None:
    with pytest.raises(SettingInvalid, match="OTEL_EXPORTER_OTLP_HEADERS") as caught:
        read_headers(Secret(wrong))
    assert "canary" not in str(caught.value)
