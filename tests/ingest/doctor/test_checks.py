"""The server's doctor finds what is wrong, says what to do, and touches nothing."""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from contract.clock import ManualClock
from contract.finding import Finding
from contract.settings import BrokerSettings
from ingest.doctor import checks as doctor
from ingest.doctor.checks import Page, ask, broker_findings, findings, program_finding
from ingest.doctor.command import add_arguments, look_over, run
from ingest.doctor.model import model_findings
from ingest.doctor.nodes import (
    kept_findings,
    node_findings,
    notice_findings,
    score_findings,
)
from ingest.monitoring.condition import Condition
from ingest.monitoring.health_server import HealthPages, health_server
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings, ServerSettings
from ingest.stores import open_period_store, open_score_store
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.rules import limits
from models.serving.manifest import SHIPPED, ModelManifest
from roomtone.demo.broker import free_port
from tests.ingest.conftest import Client, RunningBroker, RunningIngest
from tests.ingest.node import Node, Sent

NODE = Node()


def settings(folder: Path, **tables: object) -> ServerSettings:
    return ServerSettings(site="school", data_dir=folder, **tables)  # type: ignore[arg-type]


def of(found: list[Finding], about: str) -> Finding:
    (one,) = [finding for finding in found if finding.about == about]
    return one


def test_a_data_directory_that_is_missing_is_not_made(tmp_path: Path) -> None:
    (found,) = findings(settings(tmp_path / "none"))
    assert (found.about, found.state) == ("data directory", "wrong")
    assert list(tmp_path.iterdir()) == []


def test_databases_are_checked_and_damage_is_found(tmp_path: Path) -> None:
    for opened in (open_period_store(tmp_path), open_score_store(tmp_path)):
        opened.close()
    found = list(findings(settings(tmp_path)))
    assert of(found, "main.db").state == of(found, "score.db").state == "fine"
    assert of(found, "school.db").state == "note"
    assert not (tmp_path / "school.db").exists()
    bytes_ = bytearray((tmp_path / "score.db").read_bytes())
    bytes_[4096:] = b"\xa5" * (len(bytes_) - 4096)
    (tmp_path / "score.db").write_bytes(bytes_)
    damaged = of(list(findings(settings(tmp_path))), "score.db")
    assert damaged.state == "wrong"
    assert "backup" in damaged.advice


def test_each_file_is_reported_when_it_has_been_checked(tmp_path: Path) -> None:
    """A year of day files takes a while, and nobody should take that for a hang."""
    open_period_store(tmp_path).close()
    found = look_over(settings(tmp_path))
    assert next(found).about == "data directory"
    day = tmp_path / "days" / "room-2026-11-02.db"
    day.parent.mkdir(exist_ok=True)
    day.write_bytes(b"\xa5" * 8192)
    for finding in found:
        if finding.about == "room-2026-11-02.db":
            break
    else:
        raise AssertionError("the files were checked before anything was said")
    assert finding.state == "wrong"


def test_a_check_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_period_store(tmp_path).close()
    monkeypatch.setattr(doctor, "_CHECK_S", 0.0)
    assert of(list(findings(settings(tmp_path))), "main.db").state == "note"


@pytest.mark.parametrize(
    ("free", "state"), ((1 << 20, "wrong"), (1 << 30, "note"), (1 << 40, "fine"))
)
def test_space_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    usage = argparse.Namespace(total=1 << 41, used=0, free=free)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage)
    assert of(list(findings(settings(tmp_path))), "disk").state == state


def test_a_program_that_is_missing_stalled_not_ready_or_anothers(tmp_path: Path) -> None:
    clock = ManualClock()
    condition = Condition(clock=clock, stall_s=10, missing={})
    mine = settings(tmp_path)

    def found(port: int, where: ServerSettings = mine) -> Finding:
        return program_finding("ingest", port, where)

    assert found(0).state == "note"
    assert found(free_port()).state == "wrong"
    pages = HealthPages(
        program="ingest", site="school", data_dir=str(tmp_path), condition=condition,
        metrics=CollectorRegistry(),
    )  # fmt: skip
    with health_server(free_port(), pages) as port:
        assert port is not None
        assert found(port).state == "fine"
        assert "belongs to" in found(port, settings(tmp_path / "other")).said
        condition.set_missing("commit", "the disk is full")
        assert "the disk is full" in found(port).said
        clock.advance(20)
        assert "hangs" in found(port).said


def test_a_program_that_is_stopped_is_told_from_one_that_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "_WAIT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as stopped:
        assert ask(stopped.getsockname()[1], "/healthz") == Page(status=0, text="")
    assert ask(free_port(), "/healthz") is None


def kept(*messages: Sent) -> MemoryPeriodStore:
    store = MemoryPeriodStore()
    Keeper(store=store, site="school", clock=ManualClock(), settings=IngestSettings()).keep(
        messages
    )
    return store


METRICS = (
    'roomtone_node_health_age_seconds{node="kit-1",room="r1",run="7"} 400.0\n'
    'roomtone_ingest_queue_length{queue="received"} 1900\n'
    'roomtone_ingest_queue_limit{queue="received"} 2000\n'
    "roomtone_ingest_same_name_total 1\n"
    "roomtone_score_lag_seconds 99.5\n"
)


def test_what_is_held_against_a_node_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MAX_STREAMS_OF_NODE", 1)
    store = kept(NODE.batch(0), NODE.again(8).batch(0), NODE.again(9).batch(0))
    (finding,) = notice_findings(store)
    assert finding.state == "wrong"
    assert finding.about == "node kit-1 in r1"
    assert finding.said.startswith(
        "kit-1 has 1 runs here, the most that one node may have (2 times"
    )
    assert "all other kits continue" in finding.advice


