"""Ingest as it runs, against a real Mosquitto: acknowledged only when kept, over every restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
from prometheus_client.registry import Collector

from contract.clock import SystemClock
from contract.errors import StoreError
from contract.mqtt.link import MqttLink
from contract.topics import ingest_state
from contract.wire.messages import Ack, Command, CommandResult, Config, IngestState
from contract.wire.payload import decode
from ingest.receiving import service
from ingest.receiving.aside.command import ask
from ingest.receiving.classify import sort_message, tick_of
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.records import Aside, Tick
from school import open_lesson_store, open_school
from school.audit.actor import Actor
from school.control.records import KitRequest
from school.lessons.records import Lesson
from tests.ingest.conftest import WAIT_S, Client, RunningBroker, RunningIngest
from tests.ingest.node import Node, Sent

pytestmark = pytest.mark.broker

NODE = Node()
STATE = ingest_state("school")
Start = Callable[..., RunningIngest]
Connect = Callable[..., Client]


def is_up(payload: bytes) -> bool:
    return IngestState.decode(payload).is_up


def is_down(payload: bytes) -> bool:
    return not is_up(payload)


def send(client: Client, sent: Sent) -> None:
    assert client.link.publish(sent.topic, sent.payload, retain=sent.is_retained)


def wait_for_ack(client: Client, without_hole: int) -> Ack:
    def reached(payload: bytes) -> bool:
        return Ack.decode(payload).without_hole >= without_hole

    return Ack.decode(client.message(NODE.topic("ack"), reached))


def test_a_batch_is_acked_and_can_be_read_by_another_process(
    run_ingest: Start, client: Connect, tmp_path: Path
) -> None:
    run_ingest()
    node = client("kit-1", STATE, NODE.topic("ack"))
    node.message(STATE, is_up)
    send(node, NODE.birth())
    for seq in range(0, 30, 10):
        send(node, NODE.batch(seq, 10))
    assert wait_for_ack(node, 29) == Ack(run=7, without_hole=29)
    with closing(open_period_reader(tmp_path / "data")) as reader:
        (stream,) = reader.streams()
        assert list(reader.kept(stream.id)) == [(0, 29)]
        (periods,) = reader.read(stream.id, 0, 99)
        assert (periods.values == NODE.values(0, 30)).all()


def test_a_late_subscriber_learns_that_ingest_is_up_and_then_that_it_is_down(
    run_ingest: Start, client: Connect
) -> None:
    ingest = run_ingest()
    assert ingest.ingest.ready.wait(60)
    late = client("late", STATE)
    late.message(STATE, is_up)
    ingest.stop()
    late.message(STATE, is_down)


def test_the_broker_says_that_ingest_is_down_when_it_vanishes(
    run_ingest: Start, client: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "program_client_id", lambda program: f"guessed-{program}")
    ingest = run_ingest()
    assert ingest.ingest.ready.wait(60)
    watcher = client("watcher", STATE)
    watcher.message(STATE, is_up)
    # Another client of the same id takes its place, as the network's end would.
    client("guessed-ingest")
    watcher.message(STATE, is_down)
    watcher.message(STATE, is_up)  # and it comes back by itself


def test_it_goes_on_after_the_broker_was_killed(
    broker: RunningBroker, run_ingest: Start, client: Connect, tmp_path: Path
) -> None:
    run_ingest()
    node = client("kit-1", STATE, NODE.topic("ack"), NODE.topic("config"))
    node.message(STATE, is_up)
    send(node, NODE.birth())
    send(node, NODE.batch(0))
    wait_for_ack(node, 0)
    broker.kill()
    broker.start()  # remembers nothing
    node.up()
    node.message(STATE, is_up)
    # What a node does that has not seen an ack: it sends again, and more.
    send(node, NODE.batch(0))
    send(node, NODE.batch(1, 5))
    wait_for_ack(node, 5)
    with closing(open_period_reader(tmp_path / "data")) as reader:
        assert [len(p.seqs) for p in reader.read(1, 0, 99)] == [6]


def test_what_was_kept_before_a_restart_is_acked_again_and_kept_once(
    run_ingest: Start, client: Connect, tmp_path: Path
) -> None:
    first = run_ingest()
    node = client("kit-1", STATE, NODE.topic("ack"))
    before = IngestState.decode(node.message(STATE, is_up))
    send(node, NODE.batch(0, 10))
    wait_for_ack(node, 9)
    first.stop()
    second = run_ingest()
    after = IngestState.decode(node.message(STATE, is_up))
    assert after.started_utc_ns > before.started_utc_ns
    send(node, NODE.batch(5, 10))
    assert wait_for_ack(node, 14).without_hole == 14
    counters = second.ingest.metrics.counters
    assert (counters.kept, counters.trimmed) == (5, 5)
    with closing(open_period_reader(tmp_path / "data")) as reader:
        assert sum(len(p.seqs) for p in reader.read(1, 0, 99)) == 15


class FullDisk(MemoryPeriodStore):
    """Refuses a number of commits."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 3

    def commit(self, tick: Tick) -> list[int]:
        if tick.arrivals and self.refusals:
            self.refusals -= 1
            raise StoreError("main.db: the disk is full.")
        return super().commit(tick)


