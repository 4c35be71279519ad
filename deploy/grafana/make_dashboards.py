"""Writes dashboards/*.json from the tables below: `python deploy/grafana/make_dashboards.py`.

A panel is one line: title, unit, what it tells, and its queries. A test says when the files are not what this writes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = {"type": "prometheus", "uid": "prometheus"}
OF = 'job="wasl",process=~"$process",instance=~"$instance"'
"""What the variables choose."""
VARIABLES = {"process": 'up{job="wasl"}', "instance": 'up{job="wasl",process=~"$process"}'}
WIDTH, COLUMNS, HEIGHT = 24, 3, 8


@dataclass(frozen=True)
class Panel:
    """`queries`: legend → expression, in which OF stands for what is chosen. A `stat` shows the last value alone."""

    title: str
    unit: str
    tells: str
    queries: Mapping[str, str]
    stat: bool = False


@dataclass(frozen=True)
class Row:
    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Dashboard:
    name: str
    title: str
    tells: str
    rows: Sequence[Row]


def quantiles(metric: str, *, by: str = "", labels: str = "OF") -> Mapping[str, str]:
    """The usual three of a histogram; one by a label where that is given."""
    if by:
        series = rate(f"{metric}_bucket", f"le, {by}", labels)
        return {f"{{{{{by}}}}}": f"histogram_quantile(0.95, {series})"}
    series = rate(f"{metric}_bucket", "le", labels)
    return {f"p{share}": f"histogram_quantile(0.{share}, {series})" for share in (50, 95, 99)}


def rate(metric: str, by: str, labels: str = "OF") -> str:
    series = f"wasl_{metric}{{{labels}}}" if labels else f"wasl_{metric}"
    return f"sum by ({by}) (rate({series}[$__rate_interval]))"


def newest(metric: str, by: str = "", labels: str = "") -> str:
    """What every scheduler measures alike: the highest of them."""
    series = f"wasl_{metric}{{{labels}}}" if labels else f"wasl_{metric}"
    return f"max by ({by}) ({series})" if by else f"max({series})"


LOOP_LAG = rate("event_loop_lag_seconds_bucket", "process, instance, le")
SERVICE = Dashboard(
    "service",
    "Wasl · Service",
    "Deliveries in, events through, processes well.",
    [
        Row(
            "What needs attention",
            [
                Panel("Processes that answer", "short", "By kind. A kind with none is an outage.",
                      {"{{process}}": 'sum by (process) (up{job="wasl"})'}, stat=True),
                Panel("Dead letters", "short", "Events that wait for a person: `wasl dead list`.",
                      {"dead": newest("dead_letters")}, stat=True),
                Panel("Books", "short", "Events received minus accounted for. Anything but 0 is an error of ours.",
                      {"difference": newest("ledger_imbalance")}, stat=True),
                Panel("Spooled", "short", "Deliveries that wait outside the database. 0 but in an outage.",
                      {"deliveries": "sum(wasl_spool_depth)"}, stat=True),
                Panel("Oldest unfinished event", "s", "Its age. A paused store or a retry makes it old, too.",
                      {"age": newest("event_age_seconds")}, stat=True),
                Panel("Open alerts", "short", "Those that Wasl raised itself: `wasl alerts list`.",
                      {"{{kind}}": f"{newest('alerts', 'kind')} > 0"}, stat=True),
            ],
        ),
        Row(
            "Deliveries",
            [
                Panel("Deliveries", "ops", "What became of Zid's deliveries. `duplicate` is Zid trying again.",
                      {"{{outcome}}": rate("webhooks_received_total", "outcome")}),
                Panel("Time to answer", "s", "From a delivery's arrival to its answer; 99.5 % within a second.",
                      quantiles("webhook_ack_seconds")),
                Panel("Slow deliveries", "percentunit", "The share that took longer than a second; 0.5 % may.",
                      {"5 minutes": "wasl:webhooks_slow:ratio_rate5m", "1 hour": "wasl:webhooks_slow:ratio_rate1h",
                       "3 days": "wasl:webhooks_slow:ratio_rate3d"}),
                Panel("What a delivery would wait for", "s", "By queue, now: loop (CPU), database, spool.",
                      {"{{queue}} {{instance}}": "max by (queue, instance) (wasl_webhook_queue_seconds{OF})"}),
                Panel("App Market events", "ops", "Installs, uninstalls, subscriptions, by outcome.",
                      {"{{event}} {{outcome}}": rate("app_events_received_total", "event, outcome")}),
                Panel("Deliveries by topic", "ops", "Which topics come how often.",
                      {"{{topic}}": rate("webhooks_received_total", "topic")}),
            ],
        ),
        Row(
            "Events",
            [
                Panel("From arrival to end", "s", "How long events take altogether.",
                      quantiles("event_end_to_end_seconds")),
                Panel("Finished", "ops", "Events that came to their end.",
                      {"events": "sum(rate(wasl_event_end_to_end_seconds_count{OF}[$__rate_interval]))"}),
                Panel("Events by state", "short", "Unfinished ones and dead ones, in the ledger.",
                      {"{{state}}": newest("events", "state", 'state=~"queued|running|waiting|dead"')}),
                Panel("Work index", "short", "What could be done now.", {"items": newest("queue_depth")}),
                Panel("Dead letters of the last hour", "short", "What died within it, and what has been given up.",
                      {"died": newest("dead_letters_last_hour"), "all": newest("dead_letters")}),
                Panel("Poison", "short", "Given up because worker after worker died with them, an hour.",
                      {"{{topic}}": "sum by (topic) (increase(wasl_poison_total[1h]))"}),
            ],
        ),
        Row(
            "Handlers",
            [
                Panel("Time of a handler", "s", "The slowest twentieth, by topic.",
                      quantiles("event_handle_seconds", by="topic")),
                Panel("What handlers said", "ops", "By what became of it.",
                      {"{{outcome}}": rate("event_handle_seconds_count", "outcome")}),
                Panel("Time limits", "ops", "Calls that overran.",
                      {"{{topic}} {{outcome}}": rate("handler_time_limits_total", "topic, outcome")}),
            ],
        ),
        Row(
            "API and console",
            [
                Panel("Requests", "reqps", "Answered by http, by status.",
                      {"{{status}}": rate("http_requests_total", "status")}),
                Panel("Time of a request", "s", "The slowest twentieth, by route.",
                      quantiles("http_request_seconds", by="route")),
                Panel("Turned away", "ops", "Too many requests, by door; connections ended by us.",
                      {"{{door}}": rate("http_limited_total", "door"),
                       "connections {{why}}": rate("http_connections_shed_total", "why")}),
            ],
        ),
        Row(
            "Processes",
            [
                Panel("CPU", "percentunit", "Of one core, by process.",
                      {"{{process}} {{instance}}": "rate(wasl_process_cpu_seconds_total{OF}[$__rate_interval])"}),
                Panel("Event loop", "s", "How late it is, one time in ten; the slowest process of each kind.",
                      {"{{process}}": f"max by (process) (histogram_quantile(0.9, {LOOP_LAG}))"}),
                Panel("Memory", "bytes", "Resident, by process.",
                      {"{{process}} {{instance}}": "wasl_process_resident_memory_bytes{OF}"}),
                Panel("Running since", "s", "A line that falls is a start. The version is in the legend.",
                      {"{{process}} {{instance}}": "time() - wasl_process_start_time_seconds{OF}",
                       "{{instance}} {{version}}": "0 * wasl_build_info{OF}"}),
            ],
        ),
    ],
)  # fmt: skip

STORES = Dashboard(
    "stores",
    "Wasl · Stores",
    "Installs, tokens, webhooks at Zid, what is missing.",
    [
        Row(
            "Stores",
            [
                Panel("Stores by state", "short", "Of their current install.",
                      {"{{state}}": newest("stores", "state")}),
                Panel("Need their merchant", "short", "Zid refused their tokens: `wasl stores link` makes a link.",
                      {"stores": newest("stores", labels='state="needs_reauthorization"')}, stat=True),
                Panel("Do not open", "short", "A key of TOKEN_KEYS is missing, or rows were changed.",
                      {"stores": newest("quarantined_stores")}, stat=True),
            ],
        ),
        Row(
            "Tokens",
            [
                Panel("Tokens by days left", "short", "Installs whose tokens end within so many days.",
                      {"{{within}}": newest("tokens_expiring", "within")}),
                Panel("Renewals", "ops", "Exchanges of refresh tokens, by outcome.",
                      {"{{outcome}}": rate("token_refresh_total", "outcome", "")}),
                Panel("Renewals that are due", "short", "Due now, and in doubt.",
                      {"due": newest("refreshes_due"), "in doubt": newest("refreshes_in_doubt")}),
                Panel("Longest due", "s", "How long the longest due renewal has been due.",
                      {"lag": newest("refresh_lag_seconds")}),
            ],
        ),
        Row(
            "Webhooks at Zid",
            [
                Panel("Subscriptions by health", "short", "As Zid reports it; missing: not in its list.",
                      {"{{state}}": newest("webhook_health", "state")}),
                Panel("Missed", "percentunit", "The share that never came, as reconciliation found it last.",
                      {"{{topic}}": newest("missed_webhooks_ratio", "topic")}),
                Panel("Open gaps", "short", "Spans without deliveries whose rows nobody has read yet.",
                      {"gaps": newest("open_gaps")}),
            ],
        ),
        Row(
            "People",
            [
                Panel("Audit", "ops", "Entries written, by action.",
                      {"{{action}}": rate("audit_entries_total", "action", "")}),
                Panel("Sign-ins to the console", "ops", "By what became of it.",
                      {"{{outcome}}": rate("console_logins_total", "outcome")}),
                Panel("Openings of the embedded app", "ops", "By what became of it.",
                      {"{{outcome}}": rate("embedded_visits_total", "outcome")}),
            ],
        ),
    ],
)  # fmt: skip

FAILED_CALLS = rate("zid_requests_total", "family", 'OF,status!~"2..|404"')
ZID = Dashboard(
    "zid",
    "Wasl · Zid",
    "Calls to Zid: how many, how fast, how long they wait, what is broken off.",
    [
        Row(
            "Calls",
            [
                Panel("Calls by family", "reqps", "What is called how often.",
                      {"{{family}}": rate("zid_requests_total", "family")}),
                Panel("Answers", "reqps", "By status. 429: the allowance is used up.",
                      {"{{status}}": rate("zid_requests_total", "status")}),
                Panel("Failures", "percentunit", "The share that is neither 2xx nor 404, by family.",
                      {"{{family}}": f"{FAILED_CALLS} / {rate('zid_requests_total', 'family')}"}),
                Panel("Time of a call", "s", "All families.", quantiles("zid_request_seconds")),
                Panel("Time by family", "s", "The slowest twentieth.", quantiles("zid_request_seconds", by="family")),
                Panel("Calls by operation", "reqps", "The ten that are made most.",
                      {"{{operation}}": f"topk(10, {rate('zid_requests_total', 'operation')})"}),
            ],
        ),
        Row(
            "Allowance",
            [
                Panel("Waiting for the allowance", "s", "How long calls wait for their turn.",
                      quantiles("rate_wait_seconds")),
                Panel("Without Redis", "ops", "Calls that each process allowed alone while Redis was away.",
                      {"{{instance}}": rate("rate_fallback_total", "instance")}),
            ],
        ),
        Row(
            "Breakers",
            [
                Panel("Families", "short", "0 closed, 1 half open, 2 open: not called at the moment.",
                      {"{{family}}": "max by (family) (wasl_breaker_state{OF})"}),
                Panel("Stores not called", "short", "By family; their own breakers are open.",
                      {"{{family}}": "max by (family) (wasl_breakers_open{OF})"}),
            ],
        ),
        Row(
            "Messages to people",
            [
                Panel("Alerts told", "short", "Raised and healed, an hour.",
                      {"{{kind}} {{change}}": "sum by (kind, change) (increase(wasl_alert_changes_total[1h]))"}),
                Panel("ALERT_WEBHOOK_URL", "short", "Messages sent and failed, an hour.",
                      {"{{outcome}}": "sum by (outcome) (increase(wasl_alert_webhooks_total[1h]))"}),
            ],
        ),
    ],
)  # fmt: skip

DASHBOARDS = (SERVICE, STORES, ZID)


def document(dashboard: Dashboard) -> Mapping[str, object]:
    """The dashboard as Grafana reads it."""
    return {
        "uid": f"wasl-{dashboard.name}",
        "title": dashboard.title,
        "description": dashboard.tells,
        "tags": ["wasl"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [{"type": "dashboards", "tags": ["wasl"], "title": "Wasl", "keepTime": True, "asDropdown": False}],
        "templating": {
            "list": [variable("process", 'up{job="wasl"}'), variable("instance", 'up{job="wasl",process=~"$process"}')]
        },
        "panels": list(laid_out(dashboard.rows)),
    }


def variable(label: str, series: str) -> Mapping[str, object]:
    everything = {"selected": True, "text": ["All"], "value": ["$__all"]}
    return {
        "name": label,
        "label": label.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": f"label_values({series}, {label})", "refId": label},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": everything,
        "sort": 1,
    }


def laid_out(rows: Sequence[Row]) -> Iterator[Mapping[str, object]]:
    """Rows from top to bottom, panels from left to right."""
    top, number = 0, 1
    for row in rows:
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [],
               "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1}}  # fmt: skip
        top, number = top + 1, number + 1
        in_line = 6 if all(panel.stat for panel in row.panels) else COLUMNS
        height = 4 if in_line == 6 else HEIGHT
        for place, panel in enumerate(row.panels):
            at = {"x": place % in_line * (WIDTH // in_line), "y": top, "w": WIDTH // in_line, "h": height}
            yield drawn(panel, number, at)
            number += 1
            if place % in_line == in_line - 1 or panel is row.panels[-1]:
                top += height


def drawn(panel: Panel, number: int, at: Mapping[str, int]) -> Mapping[str, object]:
    queries = [
        {"refId": chr(ord("A") + place), "expr": expression.replace("OF", OF), "legendFormat": legend}
        for place, (legend, expression) in enumerate(panel.queries.items())
    ]
    options: Mapping[str, object] = (
        {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "textMode": "auto"}
        if panel.stat
        else {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    )
    return {
        "id": number,
        "type": "stat" if panel.stat else "timeseries",
        "title": panel.title,
        "description": panel.tells,
        "datasource": SOURCE,
        "gridPos": at,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": options,
        "targets": queries,
    }


def text(dashboard: Dashboard) -> str:
    return json.dumps(document(dashboard), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for one in DASHBOARDS:
        (HERE / "dashboards" / f"{one.name}.json").write_text(text(one), encoding="utf-8")