def test_nodes_are_looked_over() -> None:
    births = (NODE.birth(), NODE.batch(0))
    well = kept(*births, NODE.timebase(1 << 60), NODE.health(sampled=3))
    (fine,) = node_findings(well, None)
    assert (fine.about, fine.state) == ("node kit-1 in r1", "fine")
    (silent,) = node_findings(well, Page(status=200, text=METRICS))
    assert "400 s" in silent.said
    (undated,) = node_findings(kept(*births), None)
    assert "synchronised" in undated.said
    (off,) = node_findings(kept(*births, NODE.death()), None)
    assert off.state == "note"
    (none,) = node_findings(kept(), None)
    assert "no node has ever" in none.said
    behind = kept(*births, NODE.timebase(1 << 60), NODE.health(sampled=9_000, waiting=3_000))
    (holds,) = node_findings(behind, None)
    assert "17 minutes" in holds.said
    # A node that started anew is judged by its newest run alone.
    (newest,) = node_findings(kept(*births, NODE.again(8).birth(), NODE.again(8).timebase(1)), None)
    assert newest.state == "fine"


def test_what_is_aside_full_queues_one_name_twice_and_late_scores() -> None:
    page = Page(status=200, text=METRICS)
    said = [f.said for f in kept_findings(kept(Sent(NODE.topic("data"), b"bad")), page)]
    assert len(said) == 3
    assert "1 are kept aside" in said[0]
    assert "received holds 1900 of 2000" in said[1]
    assert "same name" in said[2]
    (late,) = score_findings(page)
    assert "100 s behind" in late.said or "99 s behind" in late.said
    assert list(score_findings(None)) == list(kept_findings(kept(), None)) == []


def test_a_schools_model_that_rests_on_another_than_is_shipped(tmp_path: Path) -> None:
    assert list(model_findings(None)) == []
    shipped = ModelManifest.from_json(SHIPPED.with_suffix(".json").read_text(encoding="utf-8"), "")

    def found(version: str) -> Finding:
        text = replace(shipped, version=version).to_json()
        (tmp_path / "own.json").write_text(text, encoding="utf-8")
        (one,) = model_findings(tmp_path / "own.onnx")
        return one

    assert found(f"{shipped.version}+a1").state == "fine"
    assert found("elsewhere-1").state == "fine"  # trained by themselves, on no other model
    older = found("older-1+a1")
    assert older.state == "note"
    assert "made from model older-1," in older.said
    assert f"comes with model {shipped.version}," in older.said
    assert "model_file" in older.advice
    (tmp_path / "own.json").write_text("{", encoding="utf-8")
    (damaged,) = model_findings(tmp_path / "own.onnx")
    (missing,) = model_findings(tmp_path / "none.onnx")
    assert damaged.state == missing.state == "wrong"


@pytest.mark.broker
def test_the_broker_and_what_it_says_of_ingest(
    broker: RunningBroker,
    client: Callable[..., Client],
    run_ingest: Callable[..., RunningIngest],
    tmp_path: Path,
) -> None:
    client("waits-until-the-broker-is-there")
    mine = settings(tmp_path, broker=broker.settings)
    (silent,) = broker_findings(mine)
    assert (silent.state, "no state" in silent.said) == ("wrong", True)
    ingest = run_ingest()
    assert ingest.ingest.ready.wait(60)
    (fine,) = broker_findings(mine)
    assert fine.state == "fine"
    ingest.stop()
    (down,) = broker_findings(mine)
    assert "ingest is down" in down.said
    broker.kill()
    (gone,) = broker_findings(mine)
    assert "can't be reached" in gone.said


def test_a_broker_without_tls_where_it_is_expected(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", tmp_path / "ca.key", "-out", ca, "-subj", "/CN=ca"],
        check=True, capture_output=True,
    )  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as server:

        def speak_plainly() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"this is no TLS\r\n")
                connection.recv(4_096)

        speaker = threading.Thread(target=speak_plainly, name="plain broker")
        speaker.start()
        tls = BrokerSettings(port=server.getsockname()[1], ca_file=ca)
        own, found = broker_findings(settings(tmp_path, broker=tls))
        speaker.join(60)
    assert (own.about, own.state) == ("own certificate", "note")
    assert "accepts this server without" in own.advice
    assert "refuses TLS, or is not trusted" in found.said


def test_no_broker_is_tried_with_files_that_are_none(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("no certificate")
    with socket.create_server(("127.0.0.1", 0)) as server:
        tls = BrokerSettings(port=server.getsockname()[1], ca_file=ca)
        _, found = broker_findings(settings(tmp_path, broker=tls))
    assert f"{tls.port} was not tried" in found.said
    assert "docs/mosquitto.md" in found.advice


def test_the_command_says_all_of_it_and_its_code_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "server.toml"
    ports = "".join(f"[{name}]\n{key} = {free_port()}\n" for name, key in (
        ("broker", "port"), ("ingest", "health_port"), ("score", "health_port"),
        ("dashboard", "port"),
    ))  # fmt: skip
    config.write_text(f'site = "school"\ndata_dir = "{tmp_path}/data"\n{ports}')
    with closing(open_period_store(tmp_path / "data")) as store:
        Keeper(
            store=store, site="school", clock=ManualClock(), settings=IngestSettings()
        ).keep([replace(NODE, node="kit-2").birth()])  # fmt: skip
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args(["--config", str(config)])) == 1
    lines = capsys.readouterr().out
    assert "ok     main.db: is intact\n" in lines
    assert "WRONG  node kit-2 in r1: has no synchronised clock" in lines
    assert run(parser.parse_args(["--config", str(config), "--json"])) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["is_well"] is False
    for finding in report["findings"]:
        assert (finding["state"] == "fine") == (not finding["advice"]), finding
