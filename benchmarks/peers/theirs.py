"""A database behind the broker: fed by Telegraf or by the minimal consumer."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench_store import timed
from support.child_process import child, cpu_s

from contract.mqtt.link import LinkUp, MqttLink
from contract.settings import BrokerSettings
from contract.topics import subscription
from peers.engine import Engine, post, wait_for
from peers.plan import CPU_TICK_S, READ_S, Figures, Plan
from peers.readings import SITE, STARTS_S, Readings, data_topic
from roomtone.demo.broker import free_port, mosquitto_path

_CONSUMER = Path(__file__).with_name("consumer.py")
_LINES_A_POST = 10_000
_VISIBLE_S = 900.0
_FULL_S = 2_000


def measure_theirs(
    engine: Engine, feeder: str | None, readings: Readings, plan: Plan, folder: Path
) -> Figures:
    """All figures of one database; `feeder` is Telegraf's path, or None for the consumer."""
    figures: Figures = {}
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(child(_broker(port, folder)))
        feeding = feeder_command(engine, feeder, port=port, folder=folder)
        with running(engine) as database, child(feeding) as client:
            link = stack.enter_context(sending(port))
            wait_for_subscriber(link, engine, readings, room=plan.rooms)
            send(link, readings, plan.before())
            wait_until_there(engine, plan.before())
            pids = database.pid, client.pid
            cpu, fed, wall = sum(map(cpu_s, pids)), cpu_s(client.pid), time.perf_counter()
            send(link, readings, plan.measured(), plan.rate)
            wait_until_there(engine, plan.measured())
            used, wall = sum(map(cpu_s, pids)) - cpu, time.perf_counter() - wall
            used = max(CPU_TICK_S, used)
            figures["feeder_share"] = (cpu_s(client.pid) - fed) / used
            engine.settle()
            at_rest = max(CPU_TICK_S, sum(map(cpu_s, pids)) - cpu)
            figures["values_per_cpu_s"] = plan.measured_values / used
            figures["values_per_cpu_s_at_rest"] = plan.measured_values / at_rest
            figures["values_per_s"] = plan.measured_values / wall
        figures["bytes_a_value"] = engine.at_rest() / plan.values
        with running(engine):
            figures |= reads(engine, plan)
        figures |= killed(engine, feeding, link, readings, plan)
    return figures


def reads(engine: Engine, plan: Plan) -> Figures:
    """The three reads, warm."""
    for lesson in range(plan.term.lessons):
        lines = list(plan.term.lines(lesson))
        for at in range(0, len(lines), _LINES_A_POST):
            post(engine.write_url, "\n".join(lines[at : at + _LINES_A_POST]).encode())
    span = plan.term.span_s
    wait_for(lambda: len(engine.read_term(span)) == plan.term.lessons, "the term")
    engine.settle()
    last, whole, bucket_s = plan.last_minutes, plan.lesson, plan.bucket_s
    return {
        "read_room_values": engine.read_room("r0", last),
        "read_lesson_values": engine.read_lesson("r0", whole, bucket_s),
        "read_term_mean": sum(engine.read_term(span).values()) / plan.term.lessons,
        "read_room_ms": timed(lambda: engine.read_room("r0", last), READ_S),
        "read_lesson_ms": timed(lambda: engine.read_lesson("r0", whole, bucket_s), READ_S),
        "read_term_ms": timed(lambda: engine.read_term(span), READ_S),
    }


def killed(
    engine: Engine, feeding: list[str], link: MqttLink, readings: Readings, plan: Plan
) -> Figures:
    """What is left of live readings if everything behind the broker gets SIGKILL meanwhile."""
    messages = list(plan.killed())
    middle = len(messages) // 2
    with running(engine) as database, child(feeding) as client:
        send(link, readings, messages[:middle], plan.live_rate)
        client.kill()
        database.kill()
    with running(engine), child(feeding):
        send(link, readings, messages[middle:], plan.live_rate)
        wait_until_there(engine, messages)
        engine.settle()
        return count(engine, messages)


