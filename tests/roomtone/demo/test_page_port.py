"""The pages' port is taken by a stranger between its choice and the dashboard's start."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from contract.errors import UsageError
from contract.settings import BrokerSettings
from roomtone.demo.broker import free_port
from roomtone.demo.page_port import choose_port, fetch, serve_pages
from roomtone.demo.programs import ProgramError, Programs
from roomtone.demo.settings_files import server_toml
from school import open_lesson_store
from school.lessons.records import Lesson
from tests.signed_in import cookie_of_all, header

LESSON = "lesson-of-this-test"


class Stranger(BaseHTTPRequestHandler):
    """Answers everything: that somebody answers must not be taken for our own pages."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"I am not Roomtone")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def stranger() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    data = tmp_path / "data"
    lessons = open_lesson_store(data)
    lessons.put(
        Lesson(
            id=LESSON, room="r1", teacher="t", title="", starts_utc_ns=1_760_000_000_000_000_000,
            ends_utc_ns=1_760_000_060_000_000_000, source="button",
        )
    )  # fmt: skip
    lessons.close()
    text = server_toml(site="s", data_dir=data, broker=BrokerSettings(), time_zone="UTC")
    (tmp_path / "server.toml").write_text(text)
    programs = Programs(tmp_path / "logs")
    yield programs
    programs.stop_all()


@pytest.mark.programs
@pytest.mark.slow
def test_a_port_taken_at_the_worst_moment_is_exchanged_for_another(
    programs: Programs, stranger: HTTPServer, tmp_path: Path
) -> None:
    cookie = header(cookie_of_all(tmp_path / "data"))["Cookie"]
    free = free_port()
    ports = [stranger.server_address[1], free]
    said: list[str] = []
    port = serve_pages(
        programs, "--config", str(tmp_path / "server.toml"),
        lesson=LESSON, cookie=cookie, choose=lambda: ports.pop(0), report=said.append,
    )  # fmt: skip
    assert port == free
    assert said == [
        f"port       {stranger.server_address[1]} has been taken by now; choosing another"
    ]
    assert LESSON.encode() in fetch(f"http://127.0.0.1:{port}/", cookie)
    programs.check()


@pytest.mark.programs
@pytest.mark.slow
def test_a_dashboard_that_fails_for_another_reason_is_not_tried_again(
    programs: Programs, tmp_path: Path
) -> None:
    (tmp_path / "server.toml").write_text("site = 7\n")
    asked: list[int] = []

    def choose() -> int:
        asked.append(free_port())
        return asked[-1]

    with pytest.raises(ProgramError, match="dashboard exited unexpectedly"):
        serve_pages(
            programs, "--config", str(tmp_path / "server.toml"),
            lesson=LESSON, choose=choose, report=lambda _: None,
        )  # fmt: skip
    assert len(asked) == 1


def test_a_port_that_was_asked_for_is_not_exchanged() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--port: {port} can't be used"):
            choose_port(port, lambda _: None)


def test_a_free_port_is_taken_as_asked() -> None:
    port = free_port()
    assert choose_port(port, lambda _: None) == port
