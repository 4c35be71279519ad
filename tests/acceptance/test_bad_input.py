"""What comes from outside and is wrong: strangers are refused, what is genuine is kept, people are told what to do."""

import urllib.parse
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest
import redis

from core.domain.secret import Secret
from core.domain.webhook_address import USERNAME, password, read_install_token
from tests.acceptance.one_database import ONE_DATABASE
from tests.acceptance.story import Answer, Browser, Service, send, together
from tests.acceptance.wasl_up import running
from tests.eventually import eventually

LARGEST = 64 * 1024


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running("--no-demo", WEBHOOK_MAX_BYTES=str(LARGEST)) as up:
        yield Service(up)


@dataclass(frozen=True)
class Hook:
    """What Zid was given for one install's webhooks."""

    service: Service
    store_id: int
    token: str
    password: str

    @classmethod
    def of(cls, service: Service, store_id: int) -> "Hook":
        """Seen from outside: the address of a delivery that came in."""
        service.sandbox.trigger(store_id, "order.create")
        assert service.has_settled(store_id, received=1)
        token = service.sandbox.deliveries(store_id, "order.create")[0]["url"].split("/")[-2]
        secret = Secret(service.secrets["WEBHOOK_SECRET"])
        return cls(service, store_id, token, password(secret, read_install_token((secret,), token)).reveal())

    def deliver(self, body: bytes, topic: str = "order.create") -> Answer:
        address = f"{self.service.up.url}/webhooks/zid/{self.token}/{topic}"
        credentials = b64encode(f"{USERNAME}:{self.password}".encode()).decode()
        return send("POST", address, body, {"Authorization": f"Basic {credentials}"})

    def newest(self) -> dict[str, object]:
        event = self.service.events(self.store_id)[0]
        return dict(self.service.call("GET", f"/v1/events/{event['id']}").json)


@pytest.fixture(scope="module")
def hook(service: Service) -> Hook:
    return Hook.of(service, service.new_store())


def test_strangers_are_refused_and_leave_nothing_behind(service: Service, hook: Hook) -> None:
    before = service.books()
    other = service.new_store()
    swapped = hook.token[:-1] + ("A" if hook.token[-1] != "A" else "Q")
    for token in (swapped, "x", "%00", hook.token[:20]):
        answer = replace(hook, token=token).deliver(b'{"id": 1}')
        assert_problem(answer, 404, "/problems/not-found")
    foreign = replace(Hook.of(service, other), token=hook.token)
    for wrong in (replace(hook, password="guessed"), replace(hook, password=""), foreign):
        answer = wrong.deliver(b'{"id": 1}')
        assert_problem(answer, 401, "/problems/wrong-credentials")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    without = send("POST", f"{service.up.url}/webhooks/zid/{hook.token}/order.create", b"{}")
    assert_problem(without, 401, "/problems/wrong-credentials")
    assert service.books(hook.store_id)["received"] == 1
    assert service.books()["received"] == before["received"] + 1, "only the other store's own order"
    said = b"".join(path.read_bytes() for path in (service.data_dir / "logs").iterdir())
    assert b"webhook_refused" in said
    assert not [secret for secret in (hook.password, hook.token, "guessed") if secret.encode() in said]


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("order.exploded", b'{"id": 7}', "unknown topic"),
        ("order.create", b'{"id": ', "not JSON"),
        ("order.create", b"\xff\xfe\x00", "not JSON"),
        ("order.create", b"", "not JSON"),
        ("order.create", b'["no", "order"]', ""),
        ("order.create", b'{"hello": "world"}', ""),
    ],
)
def test_what_is_genuine_but_of_no_use_is_taken_and_kept(
    service: Service, hook: Hook, topic: str, body: bytes, reason: str
) -> None:
    before = service.books(hook.store_id)
    assert hook.deliver(body, topic).status == 200
    event = hook.newest()
    assert (event["topic"], event["state"], event["size"]) == (topic, "dead", len(body))
    assert event["reason"]
    assert reason in str(event["reason"])
    books = service.books(hook.store_id)
    assert (books["received"], books["dead"]) == (before["received"] + 1, before.get("dead", 0) + 1)
    assert books["balanced"] is True


def test_an_oversized_body_is_told_of_and_not_kept(service: Service, hook: Hook) -> None:
    assert hook.deliver(b'{"id": 8, "padding": "' + b"x" * LARGEST + b'"}').status == 200
    event = hook.newest()
    assert event["state"] == "dead"
    assert f"{LARGEST + 24} bytes is over WEBHOOK_MAX_BYTES" in str(event["reason"])
    assert not event["body"]
    assert not event["body_base64"]
    assert service.books(hook.store_id)["balanced"] is True


