"""The agent and the doctor against a broker as a school has it: TLS, certificates, ACL."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.clock import ScaledClock
from contract.mqtt import link as mqtt
from contract.settings import BrokerSettings
from contract.wire.messages import Birth, Config, Death, LessonSpan
from edge_agent.agent import EdgeAgent
from edge_agent.config_file import store_config
from edge_agent.doctor.checks import broker_findings
from edge_agent.publishing.link_note import read_link_state
from edge_agent.settings import EdgeSettings
from firmware_bridge.events import HubCounters

pytestmark = [pytest.mark.broker, pytest.mark.slow]

ALWAYS = Config(revision=1, lessons=(LessonSpan(lesson="l", starts_utc_ns=0, ends_utc_ns=1 << 62),))


def until(fact: Callable[[], object], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if fact():
            return True
        time.sleep(0.01)
    return False


class SilentReader:
    def run(self, stop: threading.Event) -> None:
        stop.wait(300)

    def identify(self, seconds: int = 5) -> None: ...

    def counters(self) -> HubCounters:
        return HubCounters()


def broker_of(certificates: Path, port: int, who: str, **changes: object) -> dict[str, object]:
    return {
        "host": "localhost", "port": port, "ca_file": certificates / "ca.pem",
        "certificate_file": certificates / f"{who}.pem", "key_file": certificates / f"{who}.key",
    } | changes  # fmt: skip


def settings_of(folder: Path, broker: dict[str, object], node: str = "pi-1") -> EdgeSettings:
    return EdgeSettings.checked(
        {
            "site": "school", "room": "r1", "node": node, "broker": broker,
            "hub": [{"name": "hub-a", "port": "/dev/none", "seats": [1, 2]}],
            "outbox": {"dir": str(folder / f"outbox-{node}")},
            "delivery": {"spill_s": 1.0, "stop_wait_s": 2.0, "grace_s": 0.1},
        },
        where="test",
    )  # fmt: skip


class Running:
    """An agent with a hub that says nothing: each second becomes a gap, `serial`."""

    def __init__(self, settings: EdgeSettings) -> None:
        store_config(settings.outbox.dir / "config.cbor", ALWAYS)
        clock = ScaledClock(
            speed=10.0, anchor_ns=time.monotonic_ns(), utc_at_anchor_ns=1_760_000_000 * 10**9
        )
        self.agent = EdgeAgent(
            settings=settings, clock=clock, open_reader=lambda _hub, _clock, _sink: SilentReader()
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.agent.run, args=(self._stop,), name="agent")
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.fixture
def ingest(tls_broker: Any, certificates: Path, small_ingest: Callable[..., Any]) -> Any:
    broker = BrokerSettings.model_validate(broker_of(certificates, tls_broker.port, "server"))
    return small_ingest(tls_broker.port, broker=broker)


def test_a_node_delivers_with_its_certificate(
    tls_broker: Any, certificates: Path, ingest: Any, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path, broker_of(certificates, tls_broker.port, "pi-1"))
    running = Running(settings)
    try:
        assert until(lambda: any("serial" in str(row) for row in ingest.rows.values()))
        assert until(lambda: running.agent.delivery.last_ack_ns is not None)
        assert until(lambda: (state := read_link_state(settings.outbox.dir)) and state.ingest_is_up)
        said = {f.about: f for f in broker_findings(settings, is_running=True)}
        assert said["broker"].said.endswith("ingest is up")
        assert {f.state for f in said.values()} == {"fine"}
        # Looking did not push the agent out.
        assert not running.agent._publisher.names.is_pushed_out
    finally:
        running.stop()
    assert until(lambda: isinstance(ingest.states[-1], Death))
    assert running.agent.delivery.is_empty


def test_a_node_with_anothers_certificate_logs_it_and_keeps_everything(
    tls_broker: Any,
    certificates: Path,
    ingest: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    running = Running(settings_of(tmp_path, broker_of(certificates, tls_broker.port, "pi-2")))
    try:
        assert until(lambda: "check its ACL for node pi-1" in caplog.text)
        assert until(lambda: running.agent.outbox.bytes_used > 0)
    finally:
        running.stop()
    assert not ingest.rows
    assert not running.agent.delivery.is_empty


def test_two_kits_with_one_certificate_deliver_in_turns_and_both_are_named(
    tls_broker: Any,
    certificates: Path,
    ingest: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mqtt, "_TURN_S", 1.0)
    broker = broker_of(certificates, tls_broker.port, "pi-1")
    kits = [Running(settings_of(tmp_path / name, broker)) for name in ("first", "copy")]
    try:
        for kit in kits:
            names = kit.agent._publisher.names
            assert until(lambda n=names: n.twins)
            run = kit.agent.birth().run
            assert until(lambda r=run: r in {of_run for of_run, _ in ingest.rows})
            # And goes on so: what waits is delivered when it has its turn.
            seq = max(seq for of_run, seq in ingest.rows if of_run == run)
            assert until(lambda r=run, s=seq: any(q > s for of, q in ingest.rows if of == r))
        assert caplog.text.count("Two kits are called school/r1/pi-1") == 2
        folder = tmp_path / "first"
        assert until(lambda: (s := read_link_state(folder / "outbox-pi-1")) and s.twins)
        found = broker_findings(settings_of(folder, broker), is_running=True)
        assert [f.state for f in found if f.about == "name"] == ["wrong"]
        kits[1].stop()
        # Alone again it delivers all that waited on disk.
        assert until(lambda: ingest.states[-1].run == kits[0].agent.birth().run)
        assert until(lambda: not len(kits[0].agent.outbox.index))
    finally:
        for kit in kits:
            kit.stop()


def test_two_kits_of_one_name_both_deliver_and_both_say_so(
    tls_broker_with_free_ids: Any,
    certificates: Path,
    small_ingest: Callable[..., Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = tls_broker_with_free_ids.port
    of_server = BrokerSettings.model_validate(broker_of(certificates, port, "server"))
    ingest = small_ingest(port, broker=of_server)
    broker = broker_of(certificates, port, "pi-1")
    first = Running(settings_of(tmp_path / "first", broker))
    assert until(lambda: any(isinstance(state, Birth) for state in ingest.states))
    second = Running(settings_of(tmp_path / "second", broker))
    try:
        runs = {first.agent.birth().run, second.agent.birth().run}
        assert until(lambda: runs <= {run for run, _ in ingest.rows})
        for running in (first, second):
            assert until(lambda r=running: r.agent.health(is_finished=False).twins == 1)
        assert caplog.text.count("Two kits are called school/r1/pi-1") == 2
        assert "No connection to the broker" not in caplog.text
        second.stop()
        # The death of one must not stand over the life of the other.
        assert until(
            lambda: (
                isinstance(ingest.states[-1], Birth)
                and ingest.states[-1].run == first.agent.birth().run
            )
        )
    finally:
        second.stop()
        first.stop()


def test_the_doctor_says_what_is_wrong_with_the_certificates(
    tls_broker: Any, certificates: Path, tmp_path: Path
) -> None:
    port = tls_broker.port

    def said(**changes: object) -> list[str]:
        broker = broker_of(certificates, port, "pi-1", **changes)
        found = broker_findings(settings_of(tmp_path, broker), is_running=False)
        return [f"{f.about} {f.said} {f.advice}" for f in found if f.state == "wrong"]

    (no_ingest,) = said()
    assert "there is no word from ingest" in no_ingest
    refused, not_trusted = said(ca_file=certificates / "other-ca.pem")
    assert "pi-1.pem would be refused by a broker that trusts" in refused
    assert "is not trusted" in not_trusted
    soon = {"certificate_file": certificates / "soon.pem", "key_file": certificates / "soon.key"}
    ends_soon, _ = said(**soon)
    assert "valid for 10 more days renew it" in ends_soon or "valid for 9 more" in ends_soon
    assert "without it nothing is delivered" in ends_soon
    for unfit in (
        {"certificate_file": certificates / "names"},
        {"key_file": certificates / "pi-2.key"},
    ):
        own, broker = said(**unfit)
        assert own.startswith("own certificate ")
        assert "this node" in own
        assert broker.startswith("broker ")
        assert "was not tried" in broker
    unreadable, _ = said(key_file=certificates / "none.key")
    assert "none.key can't be read (No such file or directory) make a certificate" in unreadable
    assert "for this node" in unreadable
