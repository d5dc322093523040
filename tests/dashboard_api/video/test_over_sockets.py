"""Uploads on real sockets: slow, hung, refused, and through the end of the program."""

from __future__ import annotations

import base64
import http.client
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contract.clock import SECOND_NS
from dashboard_api.app import create_app
from dashboard_api.settings import DashboardSettings
from dashboard_api.web.access import COOKIE
from school import open_school
from school.lessons.records import Lesson
from school.video.records import consent_hash
from school.video.settings import VideoSettings
from tests.dashboard_api.server import Peer, Server, serving, until
from tests.signed_in import cookie, cookie_of_all, header

pytestmark = pytest.mark.slow

HEAD = b"\0\0\0\x18ftypisom"
FILM = HEAD + bytes(range(256)) * 80_000
"""20 MB; nothing in it can be decoded."""
UPLOADS = "/api/lessons/sample/video/uploads"
CONSENT = base64.b64encode(consent_hash(VideoSettings().consent_text).encode()).decode()
BEGIN = {"Tus-Resumable": "1.0.0", "Upload-Metadata": f"consent {CONSENT}"}
PART = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def server(stores, filled, clock, settings) -> Iterator[Server]:
    limits = DashboardSettings(body_timeout_s=2.0)
    app = create_app(lambda: stores, settings=limits, clock=clock, video=settings)
    token = cookie(stores.people, clock.utc_ns())[COOKIE]
    with serving(app, limits, f"Cookie: {COOKIE}={token}") as served:
        until((settings.key_directory / "key").exists)
        yield served


def lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def begin(server: Server, size: int = len(FILM)) -> str:
    asked = lines(BEGIN | {"Upload-Length": str(size), "Content-Length": "0"})
    reply = server.peer().ask(UPLOADS, *asked, method="POST")
    assert reply.status == 201, reply.body
    return reply.headers["location"]


def start_part(peer: Peer, where: str, offset: int, length: int, cookie: str = "") -> None:
    fields = lines(PART | {"Upload-Offset": str(offset), "Content-Length": str(length)})
    head = [f"PATCH {where} HTTP/1.1", "Host: 127.0.0.1", cookie or peer.cookie, *fields]
    peer.send("\r\n".join([*head, "Sec-Fetch-Site: same-origin", "", ""]).encode())


def offset(server: Server, where: str) -> int:
    reply = server.peer().ask(where, "Tus-Resumable: 1.0.0", method="HEAD")
    return int(reply.headers["upload-offset"])


def test_an_upload_may_be_larger_than_any_other_body(server: Server) -> None:
    where, peer = begin(server), server.peer()
    start_part(peer, where, 0, len(FILM))
    peer.send(FILM)
    assert peer.reply().status == 204
    assert server.refused("body_size") == 0


def test_a_slow_upload_goes_on_as_long_as_it_progresses(server: Server) -> None:
    where, peer = begin(server), server.peer()
    start_part(peer, where, 0, 600_000)
    began = time.monotonic()
    for at in range(0, 600_000, 100_000):
        peer.send(FILM[at : at + 100_000])
        time.sleep(0.6)
    assert time.monotonic() - began > 3.0  # longer than the limit of any other body
    assert peer.reply().status == 204
    assert offset(server, where) == 600_000


def test_a_hung_upload_is_ended_and_keeps_what_came(server: Server) -> None:
    where, peer = begin(server), server.peer()
    start_part(peer, where, 0, len(FILM))
    peer.send(FILM[:1_500_000])
    reply = peer.reply()
    assert reply.status == 408
    assert server.refused("body_time") == 1
    assert offset(server, where) == 1_500_000


def test_a_browser_that_comes_back_does_not_wait_for_its_dead_connection(server: Server) -> None:
    where, dead, back = begin(server), server.peer(), server.peer()
    start_part(dead, where, 0, len(FILM))
    dead.send(FILM[:3_000_000])
    time.sleep(0.2)
    began = time.monotonic()
    here = offset(server, where)
    assert time.monotonic() - began < 1.5
    assert 0 < here <= 3_000_000
    start_part(back, where, here, len(FILM) - here)
    back.send(FILM[here:])
    assert back.reply().status == 204


def test_a_refusal_is_read_though_the_body_is_large(server: Server) -> None:
    where = begin(server)
    for changed, status in (({"cookie": "X: y"}, 401), ({"offset": 5}, 409)):
        peer = server.peer()
        start_part(peer, where, changed.get("offset", 0), 16 << 20, changed.get("cookie", ""))
        peer.send(bytes(16 << 20))
        assert peer.reply().status == status


START = (
    "import argparse, logging, sys;"
    "logging.basicConfig(level='INFO', format='%(message)s');"
    "from dashboard_api import command;"
    "parser = argparse.ArgumentParser(); command.add_arguments(parser);"
    "sys.exit(command.run(parser.parse_args()))"
)


class Program:
    """`roomtone dashboard`, which can be killed."""

    def __init__(self, folder: Path) -> None:
        config = folder / "server.toml"
        config.write_text(
            f'site = "school"\ndata_dir = "{folder}/data"\n[video]\ndirectory = "{folder}/videos"\n'
            f'key_directory = "{folder}/keys"\nreserve_gb = 0\n'
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, "--config", str(config), "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"the pages are at http://127\.0\.0\.1:(\d+)/", line):
                self.port = int(found[1])
                break
        else:
            pytest.fail("it said no address")

    def ask(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with closing(connection):
            connection.request(method, path, body, {"Sec-Fetch-Site": "same-origin"} | headers)
            answer = connection.getresponse()
            answer.read()
            return answer

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.mark.programs
def test_an_upload_outlives_the_kill_of_the_program(tmp_path: Path) -> None:
    program = Program(tmp_path)
    try:
        with closing(open_school(tmp_path / "data")) as school:
            now = time.time_ns()
            school.lessons.put(
                Lesson(
                    id="sample", room="r", teacher="Ada", title="Fractions",
                    starts_utc_ns=now - 60 * SECOND_NS, ends_utc_ns=now, source="button",
                )
            )  # fmt: skip
        who = header(cookie_of_all(tmp_path / "data"))
        until((tmp_path / "keys" / "key").exists)
        size = {"Upload-Length": str(len(FILM))}
        where = program.ask("POST", UPLOADS, who | BEGIN | size).headers["location"]

        def half() -> Iterator[bytes]:
            yield FILM[:10_000_000]
            until(lambda: any(p.stat().st_size > 5e6 for p in (tmp_path / "videos").iterdir()))
            program.kill()

        more = {"Upload-Offset": "0", "Content-Length": str(len(FILM))}
        with pytest.raises((OSError, http.client.HTTPException)):
            program.ask("PATCH", where, who | PART | more, half())
        program = Program(tmp_path)
        answer = program.ask("HEAD", where, who | {"Tus-Resumable": "1.0.0"})
        here = int(answer.headers["upload-offset"])
        assert 4_000_000 < here < 10_000_000
        more = {"Upload-Offset": str(here)}
        answer = program.ask("PATCH", where, who | PART | more, FILM[here:])
        assert answer.status == 204
        assert answer.headers["upload-offset"] == str(len(FILM))
        kept = b"".join(p.read_bytes() for p in (tmp_path / "videos").iterdir())
        assert FILM[5_000:5_032] not in kept
    finally:
        program.kill()