def test_what_comes_for_a_dead_install_is_cancelled_without_its_body(service: Service) -> None:
    store_id = service.new_store()
    hook = Hook.of(service, store_id)
    assert service.sandbox.ask("POST", f"/stores/{store_id}/uninstall", {})["event_sent"] is True
    assert eventually(lambda: service.store(store_id)["state"] == "uninstalled", seconds=60)
    assert hook.deliver(b'{"id": 9, "customer": {"name": "Sara"}}').status == 200
    event = hook.newest()
    assert (event["state"], event["body"], event["body_base64"]) == ("cancelled", None, None)
    books = service.books(store_id)
    assert (books["received"], books["cancelled"], books["done"], books["balanced"]) == (2, 1, 1, True)
    assert service.sql("SELECT count(*) FROM tokens WHERE store_id = %s", store_id) == [(0,)]


def test_a_forged_state_installs_nothing(service: Service) -> None:
    page = Browser().open(f"{service.up.url}/auth/zid/callback?code=stolen&state=made-up.0123456789abcdef")
    assert_page(page, "This installation cannot be continued", "does not come from an installation")


def test_a_used_state_installs_nothing_more(service: Service) -> None:
    store_id = service.sandbox.new_store()
    browser = Browser()
    assert browser.open(service.sandbox.activate_url(store_id)).status == 200
    installed = service.store(store_id)["install_id"]
    callback = browser.visited[-1]
    assert "/auth/zid/callback?" in callback
    for again in (browser, Browser()):
        assert_page(again.open(callback), "This installation cannot be continued", "used already, or more than ten")
    assert service.store(store_id)["install_id"] == installed
    assert service.store(store_id)["state"] == "active"


def test_a_state_whose_time_is_over_installs_nothing(service: Service) -> None:
    browser = Browser()
    browser.open(f"{service.up.url}/auth/zid")
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(browser.visited[0]).query)["state"][0]
    (ends_in_postgres if ONE_DATABASE else ends_in_redis)(service, state)
    page = browser.open(f"{service.up.url}/auth/zid/callback?code=late&state={state}")
    assert_page(page, "This installation cannot be continued", "more than ten minutes have passed")


def ends_in_redis(service: Service, state: str) -> None:
    with redis.Redis.from_url(service.addresses["REDIS_URL"]) as client:
        (key,) = [name for name in client.scan_iter() if state.encode() in name]
        assert 0 < client.ttl(key) <= 600
        client.pexpire(key, 1)
        assert eventually(lambda: not client.exists(key))


def ends_in_postgres(service: Service, state: str) -> None:
    [(left,)] = service.sql(
        "WITH known AS (SELECT * FROM short_lived WHERE key = %s) "
        "UPDATE short_lived s SET expires_at = now() FROM known WHERE s.key = known.key "
        "RETURNING extract(epoch FROM known.expires_at - now())::float8",
        sha256(f"state\0{state}".encode()).digest(),
    )
    assert 0 < left <= 600


def test_a_state_of_another_browser_installs_nothing(service: Service) -> None:
    victim = Browser()
    victim.open(f"{service.up.url}/auth/zid")
    state = urllib.parse.parse_qs(urllib.parse.urlsplit(victim.visited[0]).query)["state"][0]
    page = Browser().open(f"{service.up.url}/auth/zid/callback?code=planted&state={state}")
    assert_page(page, "This installation cannot be continued", "another browser")


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("error=access_denied", "The installation was not approved"),
        ("error_code=EC3", "The store has not subscribed to the app yet"),
        ("error=server_error&error_description=%3Cscript%3E", "Zid stopped the installation"),
    ],
)
def test_an_error_of_zid_is_explained(service: Service, query: str, title: str) -> None:
    page = Browser().open(f"{service.up.url}/auth/zid/callback?{query}")
    assert_page(page, title, "Nothing was installed" if "EC3" not in query else "App Market")
    assert "<script>" not in page.text


def test_a_port_in_use_is_told_in_one_line(service: Service) -> None:
    port = str(service.up.port)
    told = together(
        [
            lambda: service.up.wasl("http", HTTP_PORT=port),
            lambda: service.up.wasl("consumer", METRICS_PORT=port),
        ]
    )
    for done, texts in zip(told, ((f"port {port}", "HTTP_PORT"), ("METRICS_PORT", port)), strict=True):
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done
        assert done.stderr.startswith("wasl: ")
        assert "Traceback" not in done.stdout + done.stderr
        assert all(text in done.stderr for text in texts), done.stderr


def assert_problem(answer: Answer, status: int, kind: str) -> None:
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json
    assert (problem["type"], problem["status"]) == (kind, status)
    assert problem["request_id"] == answer.headers["X-Request-Id"]


def assert_page(page: Answer, *texts: str) -> None:
    """A page for people: what happened, and a link to start again."""
    assert 400 <= page.status < 404, page
    assert page.headers["Content-Type"].startswith("text/html")
    assert all(text in page.text for text in texts), page.text
    assert 'href="/auth/zid"' in page.text
