"""The program itself: it starts on a free port, serves, streams, and stops cleanly."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from school import open_school
from school.lessons.records import Lesson
from tests.signed_in import cookie_of_all, header

pytestmark = [pytest.mark.slow, pytest.mark.programs]

START = (
    "import argparse, logging, sys;"
    "logging.basicConfig(level='INFO', format='%(message)s');"
    "from dashboard_api import command;"
    "parser = argparse.ArgumentParser(); command.add_arguments(parser);"
    "sys.exit(command.run(parser.parse_args()))"
)


@pytest.fixture
def program(tmp_path):
    config = tmp_path / "server.toml"
    config.write_text(f'site = "school"\ndata_dir = "{tmp_path / "data"}"\n')
    process = subprocess.Popen(
        [sys.executable, "-c", START, "--config", str(config), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_it_serves_streams_and_stops_with_a_live_page_open(program, tmp_path):
    for line in program.stderr:
        if found := re.search(r"the pages are at http://127\.0\.0\.1:(\d+)/", line):
            port = int(found[1])
            break
    else:
        pytest.fail("it said no address")
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(open_school(tmp_path / "data")) as school:
        now = time.time_ns()
        school.lessons.put(
            Lesson(
                id="maths", room="r", teacher="Ada", title="Fractions", starts_utc_ns=now,
                ends_utc_ns=now + 1, source="button",
            )
        )  # fmt: skip
    headers = header(cookie_of_all(tmp_path / "data"))
    page.request("GET", "/", headers=headers)
    answer = page.getresponse()
    assert answer.status == 200
    assert "Fractions" in answer.read().decode()

    stream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    stream.request("GET", "/rooms/r/live/events", headers=headers)
    events = stream.getresponse()
    assert events.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in events.headers
    while (line := events.readline().decode().strip()) != "event: live":
        assert line in {"", "event: beat", "data: {}"}  # on a slow machine
    line = events.readline().decode().strip()
    assert json.loads(line.removeprefix("data: "))["state"] == "off"

    program.send_signal(signal.SIGTERM)
    assert program.wait(timeout=60) == 0
    events.close()
    for connection in (stream, page):
        connection.close()


def test_too_few_open_files_give_a_warning(tmp_path):
    config = tmp_path / "server.toml"
    config.write_text(f'site = "school"\ndata_dir = "{tmp_path / "data"}"\n', encoding="utf-8")
    limited = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (128, 400));" + START
    with subprocess.Popen(
        [sys.executable, "-c", limited, "--config", str(config), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "the pages are at" in line:
                break
        process.terminate()
        process.wait(60)
    assert any("permits 400 open files" in line and "LimitNOFILE" in line for line in lines)
