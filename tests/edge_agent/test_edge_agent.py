"""The agent as a whole, on virtual hubs, while broker, ports or disk are missing."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contract.clock import Clock, ManualClock, ScaledClock
from contract.errors import RoomtoneError
from contract.mqtt.link import MqttLink, Will
from contract.quantities.table import MISSING
from contract.ranges import SeqRanges
from contract.wire.messages import Command, Config, LessonSpan
from contract.wire.parts import IN_TIME, gap_part, late_part
from contract.wire.payload import Batch, Gap, decode
from edge_agent import command
from edge_agent.agent import EdgeAgent
from edge_agent.config_file import load_config, store_config
from edge_agent.outbox.format import Record, scan, unpack_body
from edge_agent.settings import EdgeSettings
from firmware_bridge.events import HubCounters
from roomtone.demo.broker import free_port
from simulators.running import VirtualClassroom

pytest_plugins = ["simulators.pytest_plugin"]

SPEED = 20.0
ALWAYS = Config(
    revision=3, lessons=(LessonSpan(lesson="l", starts_utc_ns=0, ends_utc_ns=1 << 62),),
    excluded_seats=(2,),
)  # fmt: skip


def settings_for(ports: dict[str, str], folder: Path, **changes: object) -> EdgeSettings:
    hubs = [
        {"name": name, "port": port, "seats": [8 * i + seat for seat in range(1, 9)]}
        for i, (name, port) in enumerate(ports.items())
    ]
    fields: dict[str, object] = {
        "site": "school", "room": "r1", "node": "pi-1", "hub": hubs,
        "broker": {"port": free_port()}, "outbox": {"dir": str(folder / "outbox")},
        "delivery": {"spill_s": 1.0, "grace_s": 0.3},
    }  # fmt: skip
    return EdgeSettings.checked(fields | changes, where="test")


def run_for(
    agent: EdgeAgent, enough: Callable[[], bool], *, seconds: float = 60.0
) -> threading.Thread:
    """Run an agent until something is so, then stop it cleanly."""
    stop = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop,), name="agent")
    thread.start()
    until = time.monotonic() + seconds
    while time.monotonic() < until and not enough():
        time.sleep(0.02)
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    return thread


def stored(folder: Path) -> list[Batch | Gap]:
    messages = []
    for path in sorted(folder.glob("*.outbox")):
        data = path.read_bytes()
        for record in scan(data):
            assert isinstance(record, Record)
            if record.head.kind == "data":
                body = data[record.offset : record.offset + record.length]
                messages.append(decode(unpack_body(body, record.crc) or b""))
    return messages


@pytest.mark.programs
@pytest.mark.slow
def test_without_broker_and_with_a_missing_port_all_that_is_sampled_waits_on_disk(
    tmp_path: Path,
    virtual_classroom: Callable[..., VirtualClassroom],
    caplog: pytest.LogCaptureFixture,
) -> None:
    classroom = virtual_classroom(speed=SPEED, minutes=4)
    settings = settings_for({"hub-a": classroom.ports[0], "hub-b": "/nonexistent/tty"}, tmp_path)
    store_config(settings.outbox.dir / "config.cbor", ALWAYS)
    agent = EdgeAgent(settings=settings, clock=classroom.clock)
    sent = []

    def are_enough() -> bool:
        sent.append(classroom.trace()["hub-1"].seat_seconds(at_least=50))
        return agent.delivery.counters().sampled > 400

    run_for(agent, are_enough)
    books = agent.delivery.counters()
    assert books.sampled == books.waiting > 400
    assert books.acked == books.gap == books.published == 0
    assert books.unsampled >= 8 * 50
    assert caplog.text.count("/nonexistent/tty") == 1
    assert caplog.text.count("No connection to the broker") == 1
    messages = stored(settings.outbox.dir)
    run = messages[-1].run
    assert {m.run for m in messages} == {run}
    line_gaps = [m for m in messages if m.part == gap_part(2)]
    at = 0
    sampled = 0
    for message in (m for m in messages if m.part in (IN_TIME, late_part(1))):
        if message.part == IN_TIME:
            assert message.first_seq == at
            at = message.last_seq + 1
        if isinstance(message, Batch):
            seats = message.layout.seat_values(message.values)[:, :, 0]
            assert (seats[:, 1] == MISSING).all()  # opted out
            assert (seats[:, 8:] == MISSING).all()
            sampled += int((seats != MISSING).sum())
            rooms = message.layout.room_values(message.values)
            assert rooms.shape[1] == 5
    assert sampled == books.sampled
    # The hub that never answered has a gap wherever something was sampled.
    reported = SeqRanges((m.first_seq, m.last_seq) for m in line_gaps)
    assert all(isinstance(m, Gap) and m.reason == "serial" for m in line_gaps)
    assert not [
        m for m in messages if isinstance(m, Batch) and reported.missing(m.first_seq, m.last_seq)
    ]
    # What the hub sent is what was sampled, but for the seconds at both ends: at least what it had
    # sent when the stop began, at most what it has sent by now.
    sent.append(classroom.trace()["hub-1"].seat_seconds(at_least=50))
    at_ends = 7 * 4 * SPEED
    assert sent[-2] * 7 / 8 - at_ends <= books.sampled <= sent[-1] * 7 / 8 + at_ends


class SilentReader:
    """A hub that never says anything, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def run(self, stop: threading.Event) -> None:
        if self._error:
            raise self._error
        stop.wait(300)

    def identify(self, seconds: int = 5) -> None: ...

    def counters(self) -> HubCounters:
        return HubCounters(frames_refused={"crc": 3})


