"""No secret is anywhere it could be read: the whole story is told at DEBUG, then everything it left behind is searched.

What is sent outside, to a collector of traces and to Sentry, is searched as well.

Searched for: every token Zid issued, the secrets of the configuration, API keys, sessions, webhook passwords; plain,
hexadecimal, percent-encoded and in base64.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

import psutil
import pytest
import redis

from core.domain.secret import Secret
from core.domain.webhook_address import Addressee
from core.domain.webhook_address import password as webhook_password
from core.ids import InstallId, StoreId
from tests.acceptance.story import Answer, Browser, Service, dump, issued_tokens, readable_forms, send
from tests.acceptance.wasl_up import running
from tests.eventually import eventually
from tests.integration.telemetry.receivers import Receiver, receiving

ORDERS = 20
GENERATIONS = 3
"""Of tokens: from the install, and from two renewals."""
ITS_OWN = {"admin_key": ("start",)}
"""Where a secret is shown on purpose: `wasl up` tells the key of a try-out."""


@dataclass
class Told:
    """What there is to find, and where it is looked for."""

    secrets: dict[str, str] = field(default_factory=dict)
    places: dict[str, bytes] = field(default_factory=dict)

    def add(self, place: str, content: bytes) -> None:
        self.places[place] = self.places.get(place, b"") + b"\n" + content

    def hear(self, answer: Answer) -> Answer:
        """An answer that any visitor may get is a place as well."""
        self.add("answers", answer.body + json.dumps(dict(answer.headers)).encode())
        return answer


def forms(secret: str) -> list[bytes]:
    piece = min(24, len(secret))
    encoded = quote(secret, safe="")
    return [*readable_forms(secret, piece=piece), *readable_forms(encoded, piece=piece)]


def leaks(told: Told) -> list[tuple[str, str]]:
    return [
        (name, place)
        for name, secret in told.secrets.items()
        for place, content in told.places.items()
        if place not in ITS_OWN.get(name, ()) and any(form in content for form in forms(secret))
    ]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with (
        receiving() as outside,
        running(
            LOG_LEVEL="DEBUG",
            WASL_HANDLERS="tests.acceptance.apps.canary",
            OTEL_EXPORTER_OTLP_ENDPOINT=outside.url,
            OTEL_TRACES_SAMPLER_ARG="1",
            SENTRY_DSN=outside.dsn,
        ) as up,
    ):
        service, told = Service(up), Told()
        store_id = _install(service, told)
        _deliver(service, told, store_id)
        _renew(service, told, store_id, tmp_path_factory.mktemp("sandbox"))
        _knock(service, told, store_id)
        _sign_in(service, told)
        _commands(service, told)
        _break_something(service, outside)
        _search(service, told)
        assert eventually(lambda: bool(outside.spans()), seconds=60)
        told.add("outside", outside.everything())
        yield told


def _install(service: Service, told: Told) -> int:
    store_id = service.sandbox.new_store(products=2)
    browser = Browser()
    told.hear(browser.open(service.sandbox.activate_url(store_id)))
    [callback] = [url for url in browser.visited if "/auth/zid/callback" in url]
    asked = parse_qs(urlsplit(callback).query)
    told.secrets |= {"code": asked["code"][0], "state": asked["state"][0]}
    told.hear(send("GET", callback))  # once more, from another browser: refused on a page
    secrets = service.secrets
    for name in ("TOKEN_KEYS", "WEBHOOK_SECRET", "APP_EVENTS_SECRET", "SESSION_KEY", "SANDBOX_CLIENT_SECRET"):
        told.secrets[name] = secrets[name]
    told.secrets["admin_key"] = secrets["ADMIN_API_KEY"]
    addressee = Addressee(StoreId(store_id), InstallId(int(service.store(store_id)["install_id"])))
    told.secrets["webhook_password"] = webhook_password(Secret(secrets["WEBHOOK_SECRET"]), addressee).reveal()
    return store_id


def _deliver(service: Service, told: Told, store_id: int) -> None:
    service.sandbox.trigger(store_id, "order.create", ORDERS)
    service.sandbox.trigger(store_id, "category.create", 2)
    assert service.has_settled(store_id, received=ORDERS + 2, seconds=120), service.books(store_id)
    [dead, *_] = service.events(store_id, topic="category.create")
    told.hear(service.call("GET", f"/v1/events/{dead['id']}"))
    assert b"RuntimeError" in told.places["answers"], "what the handler fell over is shown"


def _renew(service: Service, told: Told, store_id: int, scratch: Path) -> None:
    """Twice well, once after Zid answered nonsense; with the tokens in the hands of whoever meets that."""
    told.hear(service.call("POST", f"/auth/refresh/{store_id}"))
    for kind in ("garbage", "cut"):
        service.sandbox.ask("POST", "/faults", {"route": "GET /v1/managers/account/profile", "kind": kind})
        told.hear(service.call("POST", f"/auth/test-authorize/{store_id}"))
    service.sandbox.ask("DELETE", "/faults", {})
    told.hear(service.call("POST", f"/auth/refresh/{store_id}"))
    told.hear(service.call("POST", f"/auth/test-authorize/{store_id}"))
    told.hear(service.call("GET", f"/auth/status/{store_id}"))

    def issued() -> list[dict[str, str]]:
        return issued_tokens(service.data_dir / "sandbox.json", scratch).get(store_id, [])

    assert eventually(lambda: len(issued()) >= GENERATIONS, seconds=120), "the sandbox saves what it issued"
    for number, grant in enumerate(issued()):
        told.secrets |= {f"{name} {number}": token for name, token in grant.items()}


def _knock(service: Service, told: Told, store_id: int) -> None:
    """With secrets where they do not belong: in a path, a query, a body, a header that is no good."""
    url, secrets = service.up.url, told.secrets
    token = secrets["refresh_token 0"]
    for path in (
        f"/v1/stores?key={quote(secrets['admin_key'])}",
        f"/v1/nothing/{quote(token[:200], safe='')}",
        f"/auth/zid/callback?code={quote(token)}&state={quote(secrets['state'])}",
        f"/webhooks/zid/{quote(secrets['webhook_password'])}/order.create",
    ):
        answer = send("GET", url + path)
        assert answer.status >= 200
    wrong = [("Authorization", f"Bearer {secrets['admin_key'][:-4]}AAAA"), ("Authorization", f"Bearer {token}")]
    for name, value in wrong:
        assert told.hear(send("GET", f"{url}/v1/stores", headers={name: value})).status == 401
    made = service.up.wasl("api-keys", "create", "canary", "--scope", "read", "--json")
    assert made.returncode == 0, made
    told.secrets["api_key"] = key = json.loads(made.stdout)["key"]
    told.hear(send("GET", f"{url}/v1/stores/{store_id}", headers={"Authorization": f"Bearer {key}"}))
    body = json.dumps({"reason": token}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    assert told.hear(send("POST", f"{url}/v1/dead-letters/discard", body, headers)).status == 403
    told.hear(send("POST", f"{url}/webhooks/zid-app/{secrets['APP_EVENTS_SECRET']}", b"{", headers={}))


def _sign_in(service: Service, told: Told) -> None:
    cookies = CookieJar()
    opener = build_opener(HTTPCookieProcessor(cookies))
    url = service.up.url
    page = send("GET", f"{url}/console/login", opener=opener).text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf
    fields = urlencode({"csrf": csrf[1], "key": told.secrets["admin_key"]}).encode()
    with opener.open(Request(f"{url}/console/login", data=fields), timeout=60) as answer:
        assert answer.status == 200
    session = [str(cookie.value) for cookie in cookies if "session" in cookie.name]
    assert session, [cookie.name for cookie in cookies]
    told.secrets["session"] = session[0]
    for path in ("/console", "/console/nothing"):
        told.hear(send("GET", url + path, opener=opener))


def _commands(service: Service, told: Told) -> None:
    assert eventually(lambda: sealed_lines(service) > 0, seconds=120), "a scheduler seals"
    for arguments in (
        ("stores", "refresh", "999999999"),
        ("keys", "status", "--json"),
        ("audit", "list", "--json"),
        ("audit", "verify", "--json"),
    ):
        said = service.up.wasl(*arguments)
        told.add("commands", (said.stdout + said.stderr).encode())
    told.secrets["database_password"] = password = token_urlsafe(32)
    nowhere = f"postgresql://wasl_app:{password}@127.0.0.1:1/none?password={password}"
    failed = service.up.wasl("status", DATABASE_URL=nowhere)
    assert failed.returncode == 1
    told.add("commands", (failed.stdout + failed.stderr).encode())
    assert b"token.refreshed" in told.places["commands"]
    assert b'"user"' in told.places["commands"], "who made the API key at the command line"
    verified = json.loads(said.stdout)
    assert verified["sealed"] > 0
    assert {flaw["flaw"] for flaw in verified["flaws"]} <= {"unsealed"}, "a busy machine may be late, nothing else"


def sealed_lines(service: Service) -> int:
    return int(service.sql("SELECT coalesce(sum(entries), 0) FROM audit_seals")[0][0])


def _break_something(service: Service, outside: Receiver) -> None:
    """So that a process meets what nobody foresaw, and tells of it."""
    with service.owner() as owner:
        owner.execute("ALTER TABLE alerts RENAME TO alerts_elsewhere")
        try:
            assert eventually(lambda: bool(outside.reports()), seconds=60), "a step that fails is reported"
        finally:
            owner.execute("ALTER TABLE alerts_elsewhere RENAME TO alerts")


def _search(service: Service, told: Told) -> None:
    parts = [process for processes in service.up.parts().values() for process in processes]
    told.add("ps", "\n".join(" ".join(line) for line in map(_command_line, parts)).encode())
    for process in parts:
        for port in _listens_on(process):
            metrics = _asked(f"http://127.0.0.1:{port}/metrics")
            told.add("metrics", metrics)
    told.add("start", service.up.output.encode())
    for log in (service.data_dir / "logs").iterdir():
        told.add("logs", log.read_bytes())
    for file in (service.data_dir / "spool").rglob("*"):
        told.add("spool", file.read_bytes() if file.is_file() else b"")
    with service.owner() as owner:
        told.add("database", dump(owner))
    if url := service.addresses.get("REDIS_URL"):
        with redis.Redis.from_url(url) as client:
            for key in client.scan_iter(count=1000):
                told.add("redis", key + b"=" + repr(_value(client, key)).encode())
        assert b"wasl:session:" in told.places["redis"]


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _listens_on(process: psutil.Process) -> set[int]:
    try:
        found = process.net_connections(kind="tcp")
    except psutil.Error:
        return set()
    if not any(word.startswith("wasl ") for word in _command_line(process)[:1]):
        return set()
    return {one.laddr.port for one in found if one.status == psutil.CONN_LISTEN}


def _asked(url: str) -> bytes:
    try:
        return send("GET", url).body
    except OSError:
        return b""


def _value(client: "redis.Redis[bytes]", key: bytes) -> object:
    readers: Mapping[bytes, object] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda name: client.lrange(name, 0, -1),
        b"zset": lambda name: client.zrange(name, 0, -1, withscores=True),
        b"stream": client.xrange,
    }
    reader = readers.get(client.type(key))
    return reader(key) if callable(reader) else None


def test_the_search_looks_where_things_are(told: Told) -> None:
    """Every place holds what it should hold: an empty one would prove nothing."""
    assert {"answers", "commands", "logs", "start", "ps", "metrics", "database"} <= {*told.places}
    assert b'"level":"debug"' in told.places["logs"]
    assert b"token.refreshed" in told.places["database"]
    assert b"wasl_http_requests_total" in told.places["metrics"]
    assert b"wasl_token_refresh_total" in told.places["metrics"]
    assert b"wasl consumer" in told.places["ps"]
    for word in (b"http request", b"zid call", b"oauth", b"step_failed", b"UndefinedTableError"):
        assert word in told.places["outside"], word
    assert len(told.secrets) >= 3 * GENERATIONS + 10
    assert all(len(secret) >= 20 for secret in told.secrets.values()), {
        name: len(secret) for name, secret in told.secrets.items()
    }


def test_a_planted_secret_is_found_in_every_form(told: Told) -> None:
    secret = told.secrets["TOKEN_KEYS"]
    for name, written in (
        ("plain", secret.encode()),
        ("percent", quote(secret, safe="").encode()),
        ("hex", secret.encode().hex().encode()),
        ("in a URL", b"https://x.example/?a=1&key=" + quote(secret).encode()),
    ):
        assert leaks(Told({"planted": secret}, {name: b"before" + written + b"after"})) == [("planted", name)]


def test_no_secret_is_in_any_of_them(told: Told) -> None:
    assert leaks(told) == []
