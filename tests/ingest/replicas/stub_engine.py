"""A database that speaks the calls of every kind, holds its points in a dict, and can fail in all ways."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.ingest.replicas.line_reader import read_back

__all__ = ["Answer", "StubEngine", "stub_engine"]

Point = tuple[str, tuple[tuple[str, str], ...], int]


@dataclass(slots=True)
class Answer:
    """What a request gets instead of being carried out."""

    status: int
    body: str = ""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Close the connection in the middle of the body."""


@dataclass(slots=True)
class StubEngine:
    """What was written, by measurement, tags and time; `fault` decides what a request gets."""

    url: str = ""
    points: dict[Point, dict[str, object]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    fault: Callable[[str, list[str]], Answer | None] = lambda path, lines: None
    date: float | None = None
    is_dark: bool = False
    """Nothing answers: connections are closed at once."""
    arrived: threading.Event = field(default_factory=threading.Event)

    def write(self, lines: list[str]) -> None:
        for line in lines:
            measurement, tags, fields, utc_ns = read_back(line)
            self.points.setdefault((measurement, tuple(tags.items()), utc_ns), {}).update(fields)
        self.arrived.set()

    def delete(self, wanted: dict[str, str], measurement: str | None) -> None:
        self.points = {
            key: fields
            for key, fields in self.points.items()
            if not (wanted.items() <= dict(key[1]).items() and measurement in {None, key[0]})
        }

    def of(self, measurement: str, **tags: str) -> dict[int, dict[str, object]]:
        """The fields of points by their time, of all series that have these tags."""
        found: dict[int, dict[str, object]] = {}
        for (name, pairs, utc_ns), fields in self.points.items():
            if name == measurement and tags.items() <= dict(pairs).items():
                found.setdefault(utc_ns, {}).update(fields)
        return dict(sorted(found.items()))

    def lessons(self) -> set[str]:
        return {dict(key[1])["lesson"] for key in self.points if "lesson" in dict(key[1])}


def carry_out(engine: StubEngine, path: str, query: dict[str, list[str]], body: bytes) -> None:
    if path.endswith("/write"):
        engine.write(body.decode().split("\n"))
    elif path.endswith("/api/v2/delete"):
        found = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', json.loads(body)["predicate"]))
        engine.delete(found, found.pop("_measurement", None))
    elif path.endswith("/delete_series"):
        found = dict(re.findall(r'(\w+)=~?"((?:[^"\\]|\\.)*)"', query["match[]"][0]))
        name = found.pop("__name__", None)
        engine.delete(found, None if name is None else name.removesuffix("_.*"))
    elif path.endswith("/query"):
        statement = parse_qs(body.decode())["q"][0]
        name = re.search(r'FROM "(\w+)"', statement)
        found = dict(re.findall(r"\"(\w+)\" = '((?:[^'\\]|\\.)*)'", statement))
        engine.delete(found, name and name[1])


@contextmanager
def stub_engine() -> Iterator[StubEngine]:
    """The database on a free port of loopback, while the block runs."""
    engine = StubEngine()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if engine.is_dark:
                self.close_connection = True
                self.connection.close()
                return
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            engine.requests.append((parts.path, query))
            engine.tokens.append(self.headers.get("Authorization"))
            is_write = parts.path.endswith("/write")
            answer = engine.fault(parts.path, body.decode().split("\n") if is_write else [])
            if answer is None:
                carry_out(engine, parts.path, query, body)
                answer = Answer(200, '{"results":[{}]}') if parts.path == "/query" else Answer(204)
            self.answer(answer)

        def answer(self, answer: Answer) -> None:
            self.send_response_only(answer.status)
            self.send_header("Date", formatdate(engine.date, usegmt=True))
            text = answer.body.encode("utf-8", "surrogateescape")
            if answer.status != 204:
                self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(text) + 1_000 * answer.cut))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)
            if answer.cut:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep the tests' output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    engine.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield engine
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
