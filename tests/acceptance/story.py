"""The cast of the acceptance tests: the stand-in Zid, merchants' browsers, the ledger, the database behind it all."""

import json
import shutil
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.sql import SQL, Composable, Identifier

from tests.acceptance.wasl_up import WaslUp
from tests.eventually import eventually

STATES = ("queued", "running", "waiting", "done", "dead", "cancelled", "erased")


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status; `url` is where redirects ended."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    opener: urllib.request.OpenerDirector | None = None,
) -> Answer:
    """One request, redirects followed; errors of HTTP are answers too."""
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}), method=method)
    try:
        with (opener or urllib.request.build_opener()).open(request, timeout=60) as answer:
            return Answer(answer.status, answer.url, dict(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.url, dict(error.headers), error.read())


class Browser:
    """Keeps cookies, follows redirects and remembers every address it was sent to."""

    def __init__(self) -> None:
        self.visited: list[str] = []
        visited = self.visited

        class Follow(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *given: Any) -> urllib.request.Request | None:
                visited.append(given[-1])
                return super().redirect_request(*given)

        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(), Follow())

    def open(self, url: str) -> Answer:
        return send("GET", url, headers={"Accept-Language": "en"}, opener=self._opener)


@dataclass(frozen=True)
class Sandbox:
    """The stand-in Zid's control API."""

    url: str

    def ask(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Any:
        body = json.dumps(document).encode() if document is not None else None
        answer = send(method, f"{self.url}/__sandbox{path}", body)
        assert answer.status < 300, (path, answer)
        return answer.json

    def new_store(self, **wanted: int) -> int:
        return int(self.ask("POST", "/stores", {"products": 3, **wanted})["store_id"])

    def activate_url(self, store_id: int) -> str:
        return f"{self.url}/__sandbox/stores/{store_id}/activate"

    def trigger(self, store_id: int, event: str, count: int = 1, **more: Any) -> Any:
        return self.ask("POST", "/trigger", {"store_id": store_id, "event": event, "count": count, **more})

    def turn(self, **knobs: Any) -> None:
        """Knobs, with `__` for the dots in their names."""
        self.ask("PUT", "/knobs", {name.replace("__", "."): value for name, value in knobs.items()})

    def stats(self, store_id: int | None = None) -> Any:
        found = self.ask("GET", "/stats")
        return found if store_id is None else found["stores"][str(store_id)]

    def has_delivered(self, store_id: int | None = None, *, seconds: float = 60) -> bool:
        """Nothing is on its way any more."""
        return eventually(lambda: self.stats(store_id)["deliveries"]["pending"] == 0, seconds=seconds)

    def deliveries(self, store_id: int, event: str) -> list[Any]:
        """Newest first, with their bodies."""
        query = urllib.parse.urlencode({"store_id": store_id, "event": event, "bodies": "true"})
        return list(self.ask("GET", f"/deliveries?{query}")["deliveries"])

    def refreshes(self, store_id: int) -> tuple[int, int]:
        """Refresh tokens exchanged for new ones, and uses of spent ones."""
        oauth = self.stats(store_id)["oauth"]
        return oauth["refresh_token"].get("ok", 0), oauth["refresh_reuse"]


@dataclass(frozen=True)
class Service:
    """A running `wasl up` with its sandbox, asked over HTTP, SQL and the command line."""

    up: WaslUp

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox(self.up.sandbox_url)

    @property
    def data_dir(self) -> Path:
        return self.up.home / ".wasl"

    @property
    def addresses(self) -> dict[str, str]:
        """The environment that the processes were given, as the other commands read it."""
        return dict(json.loads((self.data_dir / "run.json").read_text())["environment"])

    @property
    def secrets(self) -> dict[str, str]:
        lines = (self.data_dir / "wasl.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def children(self, title: str) -> set[int]:
        """The pids of what `wasl up` itself started under this title."""
        up = self.up.process.pid
        return {process.pid for process in self.up.parts().get(title, []) if _parent(process) == up}

    def install(self, *stores: int) -> None:
        """Each merchant clicks Activate in a browser of his own."""
        with ThreadPoolExecutor(4) as merchants:
            pages = list(merchants.map(lambda store: Browser().open(self.sandbox.activate_url(store)), stores))
        assert all(is_success(page) for page in pages), [(page.status, page.url) for page in pages]

    def new_store(self, **wanted: int) -> int:
        """A fresh store with the app installed."""
        store_id = self.sandbox.new_store(**wanted)
        self.install(store_id)
        return store_id

    def quiet_store(self, **wanted: int) -> int:
        """A fresh store whose backfill is over: nobody calls Zid for it any more unless asked."""
        store_id = self.new_store(**wanted)
        assert eventually(lambda: self._is_filled(store_id), seconds=60)
        return store_id

    def quiet_stores(self, number: int, **wanted: int) -> list[int]:
        """Several of them, filled side by side."""
        stores = [self.sandbox.new_store(**wanted) for _ in range(number)]
        self.install(*stores)
        assert all(eventually(lambda store=store: self._is_filled(store), seconds=60) for store in stores)
        return stores

    def _is_filled(self, store_id: int) -> bool:
        kinds = self.call("GET", f"/v1/stores/{store_id}/backfill").json["items"]
        return bool(kinds) and all(kind["state"] == "done" for kind in kinds)

    def call(self, method: str, path: str) -> Answer:
        return send(method, self.up.url + path, headers={"Authorization": f"Bearer {self.up.admin_key}"})

    def store(self, store_id: int) -> Any:
        return self.call("GET", f"/v1/stores/{store_id}").json

    def books(self, store_id: int | None = None) -> dict[str, Any]:
        """The ledger, without what is zero among its states."""
        ledger = self.call("GET", "/v1/ledger" + (f"?store_id={store_id}" if store_id else "")).json
        return {name: value for name, value in ledger.items() if value or name not in STATES}

    def events(self, store_id: int, **wanted: str) -> list[Any]:
        """Newest first."""
        query = urllib.parse.urlencode({"store_id": store_id, "limit": 100, **wanted})
        return list(self.call("GET", f"/v1/events?{query}").json["items"])

    def has_settled(self, store_id: int | None = None, *, received: int, seconds: float = 60) -> bool:
        """So many events were received, and none of any origin is unfinished."""
        return eventually(lambda: is_settled(self.try_books(store_id), received), seconds=seconds)

    def try_books(self, store_id: int | None = None) -> dict[str, Any]:
        """The ledger, or nothing while somebody is starting again."""
        try:
            books = self.books(store_id)
        except (OSError, ValueError, AttributeError):
            return {}
        return books if "received" in books else {}

    def sql(self, statement: str | Composable, *values: object) -> list[tuple[Any, ...]]:
        """As the database's owner."""
        with self.owner() as owner:
            cursor = owner.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def audited(self, store_id: int, action: str) -> int:
        """How often the audit trail tells of it."""
        return int(self.sql("SELECT count(*) FROM audit WHERE store_id = %s AND action = %s", store_id, action)[0][0])

    def end_leases(self, *workers: int) -> None:
        """What ten seconds without a renewal would do."""
        self.sql("UPDATE workers SET lease_until = now() WHERE worker_id = ANY (%s)", list(workers))

    def workers(self, kind: str) -> list[int]:
        return [worker for (worker,) in self.sql("SELECT worker_id FROM workers WHERE kind = %s", kind)]

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with psycopg.connect(self.addresses["MIGRATE_DATABASE_URL"], autocommit=True) as connection:
            yield connection


def _parent(process: psutil.Process) -> int | None:
    """None when it is gone."""
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return None


def is_success(page: Answer) -> bool:
    return page.status == 200 and "/auth/zid/callback" in page.url and "Installed" in page.text


def is_settled(books: Mapping[str, Any], received: int) -> bool:
    if books.get("received", -1) < received or books.get("spooled"):
        return False
    every = [books, *books["by_origin"].values()]
    return not any(origin.get(state) for origin in every for state in ("queued", "running", "waiting"))


def dump(connection: psycopg.Connection[tuple[Any, ...]]) -> bytes:
    """Every row of every table the service has, as Postgres stores the values: text as text, bytea as bytes."""
    tables = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    assert {"tokens", "events", "audit"} <= {name for _, name in tables}
    return b"".join(_copied(connection, Identifier(*table)) for table in tables)


def _copied(connection: psycopg.Connection[tuple[Any, ...]], table: Identifier) -> bytes:
    with connection.cursor().copy(SQL("COPY {} TO STDOUT (FORMAT binary)").format(table)) as copy:
        return b"".join(bytes(block) for block in copy)


def readable_forms(token: str, *, piece: int = 32, pieces: int = 6) -> list[bytes]:
    """Parts from all over the token: plain, in hexadecimal digits, and as base64 wherever in a text it may begin."""
    step = max(1, (len(token) - piece) // (pieces - 1))
    parts = [token[start : start + piece].encode() for start in range(0, len(token) - piece + 1, step)]
    return [form for part in parts for form in (part, part.hex().encode(), *_base64(part))]


def _base64(part: bytes) -> list[bytes]:
    """Digits at either end also depend on the neighbours, so they are left out."""
    return [b64encode(bytes(shift) + part)[4 * (shift > 0) : -4] for shift in range(3)]


def issued_tokens(sandbox_state: Path, scratch: Path) -> dict[int, list[dict[str, str]]]:
    """Every token set that the sandbox ever issued, by store, from a copy of its state file."""
    copy = scratch / "sandbox-copy"
    for suffix in ("", "-wal"):
        if (found := sandbox_state.with_name(sandbox_state.name + suffix)).exists():
            shutil.copy(found, copy.with_name(copy.name + suffix))
    connection = sqlite3.connect(copy)
    try:
        rows = connection.execute("SELECT value FROM rows WHERE section = 'grant' ORDER BY rowid").fetchall()
    finally:
        connection.close()
    issued: dict[int, list[dict[str, str]]] = {}
    for (value,) in rows:
        grant = json.loads(value)
        tokens = {name: grant[name] for name in ("authorization", "manager_token", "refresh_token")}
        issued.setdefault(grant["store_id"], []).append(tokens)
    return issued


def together(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """All at the same time; their results in order."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [call.result() for call in [pool.submit(call) for call in calls]]
