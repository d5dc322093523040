"""The publisher's talk with the broker, over a link that a test holds in its hands."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.mqtt.link import Event, LinkDown, LinkUp, Received, Refused, Will
from contract.wire.messages import (
    Ack,
    Birth,
    Command,
    CommandResult,
    Config,
    ConfigReported,
    Death,
    Health,
    IngestState,
    Timebase,
    decode_state,
)
from contract.wire.payload import Batch, decode
from contract.wire.suspects import Suspects, digest_of
from edge_agent.identity import Identity
from edge_agent.outbox.store import Outbox
from edge_agent.publishing.delivery import Delivery
from edge_agent.publishing.publisher import EdgePublisher
from edge_agent.settings import DeliverySettings, EdgeSettings
from tests.examples import examples

SECOND = 1_000_000_000
NODE = "roomtone/1/school/r1/pi-1/"
INGEST = "roomtone/1/school/ingest/state"
SETTINGS = EdgeSettings.checked(
    {
        "site": "school", "room": "r1", "node": "pi-1",
        "hub": [{"name": "hub-a", "port": "/dev/a", "seats": [1, 2, 3]}],
    },
    where="test",
)  # fmt: skip


class FakeLink:
    """Notes what is published, and hears what a test says."""

    def __init__(self, client_id: str, will: Will, subscriptions: tuple[str, ...]) -> None:
        self.client_id, self.will, self.subscriptions = client_id, will, subscriptions
        self.events: queue.Queue[Event] = queue.Queue()
        self.is_alive = True
        self.published: list[tuple[str, bytes, bool]] = []
        self.acknowledged = 0
        self.has_room = True
        self.farewell: Will | None = None
        self.is_stopped = False

    def start(self) -> None:
        self.is_alive = True

    def stop(self, *, farewell: Will | None = None, timeout_s: float = 5.0) -> None:
        self.farewell, self.is_stopped = farewell, True

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        if self.has_room:
            self.published.append((topic, payload, retain))
        return self.has_room

    def acknowledge(self, message: Received) -> None:
        self.acknowledged += 1

    def hears(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        self.events.put(Received(topic, payload, is_retained))

    def kinds(self) -> list[str]:
        return [topic.removeprefix(NODE) for topic, _, _ in self.published]


class FakeHost:
    """Says just enough."""

    def __init__(self) -> None:
        self.configs: list[Config] = []
        self.commands: list[Command] = []

    def birth(self) -> Birth:
        return Birth(
            node="pi-1", run=1, boot="b", software="x", period_ns=SECOND, run_boot_ns=0, hubs=(),
            seat_codes=(), room_codes=(), units={}, synchronised=True,
        )  # fmt: skip

    def timebase(self) -> Timebase:
        return Timebase(
            node="pi-1", run=1, boot="b", boot_ns=0, utc_ns=0, error_ns=0, synchronised=True
        )

    def health(self, *, is_finished: bool) -> Health:
        return Health(
            node="pi-1", run=1, sampled=0, published=0, acked=0, waiting=0, gap=0, unsampled=0,
            is_sampling=False, is_finished=is_finished, outbox_bytes=0, ack_age_ms=None, hubs={},
        )  # fmt: skip

    def config_reported(self) -> ConfigReported:
        return ConfigReported(revision=len(self.configs), is_sampling=False)

    def handle_config(self, config: Config) -> None:
        self.configs.append(config)

    def handle_command(self, command: Command) -> CommandResult:
        self.commands.append(command)
        return CommandResult(id=command.id, is_done=True)


class Desk:
    """A publisher with all that it talks to."""

    def __init__(self, outbox: Outbox, **delivery: object) -> None:
        self.links: list[FakeLink] = []
        self.host = FakeHost()
        self.delivery = Delivery(
            run=1, settings=DeliverySettings.model_validate(delivery), outbox=outbox
        )
        self.publisher = EdgePublisher(
            settings=SETTINGS,
            identity=Identity(node="pi-1", run=1, boot="b", run_boot_ns=0),
            delivery=self.delivery,
            host=self.host,
            open_link=self._open,
            suspects=Suspects(outbox._directory.parent / "reading"),
        )
        self.publisher.start()

    def _open(self, client_id: str, will: Will, subscriptions: tuple[str, ...]) -> FakeLink:
        self.links.append(FakeLink(client_id, will, subscriptions))
        return self.links[-1]

    @property
    def link(self) -> FakeLink:
        return self.links[-1]

    def connect(self, now_ns: int = 0, *, started: int = 1) -> None:
        self.link.events.put(LinkUp("5"))
        self.link.hears(INGEST, ingest_up(started), is_retained=True)
        self.publisher.step(now_ns)


def ingest_up(started: int = 1) -> bytes:
    return IngestState(is_up=True, started_utc_ns=started).encode()


@pytest.fixture
def desk(make_outbox: Callable[..., Outbox]) -> Desk:
    outbox = make_outbox()
    outbox.open()
    return Desk(outbox)


def test_the_will_and_the_subscriptions(desk: Desk) -> None:
    assert desk.link.will.topic == NODE + "state"
    death = decode_state(desk.link.will.payload)
    assert isinstance(death, Death)
    assert (death.run, death.reason) == (1, "lost")
    assert set(desk.link.subscriptions) == {
        NODE + "ack", NODE + "config", NODE + "command", NODE + "state", INGEST,
    }  # fmt: skip


def test_birth_and_time_come_before_data(desk: Desk, batch: Callable[..., Batch]) -> None:
    desk.delivery.add(batch(0), counts=b"\3", now_ns=0)
    desk.connect()
    kinds = desk.link.kinds()
    assert kinds[:2] == ["state", "timebase"]
    assert kinds[-1] == "data"
    assert {"health", "config/reported"} < set(kinds)
    published = zip(kinds, desk.link.published, strict=True)
    retained = [kind for kind, (_, _, retain) in published if retain]
    assert retained == ["state", "config/reported"]


def test_data_waits_for_ingest(desk: Desk, batch: Callable[..., Batch]) -> None:
    desk.delivery.add(batch(0), counts=b"\3", now_ns=0)
    desk.publisher.step(0)
    desk.link.events.put(LinkUp("3.1.1"))
    desk.publisher.step(0)
    assert "data" not in desk.link.kinds()
    desk.link.hears(INGEST, ingest_up(), is_retained=True)
    desk.publisher.step(0)
    assert desk.link.kinds().count("data") == 1
    desk.link.hears(INGEST, IngestState(is_up=False, started_utc_ns=1).encode())
    desk.publisher.step(1)
    desk.delivery.add(batch(1), counts=b"\3", now_ns=0)
    desk.publisher.step(1)
    assert desk.link.kinds().count("data") == 1


def test_what_was_under_way_is_sent_again_when_ingest_or_the_link_comes_back(
    desk: Desk, batch: Callable[..., Batch]
) -> None:
    desk.delivery.add(batch(0), counts=b"\3", now_ns=0)
    desk.connect()
    desk.link.hears(INGEST, ingest_up(1))
    desk.publisher.step(0)
    assert desk.link.kinds().count("data") == 1  # the same ingest: nothing new
    desk.link.hears(INGEST, ingest_up(2))
    desk.publisher.step(0)
    assert desk.link.kinds().count("data") == 2
    desk.link.events.put(LinkDown("cut"))
    desk.publisher.step(0)
    desk.connect(started=2)
    assert desk.link.kinds().count("data") == 3
    desk.link.hears(NODE + "ack", Ack(run=1, without_hole=0).encode())
    desk.publisher.step(0)
    assert desk.delivery.is_empty
    assert desk.link.acknowledged == 5


def test_without_room_in_the_link_what_is_due_stays_due(
    desk: Desk, batch: Callable[..., Batch]
) -> None:
    desk.delivery.add(batch(0), counts=b"\3", now_ns=0)
    desk.link.has_room = False
    desk.connect()
    assert desk.link.published == []
    desk.link.has_room = True
    desk.publisher.step(0)
    assert desk.link.kinds()[0] == "state"
    assert desk.link.kinds()[-1] == "data"


def test_config_and_commands_are_answered_and_retained_commands_ignored(desk: Desk) -> None:
    desk.connect()
    desk.link.published.clear()
    desk.link.hears(NODE + "config", Config(revision=7, lessons=()).encode(), is_retained=True)
    desk.link.hears(NODE + "command", Command(id="a", command="start").encode())
    desk.link.hears(NODE + "command", Command(id="b", command="stop").encode(), is_retained=True)
    desk.publisher.step(0)
    assert [config.revision for config in desk.host.configs] == [7]
    assert [command.id for command in desk.host.commands] == ["a"]
    payloads = {topic.removeprefix(NODE): data for topic, data, _ in desk.link.published}
    assert CommandResult.decode(payloads["command/result"]).id == "a"
    assert "config/reported" in payloads


def test_nonsense_is_logged_and_acknowledged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.connect()
    before = desk.link.acknowledged
    for topic in (
        NODE + "ack",
        NODE + "config",
        NODE + "command",
        NODE + "state",
        INGEST,
        "elsewhere",
    ):
        desk.link.hears(topic, b"\xffnonsense")
    desk.publisher.step(0)
    assert desk.link.acknowledged == before + 6
    assert caplog.text.count("is not usable") == 6


def test_time_and_health_go_out_each_minute(desk: Desk) -> None:
    desk.connect()
    desk.link.published.clear()
    for second in range(121):
        desk.publisher.step(second * SECOND)
    assert desk.link.kinds().count("health") == 2
    assert desk.link.kinds().count("timebase") == 2


def test_earlier_runs_are_dated_before_their_data(
    make_outbox: Callable[..., Outbox], batch: Callable[..., Batch]
) -> None:
    earlier = make_outbox(run=9)
    old = Delivery(run=9, settings=DeliverySettings(), outbox=earlier)
    old.add(batch(0, run=9), counts=b"\3", now_ns=0)
    assert old.spill(0)
    earlier.close()
    outbox = make_outbox()
    outbox.open()
    desk = Desk(outbox)
    desk.connect()
    runs = [
        Timebase.decode(data).run if kind == "timebase" else decode(data).run
        for kind, (_, data, _) in zip(desk.link.kinds(), desk.link.published, strict=True)
        if kind in {"timebase", "data"}
    ]
    assert runs == [1, 9, 9]


def test_a_dead_thread_or_a_missing_acknowledgement_makes_a_new_link(
    desk: Desk, batch: Callable[..., Batch], caplog: pytest.LogCaptureFixture
) -> None:
    desk.connect()
    desk.link.is_alive = False
    desk.publisher.step(0)
    assert len(desk.links) == 2
    assert desk.links[0].is_stopped
    desk.connect(now_ns=SECOND)
    desk.delivery.add(batch(0), counts=b"\3", now_ns=SECOND)
    for second in range(2, 63):  # sent at 2 s, and again each 15 s
        desk.publisher.step(second * SECOND)
    assert len(desk.links) == 2
    desk.publisher.step(63 * SECOND)
    assert len(desk.links) == 3
    assert "no acknowledgement for 60 s" in caplog.text


def test_the_watchdog_counts_from_what_was_sent_and_not_from_the_last_acknowledgement(
    desk: Desk, batch: Callable[..., Batch]
) -> None:
    """A kit that was quiet for hours sends its first period; the answer may take its time."""
    desk.connect()
    for second in (3_600, 7_200):
        seq = desk.delivery.counters().acked // 3
        desk.delivery.add(batch(seq), counts=b"\3", now_ns=second * SECOND)
        for late in range(60):
            desk.publisher.step(second * SECOND + late * SECOND)
        assert len(desk.links) == 1
        desk.link.hears(NODE + "ack", Ack(run=1, without_hole=seq).encode())
        desk.publisher.step(second * SECOND + 60 * SECOND)
        assert desk.delivery.is_empty
    assert len(desk.links) == 1


def test_acknowledgements_of_some_keep_the_link_while_others_wait(
    desk: Desk, batch: Callable[..., Batch]
) -> None:
    desk.connect()
    for seq in range(300):
        desk.delivery.add(batch(seq), counts=b"\3", now_ns=seq * SECOND)
        if seq % 50 == 49:  # the first never arrives
            desk.link.hears(NODE + "ack", Ack(run=1, without_hole=-1, above=((1, seq),)).encode())
        desk.publisher.step(seq * SECOND)
    assert len(desk.links) == 1


def test_refusals_and_losses_are_logged_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(3):
        desk.link.events.put(LinkDown("no route"))
    desk.publisher.step(0)
    desk.connect()
    for mid in range(3):
        desk.link.events.put(Refused(f"message {mid}", "Not authorized"))
    desk.publisher.step(0)
    assert caplog.text.count("no route") == 1
    assert caplog.text.count("Not authorized") == 1


def test_the_farewell_is_a_last_health_and_a_death(desk: Desk) -> None:
    desk.connect()
    desk.publisher.farewell()
    assert desk.link.kinds()[-1] == "health"
    assert Health.decode(desk.link.published[-1][1]).is_finished
    assert desk.link.farewell is not None
    death = decode_state(desk.link.farewell.payload)
    assert isinstance(death, Death)
    assert death.reason == "stopped"


def test_a_step_of_utc_is_sent_at_once_and_again_to_each_ingest(desk: Desk) -> None:
    timebases = [
        Timebase(
            node="pi-1", run=1, boot="b", boot_ns=5 + i, utc_ns=9, error_ns=0, synchronised=True
        ).encode()
        for i in range(2)
    ]
    desk.connect(started=1)
    desk.publisher.stepped(*timebases)
    desk.publisher.step(1)
    assert [body for _, body, _ in desk.link.published][-2:] == timebases
    desk.link.hears(INGEST, ingest_up(2))
    desk.publisher.step(2)
    assert [body for _, body, _ in desk.link.published if body in timebases] == timebases * 2


def test_steps_of_a_long_outage_do_not_gather_without_bound(desk: Desk) -> None:
    for i in range(5_000):
        body = Timebase(
            node="pi-1", run=1, boot="b", boot_ns=i, utc_ns=9, error_ns=0, synchronised=True
        ).encode()
        desk.publisher.stepped(body, body)
        desk.publisher.step(i)
    desk.connect(5_000)
    timebases = [body for topic, body, _ in desk.link.published if topic == NODE + "timebase"]
    assert len(timebases) == 1 + 64
    assert Timebase.decode(timebases[-1]).boot_ns == 4_999


HUGE = b"\xa1\x67version\xc2\x59\x07\x08" + b"\xff" * 1_800


@pytest.mark.parametrize("kind", ("ack", "config", "command", "state"))
@given(body=st.binary(max_size=60) | st.just(HUGE), is_retained=st.booleans())
@settings(max_examples=examples(50))
def test_no_message_ends_the_agent(kind: str, body: bytes, is_retained: bool) -> None:
    with TemporaryDirectory() as folder:
        outbox = Outbox(
            directory=Path(folder), max_bytes=8 << 20, node="pi-1", timebase=lambda: b"",
            sync=lambda _: None,
        )  # fmt: skip
        desk = Desk(outbox)
        desk.connect()
        desk.link.hears(NODE + kind, body, is_retained=is_retained)
        desk.link.hears(INGEST, body, is_retained=is_retained)
        desk.publisher.step(1)
        assert sum(link.acknowledged for link in desk.links) == 3


def test_what_its_host_raises_for_a_message_is_named_and_survived(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle_config(_: Config) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(desk.host, "handle_config", handle_config)
    desk.connect()
    desk.link.hears(NODE + "config", Config(revision=1, lessons=()).encode(), is_retained=True)
    desk.publisher.step(1)
    assert "ZeroDivisionError: nobody foresaw this" in caplog.text
    assert desk.link.acknowledged == 2


def test_a_retained_message_that_ended_an_agent_is_passed_over(
    make_outbox: Callable[..., Outbox], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = make_outbox()
    outbox.open()
    config = Config(revision=1, lessons=()).encode()
    (tmp_path / "reading").write_bytes(digest_of(NODE + "config", config))
    desk = Desk(outbox)
    desk.connect()
    desk.link.hears(NODE + "config", config, is_retained=True)
    desk.publisher.step(1)
    assert desk.host.configs == []
    assert "an agent crashed while reading it" in caplog.text
    desk.link.hears(NODE + "config", config)  # ingest says it again to who is connected
    desk.publisher.step(2)
    assert len(desk.host.configs) == 1