def test_nothing_is_acked_while_the_store_fails_and_nodes_are_told_to_wait(
    run_ingest: Start, client: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    store = FullDisk()
    run_ingest(open_store=lambda _: store)
    node = client("kit-1", STATE, NODE.topic("ack"))
    node.message(STATE, is_up)
    send(node, NODE.batch(0, 10))
    node.message(STATE, is_down)  # no ack came before this
    assert store.streams() == []
    node.message(STATE, is_up)
    wait_for_ack(node, 9)
    assert "the disk is full" in caplog.text


def test_a_store_that_is_not_there_yet_is_tried_again(
    run_ingest: Start, client: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryPeriodStore()
    attempts = []

    def open_store(folder: Path) -> MemoryPeriodStore:
        attempts.append(folder)
        if len(attempts) < 3:
            raise StoreError(f"{folder}: there is no such disk.")
        return store

    run_ingest(open_store=open_store)
    client("kit-1", STATE).message(STATE, is_up)
    assert "there is no such disk" in caplog.text


def test_another_link_is_started_when_the_thread_of_one_has_ended(
    run_ingest: Start,
    client: Connect,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = []
    start = MqttLink.start

    def dies_at_first(link: MqttLink) -> None:
        if link._client_id.startswith("roomtone-ingest"):
            links.append(link)
            if len(links) == 1:
                return
        start(link)

    monkeypatch.setattr(MqttLink, "start", dies_at_first)
    run_ingest()
    client("kit-1", STATE).message(STATE, is_up)
    assert len(links) == 2
    assert "the thread of the MQTT link has ended" in caplog.text


def test_a_node_is_told_its_rooms_lessons_and_each_change(
    run_ingest: Start, client: Connect, tmp_path: Path
) -> None:
    run_ingest()
    node = client("kit-1", STATE, NODE.topic("config"))
    node.message(STATE, is_up)
    send(node, NODE.birth())
    assert Config.decode(node.message(NODE.topic("config"))).lessons == ()
    now = SystemClock().utc_ns()
    lesson = Lesson(
        id="r1-a", room="r1", teacher="t", title="", starts_utc_ns=now, ends_utc_ns=None,
        source="button",
    )  # fmt: skip
    with closing(open_lesson_store(tmp_path / "data")) as lessons:
        lessons.put(lesson)
    config = Config.decode(node.message(NODE.topic("config")))
    assert [(span.lesson, span.ends_utc_ns) for span in config.lessons] == [("r1-a", None)]
    # It is retained: a node that comes later learns it from the broker.
    assert (
        Config.decode(client("late", NODE.topic("config")).message(NODE.topic("config"))) == config
    )


def test_a_pressed_button_reaches_the_room_s_other_kit_and_outlives_ingest(
    run_ingest: Start, client: Connect
) -> None:
    other = replace(NODE, node="kit-2", run=8)
    running = run_ingest()
    node = client("kit-1", STATE, NODE.topic("config"))
    second = client("kit-2", STATE, other.topic("config"))
    for each in (node, second):
        each.message(STATE, is_up)
    for each, kit in ((node, NODE), (second, other)):
        send(each, kit.birth())
        send(each, kit.batch(0))
    assert Config.decode(node.message(NODE.topic("config"))).paused_by == ()
    assert Config.decode(second.message(other.topic("config"))).paused_by == ()
    send(node, NODE.button(5))
    assert Config.decode(second.message(other.topic("config"))).paused_by == ("kit-1",)
    running.stop()
    # The kit is out of reach by now, and nobody has pressed again.
    run_ingest()
    assert Config.decode(second.message(other.topic("config"))).paused_by == ("kit-1",)
    send(node, NODE.button(None))
    assert Config.decode(second.message(other.topic("config"))).paused_by == ()


def test_a_kit_that_is_gone_is_taken_out_of_its_room_s_pause(
    run_ingest: Start, client: Connect, tmp_path: Path
) -> None:
    other = replace(NODE, node="kit-2", run=8)
    running = run_ingest()
    node = client("kit-1", STATE, NODE.topic("ack"))
    second = client("kit-2", STATE, other.topic("config"))
    for each, kit in ((node, NODE), (second, other)):
        each.message(STATE, is_up)
        send(each, kit.birth())
        send(each, kit.batch(0))
    assert Config.decode(second.message(other.topic("config"))).paused_by == ()
    send(node, NODE.button(5))
    assert Config.decode(second.message(other.topic("config"))).paused_by == ("kit-1",)
    with closing(open_school(tmp_path / "data")) as school:

        def released(id_: str) -> tuple[bool | None, str]:
            asked = KitRequest(
                room="r1",
                node="kit-1",
                id=id_,
                command="release",
                asked_utc_ns=SystemClock().utc_ns(),
            )
            school.control.ask(asked, Actor(name="a test", utc_ns=1))
            ends = monotonic() + WAIT_S
            while school.control.requests() and monotonic() < ends:
                threading.Event().wait(0.02)
            found = school.control.last_requests("r1")["kit-1"]
            return found.is_done, found.why

        assert released("a") == (False, "the kit is there again: press its button")
        send(node, NODE.death())
        send(node, NODE.batch(1))
        wait_for_ack(node, 1)
        assert released("b") == (True, "")
        assert Config.decode(second.message(other.topic("config"))).paused_by == ()
        assert released("c") == (False, "its button does not pause the room")
    running.stop()
    run_ingest()
    assert Config.decode(second.message(other.topic("config"))).paused_by == ()
    send(node, NODE.button(6))  # it was found, with its button still pressed
    assert Config.decode(second.message(other.topic("config"))).paused_by == ("kit-1",)


def test_a_command_goes_to_the_kit_and_its_answer_is_kept(
    run_ingest: Start, client: Connect, tmp_path: Path
) -> None:
    run_ingest()
    node = client("kit-1", STATE, NODE.topic("command"), NODE.topic("config"))
    node.message(STATE, is_up)
    send(node, NODE.birth())
    node.message(NODE.topic("config"))
    with closing(open_school(tmp_path / "data")) as school:
        asked = KitRequest(
            room="r1", node="kit-1", id="a", command="identify", asked_utc_ns=SystemClock().utc_ns()
        )
        school.control.ask(asked, Actor(name="a test", utc_ns=1))
        command = Command.decode(node.message(NODE.topic("command")))
        assert (command.id, command.command, command.hub) == ("a", "identify", None)
        result = CommandResult(id="a", is_done=False, why="no hub")
        send(node, Sent(NODE.topic("command/result"), result.encode()))
        ends = monotonic() + WAIT_S
        while school.control.requests() and monotonic() < ends:
            threading.Event().wait(0.02)
        found = school.control.last_requests("r1")["kit-1"]
        assert (found.is_done, found.why) == (False, "no hub")


def test_a_flood_larger_than_every_queue_is_kept_whole(
    run_ingest: Start, client: Connect, tmp_path: Path
) -> None:
    run_ingest(max_waiting=50, max_in_tick=20)
    node = client("kit-1", STATE, NODE.topic("ack"))
    node.message(STATE, is_up)
    unsent = [NODE.batch(seq) for seq in range(400)]
    while unsent:
        if node.link.publish(unsent[-1].topic, unsent[-1].payload):
            unsent.pop()
        else:
            node.next(lambda _: True)  # the link is full; an ack shows that it moves on
    wait_for_ack(node, 399)
    with closing(open_period_reader(tmp_path / "data")) as reader:
        assert list(reader.kept(1)) == [(0, 399)]


def test_what_was_kept_aside_is_played_again_and_then_gone(
    broker: RunningBroker, run_ingest: Start, client: Connect
) -> None:
    store = MemoryPeriodStore()
    good, bad = NODE.batch(0, 10), Sent(NODE.topic("data"), b"bad")
    # As if an earlier version of the program had not known the format.
    store.commit(
        Tick(
            received_utc_ns=1,
            aside=[
                Aside(received_utc_ns=1, topic=sent.topic, reason="unknown", payload=sent.payload)
                for sent in (good, bad)
            ],
        )
    )
    run_ingest(open_store=lambda _: store)
    settings = ServerSettings(site="school", broker=broker.settings)
    done = ask(settings, (), timeout_s=15)
    assert done.kept == 1
    assert [number for number, _ in done.unfit] == [2]
    assert [aside.id for aside in store.aside()] == [2]
    assert list(store.kept(1)) == [(0, 9)]
    (periods,) = store.read(1, 0, 9)
    assert not periods.is_live.any()
    assert ask(settings, (1,), timeout_s=15).unknown == (1,)


@pytest.mark.parametrize(
    "rubbish", (b"", b"\xff" * 40, IngestState(is_up=False, started_utc_ns=1).encode())
)
def test_rubbish_on_its_own_topic_is_put_right_for_whoever_comes_later(
    run_ingest: Start, client: Connect, rubbish: bytes
) -> None:
    run_ingest()
    other = client("other", STATE)
    truth = other.message(STATE, is_up)
    other.link.publish(STATE, rubbish, retain=True)
    other.message(STATE, lambda payload: payload == truth)
    assert is_up(client("late", STATE).message(STATE))


def figures(metrics: Collector) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in metrics.collect()
        for sample in family.samples
    }


def test_every_seat_second_can_be_told_from_the_metrics_at_rest(
    run_ingest: Start, client: Connect
) -> None:
    first = run_ingest()
    node = client("kit-1", STATE, NODE.topic("ack"))
    node.message(STATE, is_up)
    send(node, NODE.birth())
    for seq in range(0, 30, 10):
        send(node, NODE.batch(seq, 10))
    send(node, NODE.gap(30, 5, "outbox_full"))
    wait_for_ack(node, 34)
    # What nobody can use but read: it is kept aside, and a node still holds it.
    send(node, Sent(NODE.topic("data"), replace(NODE, node="kit-2").batch(40, 2).payload))
    send(node, NODE.health(sampled=3 * 40, waiting=3 * 2, gap=3 * 5))
    send(node, NODE.batch(34, 1))  # sampled after all: the gap gives way
    send(node, NODE.batch(35))
    wait_for_ack(node, 35)
    first.stop()
    again = run_ingest()  # and a restart changes nothing
    node.message(STATE, is_up)
    send(node, NODE.batch(0, 10))
    wait_for_ack(node, 35)
    run = "r1", "kit-1", "7"
    scraped = figures(again.ingest.metrics)
    for _ in range(1_200):
        if scraped.get(("roomtone_ingest_run_is_counted", *run)) == 1:
            break
        threading.Event().wait(0.05)
        scraped = figures(again.ingest.metrics)
    assert scraped["roomtone_node_sampled_seat_seconds_total", *run] == 120
    assert scraped["roomtone_ingest_kept_seat_seconds_total", *run] == 3 * 32
    assert scraped["roomtone_ingest_gap_seat_seconds", *run, "outbox_full"] == 3 * 4
    assert scraped["roomtone_ingest_aside_seat_seconds", "r1", "kit-1"] == 3 * 2
    assert (
        scraped["roomtone_ingest_kept_seat_seconds_total", *run]
        + scraped["roomtone_node_waiting_seat_seconds", *run]
        + scraped["roomtone_ingest_aside_seat_seconds", "r1", "kit-1"]
        + 3 * 4
    ) == 120
    assert scraped["roomtone_ingest_link_up",] == scraped["roomtone_ingest_ready",] == 1
    assert scraped["roomtone_ingest_queue_limit", "received"] == 2000
    assert scraped["roomtone_ingest_last_ack_age_seconds", *run] < 15
    assert scraped["roomtone_ingest_commit_seconds_count",] >= 1


def test_the_sorted_message_is_what_was_sent() -> None:
    sent = NODE.batch(3, 2)
    record = sort_message(
        site="school", topic=sent.topic, payload=sent.payload, is_retained=False,
        live_age_ms=30_000,
    )  # fmt: skip
    tick = tick_of([record], received_utc_ns=1)
    assert (tick.arrivals[0].message.values == decode(sent.payload).values).all()  # type: ignore[union-attr]
