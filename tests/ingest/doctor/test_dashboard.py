"""The doctor asks whose pages answer, and finds them wherever they listen."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from contract.finding import Finding
from ingest.doctor import checks as doctor
from ingest.doctor.checks import program_finding
from ingest.doctor.dashboard import dashboard_finding
from ingest.monitoring.page_address import address_noted, noted_address
from ingest.settings import ServerSettings
from roomtone.demo.broker import free_port


def settings(folder: Path, port: int, host: str = "127.0.0.1") -> ServerSettings:
    return ServerSettings(site="s", data_dir=folder, dashboard={"port": port, "host": host})


def found(mine: ServerSettings) -> Finding:
    return dashboard_finding(mine)


@contextmanager
def serving(words: bytes, status: int = 200, host: str = "127.0.0.1") -> Iterator[int]:
    """Any program that speaks HTTP and answers each question with these words."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(HTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    server = Server((host, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def speaking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Any program that does something else with its first connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield server.getsockname()[1]
        thread.join(60)


def words(folder: Path, program: str = "dashboard", **more: object) -> bytes:
    return json.dumps({"program": program, "data_dir": str(folder.absolute()), **more}).encode()


@pytest.mark.parametrize("status", (200, 404, 500))
@pytest.mark.parametrize("text", (b"<html>My camera</html>", b"[1]", b'{"program": "nginx"}', b""))
def test_a_strangers_page_is_not_taken_for_ours(tmp_path: Path, status: int, text: bytes) -> None:
    with serving(text, status) as port:
        one = found(settings(tmp_path, port))
        score = program_finding("score", port, settings(tmp_path, port))
    assert one.state == score.state == "wrong"
    assert one.said == (
        f"is not what answers on port {port}: a program that is not Roomtone's has that port"
    )
    assert "dashboard.port" in one.advice
    assert "score.health_port" in score.advice


def test_another_program_of_ours_and_another_schools_pages(tmp_path: Path) -> None:
    with serving(words(tmp_path, "score")) as port:
        assert "`roomtone score` has that port" in found(settings(tmp_path, port)).said
    with serving(words(tmp_path / "other")) as port:
        one = found(settings(tmp_path, port))
    assert (one.state, one.said) == ("wrong", f"on port {port} belongs to {tmp_path / 'other'}")


def test_a_program_that_speaks_no_http_or_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greet(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.sendall(b"220 mail.example ESMTP\r\n")

    def close(connection: socket.socket) -> None:
        connection.recv(4_096)

    def stream(connection: socket.socket) -> None:
        connection.recv(4_096)
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b"frame" * 20_000)
        except OSError:
            return

    monkeypatch.setattr(doctor, "_MAX_PAGE_BYTES", 1 << 20)
    for talk in (greet, close, stream):
        with speaking(talk) as port:
            said = found(settings(tmp_path, port)).said
        assert "is not what answers" in said, talk.__name__


def test_pages_that_were_started_on_another_port_are_found(tmp_path: Path) -> None:
    mine = settings(tmp_path, free_port())
    with serving(words(tmp_path)) as port, address_noted(tmp_path, "127.0.0.1", port):
        assert found(mine).state == "fine"
        assert found(settings(tmp_path, 0)).state == "fine"
    assert noted_address(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    one = found(mine)
    assert (one.state, "does not answer on port" in one.said) == ("wrong", True)
    assert found(settings(tmp_path, 0)).said == "does not run"


def test_a_note_that_leads_to_a_stranger_is_not_believed(tmp_path: Path) -> None:
    with (
        serving(words(tmp_path)) as own,
        serving(b"a stranger") as other,
        address_noted(tmp_path, "127.0.0.1", other),
    ):
        assert found(settings(tmp_path, own)).state == "fine"
        assert "does not answer" in found(settings(tmp_path, free_port())).said
    (tmp_path / "dashboard-address.json").write_bytes(b"\xff{")
    assert noted_address(tmp_path) is None


def test_pages_on_the_other_loopback_address(tmp_path: Path) -> None:
    try:
        with serving(words(tmp_path), host="::1") as port:
            assert found(settings(tmp_path, port, host="::1")).state == "fine"
            with address_noted(tmp_path, "::1", port):
                assert found(settings(tmp_path, free_port())).state == "fine"
    except OSError:
        pytest.skip("there is no IPv6 here")


def test_where_no_note_can_be_written_the_pages_are_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with address_noted(tmp_path / "none", "127.0.0.1", 8_000):
        assert "looks for the pages on dashboard.port" in caplog.text


@pytest.mark.slow
def test_a_real_dashboard_is_found_until_it_ends(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "s"\ndata_dir = "{tmp_path / "data"}"\n[dashboard]\nport = {port}\n',
        encoding="utf-8",
    )
    mine = ServerSettings.load(config)
    command = [
        sys.executable,
        "-P",
        "-m",
        "roomtone",
        "dashboard",
        "--config",
        config,
        "--port",
        "0",
    ]
    for end in (subprocess.Popen.terminate, subprocess.Popen.kill):
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:
            try:
                assert program.stderr is not None
                assert any(re.search("the pages are at", line) for line in program.stderr)
                assert found(mine) == Finding(
                    about="dashboard", state="fine", said="runs, and works"
                )
                assert "belongs to" in found(
                    settings(tmp_path / "other", noted_port(tmp_path / "data"))
                ).said  # fmt: skip
            finally:
                end(program)
        assert found(mine).said == f"does not answer on port {port}"
        is_left = (tmp_path / "data" / "dashboard-address.json").exists()
        assert is_left == (end is subprocess.Popen.kill)


def noted_port(data_dir: Path) -> int:
    noted = noted_address(data_dir)
    assert noted is not None
    return noted.port
