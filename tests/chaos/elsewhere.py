"""A server elsewhere that handlers tell of what they do, and that keeps every call."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Call:
    """One call: under which idempotency key, for which event, by which process, when."""

    key: str
    event: str
    pid: int
    at: float


@dataclass
class Elsewhere:
    url: str
    calls: list[Call] = field(default_factory=list)

    def note(self, told: Mapping[str, Any]) -> None:
        self.calls.append(Call(str(told["key"]), str(told["event"]), int(told["pid"]), time.monotonic()))

    def repeated(self) -> dict[str, list[Call]]:
        """The calls that were made more than once, all of each."""
        by_key: dict[str, list[Call]] = {}
        for call in list(self.calls):
            by_key.setdefault(call.key, []).append(call)
        return {key: calls for key, calls in by_key.items() if len(calls) > 1}


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    class Noting(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.note(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with Server(("127.0.0.1", 0), Noting) as server:
        kept = Elsewhere(f"http://127.0.0.1:{server.server_address[1]}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
