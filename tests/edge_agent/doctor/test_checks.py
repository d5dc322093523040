"""The doctor on a node: what it finds, and that each finding says what to do."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from contract.wire.messages import Timebase
from contract.wire.payload import Batch
from edge_agent.doctor import command as doctor_command
from edge_agent.doctor.checks import clock_finding, is_running, outbox_findings
from edge_agent.doctor.hubs import hub_findings
from edge_agent.identity import boot_id
from edge_agent.outbox.backlog import Parcel
from edge_agent.outbox.store import Outbox
from edge_agent.settings import HubSettings
from edge_agent.timebase import ClockQuality
from roomtone.demo.broker import free_port
from simulators.running import VirtualClassroom

pytest_plugins = ["simulators.pytest_plugin"]

SECOND = 1_000_000_000


def hub(name: str, port: str, seats: int) -> HubSettings:
    return HubSettings(name=name, port=port, seats=tuple(range(1, seats + 1)))


def test_hubs_that_speak_that_are_wrong_and_that_are_missing(
    virtual_classroom: Callable[..., VirtualClassroom],
) -> None:
    classroom = virtual_classroom(minutes=1)
    master, slave = os.openpty()
    seats = classroom.classroom.hub_signals()[0].seats
    hubs = (
        hub("good", classroom.ports[0], seats),
        hub("other", classroom.ports[1], 1),
        hub("none", "/nonexistent/tty", 1),
    )
    # Each of these ends as soon as it is clear; only silence takes as long as it may.
    found = {f.about: f for f in hub_findings(hubs, is_running=False, wait_s=60.0)}
    dumb = hub("dumb", os.ttyname(slave), 1)
    found |= {f.about: f for f in hub_findings((dumb,), is_running=False, wait_s=0.1)}
    os.close(master)
    os.close(slave)
    assert found["good"].state == "fine"
    assert f"virtual-hub 1 with {seats} seats" in found["good"].said
    assert "the settings name 1" in found["other"].said
    assert "there is no such device" in found["none"].said
    assert "nothing that Roomtone knows speaks" in found["dumb"].said
    assert {f.state for f in found.values()} == {"fine", "wrong"}
    assert all(f.advice for f in found.values() if f.state == "wrong")


def test_ports_are_left_alone_while_the_agent_runs(tmp_path: Path) -> None:
    master, slave = os.openpty()
    (tmp_path / "tty").symlink_to(os.ttyname(slave))
    (tmp_path / "file").touch()
    hubs = (
        hub("a", str(tmp_path / "tty"), 1),
        hub("b", "/nonexistent/tty", 1),
        hub("c", str(tmp_path), 1),
        hub("d", str(tmp_path / "file"), 1),
    )
    a, b, c, d = hub_findings(hubs, is_running=True)
    os.close(master)
    os.close(slave)
    assert (a.state, b.state, c.state, d.state) == ("fine", "wrong", "wrong", "wrong")
    assert "the agent has it open" in a.said
    assert "there is no such device" in b.said
    assert "it is a directory, name a serial device" in c.said
    assert "it is a plain file, name a serial device" in d.said


def test_the_lock_shows_whether_the_agent_runs(make_outbox: Callable[..., Outbox]) -> None:
    outbox = make_outbox()
    directory = outbox._directory
    assert not is_running(directory)
    outbox.open()
    assert is_running(directory)
    outbox.close()
    assert not is_running(directory)


def test_the_clock_is_judged() -> None:
    assert clock_finding(lambda: ClockQuality(synchronised=True, error_ns=3_000_000)).said == (
        "it is synchronised, within 3 ms"
    )
    assert clock_finding(lambda: ClockQuality(synchronised=False, error_ns=0)).state == "wrong"


def test_what_waits_and_for_how_long(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    (writable, nothing) = outbox_findings(folder, 1 << 28, is_running=True)
    assert (writable.state, nothing.state) == ("fine", "fine")
    segment = folder / "0000000001.outbox"
    segment.write_bytes(bytes(2_000_000))
    past = time.time() - 3 * 3600
    os.utime(segment, (past, past))
    waits = list(outbox_findings(folder, 1 << 28, is_running=True))[1]
    assert waits.state == "wrong"
    assert waits.said == "2.0 MB wait for ingest, the oldest for 3 h"
    assert list(outbox_findings(folder, 1 << 28, is_running=False))[1].state == "note"


def test_an_outbox_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (only,) = outbox_findings(tmp_path / "file" / "outbox", 1 << 28, is_running=False)
    assert "can't be written (Not a directory)" in only.said


def test_the_command_as_lines_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    config = tmp_path / "edge.toml"
    config.write_text(
        'site = "s"\nroom = "r"\nnode = "n"\n'
        '[[hub]]\nname = "hub-a"\nport = "/nonexistent/tty"\nseats = [1]\n'
        '[sound]\nsource = "microphone"\ncommand = ["/nonexistent/arecord"]\n'
        f'[broker]\nport = {port}\n[outbox]\ndir = "{tmp_path}/outbox"\n'
    )
    parser = argparse.ArgumentParser()
    doctor_command.add_arguments(parser)
    assert doctor_command.run(parser.parse_args(["--config", str(config)])) == 1
    said = capsys.readouterr().out
    assert "NOTE   agent: it does not run\n       → start it" in said
    assert "WRONG  microphone: there is no program /nonexistent/arecord" in said
    assert f"WRONG  broker: 127.0.0.1:{port} can't be reached" in said
    assert doctor_command.run(parser.parse_args(["--config", str(config), "--json"])) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["is_well"] is False
    assert {f["about"] for f in answer["findings"]} == {
        "agent", "hub-a", "microphone", "clock", "outbox", "acknowledgements", "broker",
    }  # fmt: skip


def test_a_sensor_that_does_not_answer_is_named_by_its_seat(
    virtual_classroom: Callable[..., VirtualClassroom],
) -> None:
    classroom = virtual_classroom(minutes=1)
    count = classroom.classroom.hub_signals()[0].seats
    mine = HubSettings(name="a", port=classroom.ports[0], seats=tuple(range(21, 21 + count)))
    (whole,) = hub_findings((mine,), is_running=False, wait_s=60.0)
    assert (whole.state, whole.said.rpartition("; ")[2]) == ("fine", "every sensor answers")
    classroom.hubs[0].unplug_seat(1)
    classroom.hubs[0].unplug_seat(3)
    (torn,) = hub_findings((mine,), is_running=False, wait_s=60.0)
    assert torn.state == "wrong"
    assert "no answer from the sensor of seat 22, the sensor of seat 24" in torn.said
    assert "plug and cable" in torn.advice


def test_the_oldest_record_and_not_its_file_says_how_long_it_waits(
    make_outbox: Callable[..., Outbox], batch: Callable[..., Batch], tmp_path: Path
) -> None:
    now_s = time.monotonic_ns() // SECOND
    timebase = Timebase(
        node="pi-1", run=1, boot=boot_id(), boot_ns=0, utc_ns=0, error_ns=0, synchronised=True
    )
    outbox = make_outbox(timebase=timebase.encode)
    for at_s in (now_s - 200, now_s):
        message = replace(batch(at_s, 10), boot_ns=at_s * SECOND)
        outbox.append(
            [Parcel(message=message, counts=b"\3" * 10, unpublished=0, closed_ns=0, sent_ns=None)]
        )
    waits = list(outbox_findings(tmp_path / "outbox", 1 << 28, is_running=True))[1]
    outbox.close()
    assert waits.state == "wrong"
    assert waits.said.endswith("wait for ingest, the oldest for 3 min")