def scaled_clock(speed: float = SPEED) -> Clock:
    return ScaledClock(
        speed=speed, anchor_ns=time.monotonic_ns(), utc_at_anchor_ns=1_760_000_000_000_000_000
    )


def silent_agent(
    tmp_path: Path, error: Exception | None = None, speed: float = SPEED, **changes: object
) -> EdgeAgent:
    return EdgeAgent(
        settings=settings_for({"hub-a": "/dev/a"}, tmp_path, **changes),
        clock=scaled_clock(speed),
        open_reader=lambda _hub, _clock, _sink: SilentReader(error),
    )


def test_a_silent_node_says_why_and_a_clean_stop_reports_all_skipped_periods(
    tmp_path: Path,
) -> None:
    agent = silent_agent(tmp_path)
    start_ns = time.monotonic_ns()
    run_for(agent, lambda: time.monotonic_ns() - start_ns > 400_000_000)
    passed_s = SPEED * (time.monotonic_ns() - start_ns) / 1e9
    (only,) = stored(tmp_path / "outbox")
    assert isinstance(only, Gap)
    assert (only.first_seq, only.reason) == (0, "off")
    assert 6 <= only.n <= passed_s + 2
    assert agent.health(is_finished=True).hubs["hub-a"]["frames_refused_crc"] == 3


def test_a_dead_disk_keeps_periods_in_memory_and_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # No file: a kit that can't read whether it is paused samples nothing.
    (tmp_path / "outbox").symlink_to(tmp_path / "a disk that is gone")
    agent = silent_agent(tmp_path)
    agent.handle_config(ALWAYS)
    run_for(agent, lambda: agent.delivery.has_held)
    assert "can't be used (File exists)" in caplog.text
    assert "Periods stay in memory" in caplog.text
    assert "is lost with this stop" in caplog.text


def test_a_defect_in_a_reader_ends_the_agent_with_a_sentence(tmp_path: Path) -> None:
    agent = silent_agent(tmp_path, ZeroDivisionError("oh"))
    with pytest.raises(RoomtoneError, match="The thread of hub hub-a failed"):
        agent.run(threading.Event())


def test_commands_are_obeyed_once(tmp_path: Path) -> None:
    agent = silent_agent(tmp_path)
    assert agent.handle_command(Command(id="1", command="identify", hub="hub-a")).is_done
    refused = agent.handle_command(Command(id="2", command="identify", hub="hub-z"))
    assert (refused.is_done, refused.why) == (False, "no hub 'hub-z': there are hub-a")
    first = agent.handle_command(Command(id="3", command="start"))
    assert agent.handle_command(Command(id="3", command="start")) is first


