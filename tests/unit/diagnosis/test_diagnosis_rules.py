"""Each hazard is told from what was seen, and what is well is passed over in silence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from secrets import token_hex, token_urlsafe
from string import Formatter

import pytest

from adapters.files.machine import medium_of
from adapters.memory.examination import WELL, WELL_REDIS
from config.parts.examination import setup_of
from config.settings import load_settings
from core.domain.alerts import AlertKind
from core.domain.diagnosis.explanations import EXPLANATIONS, explain
from core.domain.diagnosis.findings import GROUP_OF, CheckName, Code, Diagnosis, Examined, Finding, Severity
from core.domain.diagnosis.offsets import ClockOffset, judge_clock
from core.domain.diagnosis.places import FileMode, Folder, Medium, Runtime, judge_files, judge_folder, judge_runtime
from core.domain.diagnosis.secrets import NamedSecret, is_guessable, judge_secrets
from core.domain.diagnosis.servers import (
    Index,
    IndexStanding,
    SchemaStanding,
    judge_connections,
    judge_database,
    judge_indexes,
    judge_redis,
    judge_redis_privacy,
    judge_schema,
)
from core.domain.diagnosis.setup import HandlerLimit, Setup, judge_addresses, judge_handlers, judge_watching
from core.domain.diagnosis.titles import CHECK_TITLES, summary
from core.domain.diagnosis.work import (
    judge_alerts,
    judge_keys,
    judge_ledger,
    judge_processes,
    judge_vault,
    judge_webhooks,
)
from core.domain.event_states import Books, EventState, Ledger, Origin
from core.domain.rings import Holder, RingName
from core.domain.secret import Secret
from core.domain.webhook_states import WebhookState
from core.features.event_handlers import Handlers
from core.ids import WorkerId
from entrypoints.http.pages.texts import TEXTS
from entrypoints.up.secrets_file import make_secrets
from tests.unit.config.test_settings import PRODUCTION

SETUP = Setup(
    production=False,
    public_url="http://127.0.0.1:8000",
    zid_api_url="http://127.0.0.1:8090",
    pools=(("http", 10), ("consumer", 22), ("scheduler", 10)),
    spool_dir="/spool",
    erasure_log="/erasures",
)
LIVE = replace(SETUP, production=True, public_url="https://wasl.example")
TODAY = date(2026, 11, 23)
FACTS = {"setting": "SPOOL_DIR", "path": "/spool"}
OK, NOTE, WARNING, PROBLEM = Severity.OK, Severity.NOTE, Severity.WARNING, Severity.PROBLEM


def told(findings: Sequence[Finding]) -> list[tuple[Code, Severity]]:
    """And each can be put into words."""
    for finding in findings:
        explained = explain(finding)
        assert "{" not in explained.seen + explained.why + explained.fix
    return [(finding.code, finding.severity) for finding in findings]


def secret(text: str, name: str = "SESSION_KEY") -> NamedSecret:
    return NamedSecret(name, Secret(text))


@pytest.mark.parametrize("make", [lambda: token_urlsafe(32), lambda: token_hex(32), lambda: token_hex(20)])
def test_random_secrets_are_passed_over(make) -> None:
    assert not any(is_guessable(make()) for _ in range(300))
    assert judge_secrets([secret(make(), str(number)) for number in range(20)], (), production=True) == []


def test_what_wasl_up_makes_is_passed_over() -> None:
    made = [secret(text, name) for name, text in make_secrets().items()]
    assert judge_secrets(made, (), production=True) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("short", Code.SECRET_SHORT),
        ("x" * 40, Code.SECRET_GUESSABLE),
        ("0123456789abcdef" * 2, Code.SECRET_GUESSABLE),
        ("ChangeMe" + token_hex(16), Code.SECRET_GUESSABLE),
        ("this-is-an-example-of-a-session-key", Code.SECRET_GUESSABLE),
        ("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", Code.SECRET_GUESSABLE),
    ],
)
def test_weak_secrets(text: str, code: Code) -> None:
    assert told(judge_secrets([secret(text)], (), production=False)) == [(code, WARNING)]
    assert told(judge_secrets([secret(text)], (), production=True)) == [(code, PROBLEM)]


def test_secrets_that_are_missing_or_used_twice() -> None:
    text = token_urlsafe(32)
    found = judge_secrets([secret(text), secret(text, "WEBHOOK_SECRET")], ["TOKEN_KEYS"], production=False)
    assert told(found) == [(Code.SECRET_MISSING, WARNING), (Code.SECRET_REUSED, WARNING)]
    assert text not in repr(found)


def test_settings_are_read_as_they_are_judged() -> None:
    given = {**PRODUCTION, "DATABASE_URL": "postgresql://wasl_app:wasl@db.example/wasl?sslmode=require"}
    given |= {"REDIS_URL": "rediss+sentinel://:pass@a:1,b:2/main", "METRICS_ALLOW": "0.0.0.0/0"}
    settings = load_settings({**given, "PLAIN_SERVERS": "db.example"})
    setup = setup_of(settings, Handlers(), private_files=(".env",))
    assert (setup.redis_checked, setup.redis_local, setup.certificate_checked) == (True, False, False)
    assert setup.metrics_open_to == "0.0.0.0/0"
    assert setup.pools == (("http", 10), ("consumer", 22), ("scheduler", 10))
    short = judge_secrets(setup.secrets, setup.missing_secrets, production=True)
    names = [one.facts["setting"] for one in short if one.code is Code.SECRET_SHORT]
    assert names == ["the password in DATABASE_URL", "the password in REDIS_URL"]
    assert "pass" not in [one.facts.get("value") for one in short]


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("postgresql://x@db/w?sslmode=verify-full", True),
        ("postgresql://x@db/w?sslrootcert=system", True),
        ("postgresql://x@db/w?sslmode=disable&sslrootcert=system", False),
        ("postgresql://x@db/w", False),
    ],
)
def test_who_checks_the_certificate(url: str, checked: bool) -> None:
    settings = load_settings({"DATABASE_URL": url})
    assert setup_of(settings, Handlers()).certificate_checked is checked


def test_addresses() -> None:
    assert judge_addresses(SETUP) == []
    assert judge_addresses(LIVE) == []
    assert told(judge_addresses(replace(SETUP, public_url="http://shop.lan"))) == [(Code.PUBLIC_URL_PLAIN, WARNING)]
    bare = replace(LIVE, trusted_proxies=False, metrics_open_to="::/0")
    assert told(judge_addresses(bare)) == [(Code.NO_TRUSTED_PROXIES, WARNING), (Code.METRICS_OPEN, WARNING)]


def test_watching() -> None:
    careless = replace(LIVE, schedules_off=["RECONCILE_EVERY"], alert_address=False, debug_log=True)
    assert told(judge_watching(careless)) == [
        (Code.SCHEDULE_OFF, WARNING),
        (Code.NOBODY_IS_TOLD, NOTE),
        (Code.DEBUG_LOG, NOTE),
    ]
    assert judge_watching(replace(SETUP, alert_address=False)) == []


def test_limits_of_handlers() -> None:
    handlers = [HandlerLimit("quick", 5), HandlerLimit("slow", 60), HandlerLimit("slower", 300)]
    found = judge_handlers(replace(SETUP, handlers=handlers))
    assert told(found) == [(Code.HANDLER_OUTLASTS_TRANSACTION, WARNING), (Code.HANDLER_OUTLASTS_GRACE, NOTE)]
    assert found[1].facts | {} == {"count": 2, "grace": "25", "handler": "slower", "limit": "300", "needed": 300}
    assert judge_handlers(replace(SETUP, handlers=handlers[:1])) == []


def test_clocks() -> None:
    assert judge_clock("Zid", None) == judge_clock("Zid", ClockOffset(4.9)) == []
    assert judge_clock("Zid", ClockOffset(-30, 26)) == []
    assert told(judge_clock("Zid", ClockOffset(-30, 0.5))) == [(Code.CLOCK_OFF, WARNING)]
    assert told(judge_clock("Zid", ClockOffset(3600))) == [(Code.CLOCK_OFF, PROBLEM)]


def test_a_database_that_is_well() -> None:
    assert judge_database(WELL, LIVE, TODAY) == []
    assert judge_database(replace(WELL, version=190_000), LIVE, TODAY) == []
    remote = replace(WELL, local=False)
    assert judge_database(remote, replace(LIVE, certificate_checked=True), TODAY) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"version": 130_004}, (Code.DATABASE_OLD, WARNING)),
        ({"version": 90_624}, (Code.DATABASE_OLD, WARNING)),
        ({"read_only": True}, (Code.DATABASE_READ_ONLY, PROBLEM)),
        ({"local": False, "encrypted": False}, (Code.DATABASE_UNENCRYPTED, PROBLEM)),
        ({"local": False}, (Code.DATABASE_UNVERIFIED, PROBLEM)),
        ({"powers": ("it is a superuser",)}, (Code.DATABASE_ROLE, WARNING)),
        ({"timezone": "Asia/Riyadh"}, (Code.TIMEZONE, NOTE)),
        ({"clock": ClockOffset(90.0)}, (Code.CLOCK_OFF, PROBLEM)),
    ],
)
def test_hazards_of_a_database(changed: dict, expected: tuple[Code, Severity]) -> None:
    assert told(judge_database(replace(WELL, **changed), LIVE, TODAY)) == [expected]


def test_connections() -> None:
    assert judge_connections(WELL, SETUP, {"http": 2, "consumer": 1, "scheduler": 1}) == []
    full = judge_connections(WELL, SETUP, {"http": 4, "consumer": 7, "scheduler": 1})
    assert told(full) == [(Code.CONNECTIONS_OVER, PROBLEM)]
    assert dict(full[0].facts) == {"processes": 12, "wanted": 204, "usable": 197, "pool": 10}
    tight = judge_connections(replace(WELL, max_connections=50), SETUP, {})
    assert told(tight) == [(Code.CONNECTIONS_TIGHT, WARNING)]
    assert judge_connections(replace(WELL, max_connections=5), replace(SETUP, pooled=True), {}) == []


def test_schema_and_indexes() -> None:
    assert judge_schema(SchemaStanding()) == []
    assert told(judge_schema(SchemaStanding(("0001_a", "0002_b"), ("0099_z",), ("0000_x",)))) == [
        (Code.SCHEMA_CHANGED, PROBLEM),
        (Code.SCHEMA_BEHIND, PROBLEM),
        (Code.SCHEMA_AHEAD, NOTE),
    ]
    standing = IndexStanding([Index("a", "CREATE INDEX a;"), Index("b", "CREATE …", unique=True)], [Index("c", "")])
    found = judge_indexes(standing)
    assert told(found) == [(Code.INDEX_MISSING, WARNING), (Code.INDEX_MISSING, PROBLEM), (Code.INDEX_INVALID, WARNING)]
    assert explain(found[0]).fix == "CREATE INDEX a;"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"append_only": False}, (Code.REDIS_NO_AOF, WARNING)),
        ({"eviction": "volatile-ttl"}, (Code.REDIS_EVICTS, WARNING)),
        ({"used": 80, "limit": 100}, (Code.REDIS_FULL, WARNING)),
        ({"used": 95, "limit": 100}, (Code.REDIS_FULL, PROBLEM)),
        ({"replica": True}, (Code.REDIS_REPLICA, PROBLEM)),
        ({"cannot_save": True}, (Code.REDIS_CANNOT_SAVE, PROBLEM)),
        ({"version": (6, 0)}, (Code.REDIS_OLD, PROBLEM)),
        ({"clock": ClockOffset(-10.0), "node": "10.0.0.1:6379"}, (Code.CLOCK_OFF, WARNING)),
    ],
)
def test_hazards_of_redis(changed: dict, expected: tuple[Code, Severity]) -> None:
    assert judge_redis(WELL_REDIS, SETUP) == []
    assert told(judge_redis(replace(WELL_REDIS, **changed), SETUP)) == [expected]


def test_redis_weighs_more_where_it_keeps_deliveries() -> None:
    harmed = replace(WELL_REDIS, append_only=False, eviction="allkeys-lru")
    keeping = replace(SETUP, spool_dir=None)
    assert {finding.severity for finding in judge_redis(harmed, keeping)} == {PROBLEM}
    far = replace(LIVE, redis_checked=False, redis_local=False)
    assert told(judge_redis_privacy(far)) == [(Code.REDIS_UNENCRYPTED, PROBLEM)]
    assert judge_redis_privacy(replace(far, redis_local=True)) == []
    assert told(judge_redis_privacy(replace(far, plain_excused=True))) == [(Code.REDIS_UNENCRYPTED, NOTE)]


def test_folders_and_files() -> None:
    roomy = Folder(writable=True, free=10**12)
    assert judge_folder(roomy, FACTS, LIVE, wanted=10**9) == []
    locked, full = replace(roomy, writable=False), replace(roomy, free=10**8)
    assert told(judge_folder(locked, FACTS, SETUP, wanted=1)) == [(Code.FOLDER_NOT_WRITABLE, PROBLEM)]
    assert told(judge_folder(full, FACTS, SETUP, wanted=10**9)) == [(Code.LITTLE_SPACE, WARNING)]
    assert told(judge_folder(replace(roomy, free=10), FACTS, SETUP, wanted=100)) == [(Code.LITTLE_SPACE, PROBLEM)]
    memory, layer = (replace(roomy, medium=medium) for medium in (Medium.MEMORY, Medium.LAYER))
    assert told(judge_folder(memory, FACTS, LIVE, wanted=0)) == [(Code.FOLDER_IN_MEMORY, PROBLEM)]
    assert told(judge_folder(memory, FACTS, SETUP, wanted=0)) == [(Code.FOLDER_IN_MEMORY, NOTE)]
    assert told(judge_folder(layer, FACTS, LIVE, wanted=0)) == [(Code.FOLDER_IN_CONTAINER, WARNING)]
    assert judge_folder(layer, FACTS, SETUP, wanted=0) == []
    assert told(judge_files([FileMode(".env", 0o640), FileMode("b", 0o600)], SETUP)) == [(Code.FILE_READABLE, WARNING)]


def test_what_a_path_lies_on(tmp_path) -> None:
    mounts = [
        "1 0 0:1 / / rw - overlay overlay rw",
        "2 1 0:2 / /run rw shared:1 - tmpfs tmpfs rw",
        "3 1 0:3 / /data\\040disk rw - ext4 /dev/sda1 rw",
    ]
    root = tmp_path.anchor
    places = {"run/wasl": Medium.MEMORY, "data disk/spool": Medium.DISK, "srv": Medium.LAYER}
    for place, medium in places.items():
        assert medium_of(type(tmp_path)(root) / place, mounts) is medium
    assert medium_of(tmp_path, []) is Medium.DISK


def test_interpreter_and_time_zone() -> None:
    assert judge_runtime(Runtime((3, 14), "UTC", is_utc=True), TODAY) == []
    assert judge_runtime(Runtime((3, 99), "UTC", is_utc=True), TODAY) == []
    found = judge_runtime(Runtime((3, 11), "+03", is_utc=False), date(2028, 1, 1))
    assert told(found) == [(Code.PYTHON_OLD, WARNING), (Code.TIMEZONE, NOTE)]


def test_processes() -> None:
    kinds = ("http", "consumer", "scheduler")
    holders = [Holder(WorkerId(n), kind, {RingName.TOKENS: ("a",)}) for n, kind in enumerate(kinds)]
    assert judge_processes(holders) == []
    assert told(judge_processes(holders[:1])) == [(Code.PROCESS_MISSING, WARNING)] * 2
    strange = Holder(WorkerId(9), "http", {RingName.TOKENS: ("b", "a")})
    found = judge_processes([*holders, strange])
    assert set(told(found)) == {(Code.RINGS_DIFFER, PROBLEM)}
    assert len(found) == 3


def test_the_ledger() -> None:
    well = Ledger({Origin.ZID: Books(5, 0, {EventState.DONE: 5})})
    assert judge_ledger(well, SETUP) == []
    sick = Ledger({Origin.ZID: Books(9, 0, {EventState.DEAD: 4})}, spooled=3)
    assert told(judge_ledger(sick, SETUP)) == [
        (Code.UNBALANCED, PROBLEM),
        (Code.SPOOL_WAITS, NOTE),
        (Code.DEAD_LETTERS, NOTE),
    ]
    assert told(judge_ledger(sick, replace(SETUP, dead_letter_alarm=4)))[2] == (Code.DEAD_LETTERS, WARNING)


def test_webhooks_alerts_vault_and_keys() -> None:
    totals = {WebhookState.HEALTHY: 9, WebhookState.BROKEN: 2, WebhookState.MISSING: 1, WebhookState.DEGRADED: 1}
    found = judge_webhooks(totals)
    assert told(found) == [(Code.WEBHOOKS_SICK, WARNING)]
    assert found[0].facts["states"] == "2 broken, 1 missing"
    assert judge_webhooks({WebhookState.DEGRADED: 1}) == []
    assert told(judge_alerts({AlertKind.AUDIT_ALTERED: 1, AlertKind.CLIENT_REJECTED: 0})) == [
        (Code.ALERTS_OPEN, WARNING)
    ]
    assert judge_alerts(dict.fromkeys(AlertKind, 0)) == []
    assert told(judge_vault({"tokens": 2, "data_keys": 0})) == [(Code.TOKEN_UNSEALED, PROBLEM)]
    assert told(judge_keys({"k1": 3}, 2)) == [(Code.KEY_MISSING, PROBLEM), (Code.STORES_QUARANTINED, PROBLEM)]
    assert judge_keys({}, 0) == []


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("code", Code)
def test_every_finding_is_told_in_both_languages(code: Code) -> None:
    """With the same facts; what is to be done is a command or a setting, so it may be told in English alone."""
    english = EXPLANATIONS[code]
    for part in ("seen", "why", "fix"):
        shown, arabic = TEXTS[f"doctor.{code}.{part}"]
        assert shown == getattr(english, part)
        assert fields(arabic) == fields(shown)
        assert arabic != shown or part == "fix"


def test_every_check_has_a_title_and_a_group() -> None:
    assert set(CHECK_TITLES) == set(CheckName) == set(GROUP_OF)
    assert {f"doctor.check.{check}" for check in CheckName} <= set(TEXTS)


def test_the_last_line() -> None:
    assert summary(Diagnosis([Examined(CheckName.LEDGER)])) == "1 check: nothing found"
    many = [Finding(Code.REDIS_AWAY, PROBLEM), Finding(Code.DEBUG_LOG, NOTE), Finding(Code.DEBUG_LOG, NOTE)]
    seen = Diagnosis([Examined(CheckName.REDIS, many), Examined(CheckName.ZID, unseen="no answer within 10 s")])
    assert summary(seen) == "2 checks: 1 problem, 2 notes, 1 could not look"
    assert [one.severity for one in seen.examined] == [PROBLEM, Severity.UNSEEN]
    assert not seen.healthy