def count(engine: Engine, messages: list[tuple[int, int]]) -> Figures:
    """How many of the rooms' seconds are missing, and how many are there twice."""
    sent: dict[int, set[int]] = {}
    for room, second in messages:
        sent.setdefault(room, set()).add(STARTS_S + second)
    lost = doubled = 0
    for room, seconds in sent.items():
        found = engine.seconds(f"r{room}", (min(seconds), max(seconds) + 1))
        lost += len(seconds - set(found))
        doubled += len(found) - len(set(found))
    return {"killed_sent": len(messages), "killed_lost": lost, "killed_doubled": doubled}


@contextmanager
def running(engine: Engine) -> Iterator[subprocess.Popen[bytes]]:
    with child(engine.command()) as process:
        engine.prepare()
        yield process


@contextmanager
def sending(port: int) -> Iterator[MqttLink]:
    """A connection that sends as many messages at once as the broker takes."""
    link = MqttLink(
        broker=BrokerSettings(port=port), client_id="bench", will=None, subscriptions=(),
        max_in_flight=_FULL_S, max_queued=_FULL_S,
    )  # fmt: skip
    link.start()
    try:
        while not isinstance(link.events.get(timeout=30), LinkUp):
            pass
        yield link
    finally:
        link.stop()


def send(
    link: MqttLink,
    readings: Readings,
    messages: Iterable[tuple[int, int]],
    rate: float | None = None,
) -> None:
    """Publish line protocol; with a rate so many messages a second, else as fast as it goes."""
    began = time.perf_counter()
    for number, (room, second) in enumerate(messages):
        if rate is not None:
            time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        payload = readings.lines(room, second)
        while not link.publish(data_topic(room), payload):
            time.sleep(0.002)


def wait_for_subscriber(link: MqttLink, engine: Engine, readings: Readings, *, room: int) -> None:
    """Until a message of another room has come through: from then on the broker holds what waits."""

    def comes_through() -> bool:
        link.publish(data_topic(room), readings.lines(room, 0))
        return bool(engine.seconds(f"r{room}", (STARTS_S, STARTS_S + 1)))

    wait_for(comes_through, "the first reading")


def wait_until_there(engine: Engine, messages: Iterable[tuple[int, int]]) -> None:
    """Until the last message can be read: they go one way, in order."""
    *_, (room, second) = messages
    span = (STARTS_S + second, STARTS_S + second + 1)
    wait_for(lambda: bool(engine.seconds(f"r{room}", span)), "the last reading", _VISIBLE_S)


def feeder_command(engine: Engine, telegraf: str | None, *, port: int, folder: Path) -> list[str]:
    """Telegraf with its configuration, or the consumer."""
    topic = subscription(SITE, "data")
    if telegraf is None:
        return [
            sys.executable, str(_CONSUMER), "--port", str(port), "--url", engine.write_url,
            "--topic", topic,
        ]  # fmt: skip
    config = folder / "telegraf.conf"
    config.write_text(
        '[agent]\nflush_interval = "1s"\nmetric_batch_size = 10000\nmetric_buffer_limit = 200000\n'
        "omit_hostname = true\nquiet = true\n"
        f'[[inputs.mqtt_consumer]]\nservers = ["tcp://127.0.0.1:{port}"]\ntopics = ["{topic}"]\n'
        'topic_tag = ""\nqos = 1\nclient_id = "bench-telegraf"\npersistent_session = true\n'
        f'max_undelivered_messages = 1000\ndata_format = "influx"\n{engine.telegraf_output}',
        encoding="utf-8",
    )
    return [telegraf, "--config", str(config)]


def _broker(port: int, folder: Path) -> list[str]:
    """Mosquitto that holds whatever waits, so that no database is too slow to be measured."""
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        f"max_inflight_messages {_FULL_S}\nmax_queued_messages 0\nlog_type error\n",
        encoding="utf-8",
    )
    return [mosquitto_path() or shutil.which("mosquitto") or "mosquitto", "-c", str(config)]