def test_the_results_of_the_last_commands_are_remembered(tmp_path: Path) -> None:
    agent = silent_agent(tmp_path, limits={"max_commands": 2})
    first = agent.handle_command(Command(id="1", command="start"))
    second = agent.handle_command(Command(id="2", command="start"))
    assert agent.handle_command(Command(id="1", command="start")) is first
    agent.handle_command(Command(id="3", command="start"))
    assert agent.handle_command(Command(id="2", command="start")) is second
    assert agent.handle_command(Command(id="1", command="start")) is not first


def test_the_limits_reach_the_link(tmp_path: Path) -> None:
    agent = silent_agent(tmp_path, limits={"max_received": 17})
    link = agent._mqtt_link("pi-1", Will(topic="t", payload=b""), ())
    assert isinstance(link, MqttLink)
    assert link.events.maxsize == 17


def test_no_sample_of_the_microphone_reaches_the_disk(tmp_path: Path) -> None:
    """The whole agent listens to a recording full of a mark, and writes to its outbox."""
    mark = np.int32(0x1BADB002)
    # Eighths of a second as a microphone gives them, and so slowly that an emulated machine keeps
    # up. Samples that are all alike would be those of a microphone that is mute.
    source = (
        "import sys, time, numpy as np\n"
        f"piece = np.tile(np.array([{int(mark)}, 0], '<i4'), 3000).tobytes()\n"
        "while True: sys.stdout.buffer.write(piece); sys.stdout.flush(); time.sleep(1 / 16)\n"
    )
    sound = {"source": "microphone", "command": [sys.executable, "-c", source]}
    agent = silent_agent(tmp_path, speed=2.0, sound=sound)
    agent.handle_config(ALWAYS)
    closed = []
    add = agent.delivery.add

    def keep(message: Batch | Gap, **more: object) -> None:
        closed.append(message)
        add(message, **more)  # type: ignore[arg-type]

    agent.delivery.add = keep  # type: ignore[method-assign]
    run_for(agent, lambda: any(isinstance(message, Batch) for message in closed))
    assert any(isinstance(message, Batch) for message in stored(tmp_path / "outbox"))
    needle = mark.astype("<i4").tobytes()
    for path in (tmp_path / "outbox").iterdir():
        assert needle not in path.read_bytes()


def test_the_configuration_survives_a_restart_and_damage_is_no_crash(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "deep" / "config.cbor"
    assert load_config(path) is None
    store_config(path, ALWAYS)
    assert load_config(path) == ALWAYS
    path.write_bytes(path.read_bytes()[:-3])
    assert load_config(path) is None
    assert "waiting for the server's configuration" in caplog.text
    (tmp_path / "file").write_text("")
    store_config(tmp_path / "file" / "config.cbor", ALWAYS)
    assert "can't be written" in caplog.text


def test_check_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "edge.toml"
    config.write_text(
        'site = "s"\nroom = "r"\nnode = "n"\n'
        '[[hub]]\nname = "hub-a"\nport = "/nonexistent/tty"\nseats = [1]\n'
        f'[broker]\nport = {free_port()}\n[outbox]\ndir = "{tmp_path}/outbox"\n'
    )
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args(["--config", str(config), "--check"])) == 1
    said = capsys.readouterr().out
    assert "WRONG  hub-a: Port /nonexistent/tty can't be opened: there is no such device" in said
    assert f"ok     outbox: {tmp_path}/outbox can be written" in said
    assert "can't be reached" in said


def test_birth_and_health_fit_a_node_that_never_heard_a_hub(tmp_path: Path) -> None:
    agent = EdgeAgent(settings=settings_for({"hub-a": "/dev/a"}, tmp_path), clock=ManualClock())
    birth = agent.birth()
    assert [hub.hub for hub in birth.hubs] == ["hub-a"]
    assert birth.hubs[0].sample_rate_hz == 0.0
    assert birth.units["laeq_1s"] == "dB(A)"
    assert agent.health(is_finished=False).ack_age_ms is None
    assert agent.timebase().synchronised is False
