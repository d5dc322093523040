"""Claims on a real Mosquitto: two ingests and one site, and one ingest with several sites."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from contract.clock import SystemClock
from contract.errors import ConfigurationError, LinkError
from contract.topics import ingest_claim, ingest_state
from contract.wire.messages import Ack, Config, IngestState
from ingest.claims.claim import SiteClaim
from ingest.receiving.service import Ingest
from ingest.settings import IngestSettings, ServerSettings
from ingest.stores import open_period_reader, open_period_store
from roomtone.demo.programs import roomtone_command
from roomtone.demo.settings_files import toml
from school.lessons.memory import MemoryLessonStore
from tests.ingest.conftest import Client, RunningBroker
from tests.ingest.node import Node, Sent

pytestmark = pytest.mark.broker

Connect = Callable[..., Client]
NORTH, SOUTH = (
    Node(site=site, room=f"{site}-r1", node=f"{site}-kit") for site in ("north", "south")
)


class Running:
    """Ingest on a thread; how it ended is `error`."""

    def __init__(self, settings: ServerSettings) -> None:
        self.error: Exception | None = None
        self._stop = Event()
        self.ingest = Ingest(
            settings=settings, clock=SystemClock(), open_store=open_period_store,
            open_lessons=lambda _: MemoryLessonStore(),  # two threads can't make school.db at once
        )  # fmt: skip
        self.thread = Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.ingest.run(self._stop)
        except LinkError as error:
            self.error = error

    def stop(self) -> None:
        self._stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


def settings(broker: RunningBroker, data: Path, *sites: str) -> ServerSettings:
    return ServerSettings(
        site=sites[0], more_sites=sites[1:], data_dir=data, broker=broker.settings,
        ingest=IngestSettings(tick_ms=20),
    )  # fmt: skip


def send(client: Client, sent: Sent) -> None:
    assert client.link.publish(sent.topic, sent.payload, retain=sent.is_retained)


def is_up(payload: bytes) -> bool:
    return IngestState.decode(payload).is_up


def test_one_ingest_keeps_two_sites_and_is_up_on_both(
    broker: RunningBroker, client: Connect, tmp_path: Path
) -> None:
    running = Running(settings(broker, tmp_path / "data", "north", "south"))
    try:
        node = client("both", *(t for n in (NORTH, SOUTH) for t in (
            ingest_state(n.site), n.topic("ack"), n.topic("config"))))  # fmt: skip
        for each in (NORTH, SOUTH):
            send(node, each.birth())
            assert Config.decode(node.message(each.topic("config"))).lessons == ()
            send(node, each.batch(0, 10))
            assert Ack.decode(node.message(each.topic("ack"))).without_hole == 9
        stranger = replace(NORTH, site="west")
        send(node, stranger.batch(0, 10))
    finally:
        running.stop()
    assert running.error is None
    with closing(open_period_reader(tmp_path / "data")) as reader:
        assert {stream.site for stream in reader.streams()} == {"north", "south"}
    late = client("late", *map(ingest_state, ("north", "south")))
    for site in ("north", "south"):
        late.message(ingest_state(site), lambda payload: not is_up(payload))


def test_of_two_that_start_at_once_one_goes_on_and_the_other_says_who_keeps_the_site(
    broker: RunningBroker, client: Connect, tmp_path: Path
) -> None:
    pair = [Running(settings(broker, tmp_path / name, "north")) for name in ("a", "b")]
    try:
        node = client("kit", ingest_state("north"), NORTH.topic("ack"))
        node.message(ingest_state("north"), is_up)
        while all(each.thread.is_alive() for each in pair):
            pair[0].thread.join(0.02)
        (loser,) = (each for each in pair if not each.thread.is_alive())
        (winner,) = (each for each in pair if each is not loser)
        assert winner.ingest.ready.wait(60)
        name = "ab"[pair.index(winner)]
        assert f"{tmp_path / name}" in str(loser.error)
        assert "keeps the site north" in str(loser.error)
        send(node, NORTH.birth())
        send(node, NORTH.batch(0, 10))
        assert Ack.decode(node.message(NORTH.topic("ack"))).without_hole == 9
    finally:
        for each in pair:
            each.stop()
    assert winner.error is None
    with closing(open_period_reader(tmp_path / "ab"[pair.index(loser)])) as reader:
        assert reader.streams() == []
    # Whoever comes after it has gone keeps the site without a long wait.
    after = Running(settings(broker, tmp_path / "c", "north"))
    try:
        assert after.ingest.ready.wait(60)
    finally:
        after.stop()
    assert after.error is None


@pytest.mark.slow
def test_a_word_that_outlived_its_ingest_only_delays_the_next_one(
    broker: RunningBroker, client: Connect, tmp_path: Path
) -> None:
    old = client("old", ingest_state("north"))
    dead = IngestState(is_up=True, started_utc_ns=1, instance="dead")
    old.link.publish(ingest_state("north"), dead.encode(), retain=True)
    old.message(ingest_state("north"))
    running = Running(settings(broker, tmp_path / "data", "north"))
    try:
        assert running.ingest.ready.wait(60)
        old.message(ingest_state("north"), lambda p: IngestState.decode(p).instance != "dead")
    finally:
        running.stop()


@pytest.mark.parametrize("rubbish", (b"", b"\xff" * 40))
def test_rubbish_among_the_claims_ends_nothing(
    broker: RunningBroker, client: Connect, tmp_path: Path, rubbish: bytes
) -> None:
    running = Running(settings(broker, tmp_path / "data", "north"))
    try:
        assert running.ingest.ready.wait(60)
        other = client("other", ingest_claim("north"), NORTH.topic("ack"))
        other.link.publish(ingest_claim("north"), rubbish)
        other.message(ingest_claim("north"))
        send(other, NORTH.batch(0, 10))
        assert Ack.decode(other.message(NORTH.topic("ack"))).without_hole == 9
    finally:
        running.stop()
    assert running.error is None


@pytest.mark.slow
def test_the_second_program_ends_with_the_sentence_alone(
    broker: RunningBroker, tmp_path: Path
) -> None:
    first = Running(settings(broker, tmp_path / "a", "north"))
    try:
        assert first.ingest.ready.wait(60)
        config = tmp_path / "b.toml"
        config.write_text(
            toml(
                {"site": "south", "more_sites": ["north"], "data_dir": str(tmp_path / "b")},
                broker={"port": broker.settings.port},
                ingest={"health_port": 0},
            )
        )
        second = subprocess.run(
            roomtone_command("ingest", "--config", str(config)), capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    finally:
        first.stop()
    assert second.returncode == 1
    assert "Another ingest" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_claim_whose_link_has_ended_makes_another_and_says_again_what_is_true(
    broker: RunningBroker, client: Connect
) -> None:
    claim = SiteClaim(
        site="north", broker=broker.settings, clock=SystemClock(), instance="me", place="here",
        started_utc_ns=1,
    )  # fmt: skip
    claim.say("up")
    claim.start()
    try:
        node = client("kit", ingest_state("north"))
        node.message(ingest_state("north"), is_up)
        claim._link.stop(farewell=claim._gone)
        node.message(ingest_state("north"), lambda payload: not is_up(payload))
        node.message(ingest_state("north"), is_up)
    finally:
        claim.stop()
    node.message(ingest_state("north"), lambda payload: not is_up(payload))


def test_a_site_is_named_once() -> None:
    fields: dict[str, object] = {"site": "north", "more_sites": ["south", "north"]}
    with pytest.raises(ConfigurationError, match="each site once"):
        ServerSettings.checked(fields, where="server.toml")
