"""The health pages of ingest and score: what they say, and that they never get in the way."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
from prometheus_client import CollectorRegistry, Gauge

from contract.clock import ManualClock
from ingest.monitoring.condition import Condition
from ingest.monitoring.health_server import HealthPages, health_server
from roomtone.demo.broker import free_port


class Program:
    """Something that has health pages."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.condition = Condition(clock=self.clock, stall_s=10, missing={"link": "no broker"})
        registry = CollectorRegistry()
        Gauge("roomtone_a", "What it is.", registry=registry).set(1)
        self.pages = HealthPages(
            program="ingest", site="school", data_dir="/data", condition=self.condition,
            metrics=registry,
        )  # fmt: skip


def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_pages_say_how_the_program_is() -> None:
    program = Program()
    with health_server(free_port(), program.pages) as port:
        assert port is not None
        status, body = get(port, "/metrics")
        assert (status, body.splitlines()[-1]) == (200, "roomtone_a 1.0")
        assert get(port, "/healthz")[0] == 200
        status, body = get(port, "/readyz")
        assert (status, json.loads(body)["reasons"]) == (503, ["no broker"])
        program.condition.set_present("link")
        assert get(port, "/readyz")[0] == 200
        program.clock.advance(11)
        status, body = get(port, "/healthz")
        assert (status, json.loads(body)["is_alive"]) == (503, False)
        assert "has not run for 11 s" in get(port, "/readyz")[1]
        program.condition.turn()
        assert get(port, "/healthz")[0] == 200
        assert get(port, "/")[0] == 404


def test_a_foreign_name_for_this_computer_is_told_nothing() -> None:
    with health_server(free_port(), Program().pages) as port:
        assert port is not None
        assert get(port, "/metrics", "evil.example")[0] == 404
        assert get(port, "/metrics", f"localhost:{port}")[0] == 200


def test_someone_who_connects_and_says_nothing_is_sent_away() -> None:
    with health_server(free_port(), Program().pages) as port:
        assert port is not None
        with socket.create_connection(("127.0.0.1", port)) as silent:
            assert get(port, "/healthz")[0] == 200
            silent.settimeout(10)
            assert silent.recv(1) == b""


def test_a_port_that_is_taken_is_named_and_the_program_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with health_server(port, Program().pages) as served:
            assert served is None
    assert f"port {port} can't be used" in caplog.text
    assert "ingest.health_port" in caplog.text


def test_port_0_serves_nothing() -> None:
    with health_server(0, Program().pages) as port:
        assert port is None


def test_nothing_listens_when_the_block_is_over() -> None:
    with health_server(free_port(), Program().pages) as port:
        pass
    assert port is not None
    with pytest.raises(ConnectionRefusedError):
        get(port, "/healthz")


@pytest.mark.slow
def test_a_question_that_trickles_is_cut_and_others_are_answered() -> None:
    with health_server(free_port(), Program().pages) as port:
        assert port is not None
        with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
            slow.settimeout(0.1)
            for _ in range(600):  # a minute: a guard, the server cuts it after two seconds
                try:
                    slow.sendall(b"G")
                    if slow.recv(1) == b"":
                        break
                except TimeoutError:
                    continue
                except ConnectionError:
                    break
            else:
                pytest.fail("it is never cut")
            assert get(port, "/healthz")[0] == 200
