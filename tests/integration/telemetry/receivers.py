"""Stand-ins for those who are told: a collector of traces and a Sentry, both plain HTTP servers in a thread."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Post:
    """One request: where, with which headers, and its body unpacked."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class ReceivedSpan:
    """One span as a collector shows it."""

    name: str
    process: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict[str, str | int]
    failed: bool


@dataclass
class Receiver:
    """Whoever posts to it is heard."""

    port: int = 0
    posts: list[Post] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.port}/7"

    def heard(self) -> list[Post]:
        with self.lock:
            return list(self.posts)

    def everything(self) -> bytes:
        return b"\n".join(post.body + json.dumps(post.headers).encode() for post in self.heard())

    def spans(self) -> list[ReceivedSpan]:
        return [span for post in self.heard() if post.path == "/v1/traces" for span in _spans(post.body)]

    def reports(self) -> list[dict[str, Any]]:
        """Sentry's events: of each envelope the items after its header, each with a header of its own."""
        lines = [line for post in self.heard() if "/envelope/" in post.path for line in post.body.splitlines()]
        return [one for one in map(json.loads, filter(None, lines)) if "exception" in one]


def _spans(body: bytes) -> Iterator[ReceivedSpan]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                attributes = {
                    one.key: one.value.string_value if one.value.HasField("string_value") else one.value.int_value
                    for one in span.attributes
                }
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                yield ReceivedSpan(span.name, about["wasl.process"], *ids, attributes, span.status.code == 2)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            match self.headers.get("Content-Encoding"):
                case "gzip":
                    body = gzip.decompress(body)
                case "deflate":
                    body = zlib.decompress(body)
            with receiver.lock:
                receiver.posts.append(Post(self.path, dict(self.headers), body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
