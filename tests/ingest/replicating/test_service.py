"""The replicating process: one thread a replica, its part of purges, and what it shows of itself."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from contract.clock import SystemClock
from contract.errors import StoreError
from ingest.purge.run import PurgeRun
from ingest.replicas.part import ReplicasPart
from ingest.replicas.status import read_status
from ingest.replicating.service import Replicator
from ingest.settings import ServerSettings
from tests.ingest.replicas.stub_engine import Answer, StubEngine, stub_engine
from tests.ingest.replicating.process import (
    PATIENCE_S,
    a_lesson,
    records,
    request,
    running,
    until,
)  # fmt: skip
from tests.ingest.school import LENGTH


def server(data_dir: Path, **engines: StubEngine) -> ServerSettings:
    """Settings with a replica of lessons for each of these, and one of health for `health`."""
    replicas: list[dict[str, Any]] = [
        {"name": name, "kind": "victoriametrics", "url": engine.url, "timeout_s": 60,
         "what": "health" if name == "health" else "lessons"}
        for name, engine in engines.items()
    ]  # fmt: skip
    return ServerSettings.checked(
        {"site": "school", "data_dir": data_dir, "replicas": replicas,
         "replicate": {"poll_s": 0.02, "max_wait_s": 0.05},
         "retention": {"seat_days": 36_500, "room_days": 36_500, "score_days": 36_500}},
        where="test",
    )  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a lesson, whose programs do not run."""
    return a_lesson(tmp_path / "data")


def has_all(stub: StubEngine) -> bool:
    sound = [1 for fields in stub.of("room").values() if "laeq_1s" in fields]
    return len(sound) == LENGTH and bool(stub.of("zone"))


@pytest.mark.slow
def test_a_replica_that_hangs_holds_no_other_up(data: Path) -> None:
    released = threading.Event()
    with ExitStack() as held:
        works, hangs, fails, health = (held.enter_context(stub_engine()) for _ in range(4))
        held.callback(released.set)
        hangs.fault = lambda *_: (released.wait(PATIENCE_S) and None) or None
        fails.fault = lambda *_: Answer(401, '{"message":"unauthorized access"}')
        settings = server(data, works=works, hangs=hangs, fails=fails, health=health)
        replicator = held.enter_context(running(settings))
        until(lambda: has_all(works) and health.of("health"))
        until(lambda: replicator.condition.reasons)
        (reason,) = replicator.condition.reasons
        assert "unauthorized access" in reason
        until(lambda: "unauthorized access" in troubles(data).get("fails", ""))
        assert not troubles(data)["works"]
        lines = generate_latest(replicator.metrics).decode().splitlines()
        assert 'roomtone_replica_up{replica="fails"} 0.0' in lines
        assert 'roomtone_replica_up{replica="works"} 1.0' in lines
        assert {dict(tags)["node"] for _, tags, _ in health.points} == {"kit-1"}
        assert not {name for name, _, _ in health.points} - {"health"}
        fails.fault = lambda *_: None
        until(lambda: has_all(fails) and not replicator.condition.reasons)
        released.set()
        until(lambda: has_all(hangs))


def troubles(data: Path) -> dict[str, str]:
    """Replica → its trouble, as the other programs see it."""
    status = read_status(data)
    return {} if status is None else {each.name: each.trouble for each in status.replicas}


@pytest.mark.slow
def test_a_purge_waits_for_its_answer_and_records_it(data: Path, stub: StubEngine) -> None:
    settings = server(data, lab=stub)
    said: list[str] = []
    run = PurgeRun(data_dir=data, clock=SystemClock(), say=said.append)
    with running(settings):
        until(lambda: has_all(stub))
        stub.fault = lambda *_: Answer(503, "later", "text/plain")
        purge = threading.Thread(target=lambda: run.run(request(data)))
        purge.start()
        # The others have done their part; the replica has not answered.
        until((data / "purges" / f"{'a' * 16}.score.json").exists)
        assert stub.lessons() == {"lesson-1"}
        assert purge.is_alive()
        stub.fault = lambda *_: None
        purge.join(PATIENCE_S)
        assert not stub.points
    (record,) = records(data)
    assert record["removed"]["lessons in the replica lab"] == 1


@pytest.mark.slow
def test_the_command_does_the_part_of_a_program_that_does_not_run(
    data: Path, stub: StubEngine
) -> None:
    settings = server(data, lab=stub)
    with running(settings):
        until(lambda: has_all(stub))
    clock = SystemClock()
    run = PurgeRun(data_dir=data, clock=clock, say=lambda _: None)
    with pytest.raises(StoreError, match="`roomtone replicate` does not run"):
        run.run(request(data))
    part = ReplicasPart(
        data_dir=data, replicas=settings.replicas, settings=settings.replicate, clock=clock
    )
    run = PurgeRun(data_dir=data, clock=clock, say=lambda _: None, replicas=part)
    stub.is_dark = True
    with pytest.raises(StoreError, match="still in the replica lab"):
        run.run(request(data))
    assert not (data / "purge-log.jsonl").exists()
    stub.is_dark = False
    run.run(request(data))
    assert not stub.points
    (record,) = records(data)
    assert record["removed"]["lessons in the replica lab"] == 1


@pytest.mark.slow
def test_what_cannot_delete_stands_in_the_record(data: Path, stub: StubEngine) -> None:
    replicas = [{"name": "old", "kind": "influxdb3", "url": stub.url, "what": "lessons"}]
    settings = ServerSettings.checked(
        {**server(data).model_dump(), "replicas": replicas}, where="test"
    )
    with running(settings):
        until(lambda: has_all(stub))
    part = ReplicasPart(
        data_dir=data, replicas=settings.replicas, settings=settings.replicate, clock=SystemClock()
    )
    PurgeRun(data_dir=data, clock=SystemClock(), say=lambda _: None, replicas=part).run(
        request(data)
    )
    (record,) = records(data)
    assert record["removed"]["lessons that the replica old can't delete"] == 1
    assert stub.lessons() == {"lesson-1"}


def test_only_one_process_feeds_them(tmp_path: Path, stub: StubEngine) -> None:
    settings = server(tmp_path, lab=stub)
    with running(settings) as first:
        until(lambda: first.condition.turned_s < 1 and (tmp_path / "replicas.db-writer").exists())
        with pytest.raises(StoreError, match="Another program writes"):
            Replicator(settings=settings, clock=SystemClock()).run(threading.Event())
