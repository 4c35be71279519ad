"""Every metric of Wasl: its kind, labels and meaning. Dashboards and alerts rely on these names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

PREFIX: Final = "wasl_"

ANSWER_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_BOUNDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CALL_BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
WAIT_BOUNDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0)


class Kind(StrEnum):
    """What a metric does over time."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Declared:
    """One metric, named without the prefix. `bounds` are the upper ends of a histogram's buckets in seconds."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


def _counter(name: str, meaning: str, *labels: str) -> Declared:
    return Declared(name, Kind.COUNTER, meaning, labels)


def _gauge(name: str, meaning: str, *labels: str) -> Declared:
    return Declared(name, Kind.GAUGE, meaning, labels)


def _times(name: str, meaning: str, bounds: tuple[float, ...], *labels: str) -> Declared:
    return Declared(name, Kind.HISTOGRAM, meaning, labels, bounds)


CATALOGUE: Final[Mapping[str, Declared]] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            _counter("http_requests_total", "Requests answered, by route pattern.", "route", "method", "status"),
            _times("http_request_seconds", "Time to answer a request.", ANSWER_BOUNDS, "route"),
            _counter("http_limited_total", "Visits refused because their visitor came too often, by door.", "door"),
            _counter("door_fallback_total", "Visits counted by this process alone while the shared count was away."),
            _gauge("http_connections", "Open connections of this process."),
            _counter("http_connections_shed_total", "Connections ended by us, by why.", "why"),
            _counter("webhooks_received_total", "Deliveries, by topic and what became of them.", "topic", "outcome"),
            _times("webhook_ack_seconds", "From a delivery's arrival to its answer.", ANSWER_BOUNDS),
            _counter("app_events_received_total", "App Market events, by name and outcome.", "event", "outcome"),
            _counter("static_lists_total", "Zid's static lists given out, by where they came from.", "list", "outcome"),
            _counter("console_logins_total", "Attempts to sign in to the console.", "outcome"),
            _counter(
                "embedded_visits_total", "Openings of the embedded app, by whether the UUID was right.", "outcome"
            ),
            _gauge("events", "Events in the ledger, by state.", "state"),
            _gauge("event_age_seconds", "Age of the oldest unfinished event."),
            _times("event_handle_seconds", "Time one handler took for one event.", CALL_BOUNDS, "topic", "outcome"),
            _counter(
                "handler_time_limits_total", "Calls of handlers that overran, by what became.", "topic", "outcome"
            ),
            _counter("poison_total", "Runs given up because worker after worker died with them.", "topic"),
            _times("event_end_to_end_seconds", "From an event's arrival to its end.", WAIT_BOUNDS),
            _gauge("dead_letters", "Dead events that wait for a person."),
            _gauge("dead_letters_last_hour", "Dead events that died within the last hour."),
            _gauge("dead_letters_alarm_seconds", "Until DEAD_LETTER_ALARM is reached at the last hour's pace."),
            _gauge("ledger_imbalance", "Events received minus accounted for; 0 when the books balance."),
            _gauge("spool_depth", "Deliveries waiting outside the database, on this machine or in Redis."),
            _gauge("webhook_queue_seconds", "How long a delivery that comes now would wait.", "queue"),
            _gauge("queue_depth", "Items in the work index."),
            _counter("zid_requests_total", "Calls to Zid.", "family", "operation", "status"),
            _times("zid_request_seconds", "Time of a call to Zid.", CALL_BOUNDS, "family"),
            _times("rate_wait_seconds", "Time a call waited for Zid's allowance.", WAIT_BOUNDS),
            _counter("rate_fallback_total", "Calls allowed by this process alone while Redis was away."),
            _gauge("breaker_state", "A whole family's breaker: 0 closed, 1 half open, 2 open.", "family"),
            _gauge("breakers_open", "Stores that this process does not call Zid for at the moment.", "family"),
            _counter("token_refresh_total", "Exchanges of refresh tokens, by outcome.", "outcome"),
            _gauge("tokens_expiring", "Installs whose tokens expire within a period.", "within"),
            _gauge("refreshes_due", "Installs whose tokens are due for renewal now."),
            _gauge("refresh_lag_seconds", "How long the longest due renewal has been due."),
            _gauge("refreshes_in_doubt", "Renewals whose answer was lost."),
            _gauge("alerts", "Open alerts.", "kind"),
            _counter("alert_changes_total", "Alerts raised and healed, as people were told.", "kind", "change"),
            _gauge("stores", "Stores by the state of their current install.", "state"),
            _gauge(
                "missed_webhooks_ratio",
                "Share of webhooks that did not come, as reconciliation found it last.",
                "topic",
            ),
            _gauge("open_gaps", "Spans in which deliveries may be missing and nobody has read the rows yet."),
            _gauge("webhook_health", "Subscriptions by the health Zid reports.", "state"),
            _counter("alert_webhooks_total", "Messages to ALERT_WEBHOOK_URL, by outcome.", "outcome"),
            _counter("audit_entries_total", "Audit entries written, by action; counted as they are sealed.", "action"),
            _gauge("quarantined_stores", "Stores whose data key or tokens do not open; `wasl keys status` names them."),
            _gauge("audit_altered", "1 while the audit's seals are not as they were left; then nothing is sealed."),
            _times("event_loop_lag_seconds", "How late the event loop was, five times a second.", LAG_BOUNDS),
            _gauge("database_connections", "Connections of this process's pool, by what they do.", "state"),
            _gauge("database_connections_limit", "Connections that this process may open to Postgres."),
            _gauge("build_info", "1, labelled with the running version.", "version"),
        )
    }
)
