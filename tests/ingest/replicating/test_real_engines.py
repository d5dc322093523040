"""A lesson in real databases: written twice, replaced, deleted, and written again."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from contract.clock import SystemClock
from ingest.replicas.engines import open_engine
from ingest.replicas.engines.answers import EngineError, PointsRefusedError
from ingest.replicas.settings import ReplicaSettings
from tests.engines import InfluxServer, VictoriaServer
from tests.ingest.replicas.stub_engine import StubEngine
from tests.ingest.replicating.fed import SECOND_NS, Fed, dated, seconds_of
from tests.ingest.school import LENGTH, NODE, VALUES, School

Sound = Callable[[], list[int]]

pytestmark = pytest.mark.slow


def sound_in_victoria(server: VictoriaServer, lesson: str) -> list[int]:
    """When the seconds of a lesson are, in milliseconds."""
    server.settle()
    query = urlencode({"match[]": f'room_laeq_1s{{lesson="{lesson}"}}'})
    with urlopen(f"{server.url}/api/v1/export?{query}", timeout=30) as answer:
        lines = [json.loads(line) for line in answer.read().splitlines()]
    assert all(value == 60 for line in lines for value in line["values"])
    return sorted(at for line in lines for at in line["timestamps"])


def sound_in_influx(server: InfluxServer, database: str, lesson: str) -> list[object]:
    found = server.influxql(
        f"SELECT laeq_1s FROM room WHERE lesson = '{lesson}'", database=database
    )
    return [row[0] for series in found for row in series["values"]]  # type: ignore[attr-defined]


def play(fed: Fed, sound: Sound, as_kept: Callable[[list[int]], list[int]]) -> None:
    """What a replica has to do, on a database that is there."""
    school = fed.school
    school.live(range(LENGTH))
    fed.settle()
    assert sound() == as_kept(seconds_of(school))
    # Twice is once.
    fed.progress.forget_lesson("lesson-1")
    fed.progress.owe(["lesson-1"])
    fed.settle()
    assert sound() == as_kept(seconds_of(school))
    # A lesson that was shortened is replaced.
    ends_utc_ns = school.lesson.starts_utc_ns + 240 * SECOND_NS
    school.lessons.put(replace(school.lesson, ends_utc_ns=ends_utc_ns))
    fed.settle()
    assert fed.figures.deleted == 1
    assert sound() == as_kept(seconds_of(school, 0, 240))
    school.lessons.put(school.lesson)
    fed.settle()
    assert sound() == as_kept(seconds_of(school))
    # The kit's clock turns out to have been 20 s fast all the time.
    for at in (0, 200, 400):
        moved = school.clock.utc_at_boot_ns - 20 * SECOND_NS
        school.keep(NODE.timebase(moved, at_ns=at * SECOND_NS + 1))
    school.following.step()
    school.keep(NODE.batch(LENGTH, values=VALUES[:1]))
    fed.settle()
    fed.settle()
    assert dated(school)[-1] == seconds_of(school)[-1] - 19 * SECOND_NS
    assert sound() == as_kept(dated(school))
    school.lessons.purge(lessons=["lesson-1"])
    fed.settle()
    assert sound() == []


@pytest.fixture
def school() -> School:
    return School()


@pytest.mark.victoriametrics
def test_victoriametrics(
    school: School, stub: StubEngine, tmp_path: Path, victoria_server: VictoriaServer
) -> None:
    stub.url = victoria_server.url
    with Fed(school, stub, tmp_path) as fed:
        play(
            fed,
            lambda: sound_in_victoria(victoria_server, "lesson-1"),
            lambda times: [at // 1_000_000 for at in times],
        )


@pytest.mark.influxdb18
def test_influxdb_1(
    school: School, stub: StubEngine, tmp_path: Path, influx_server: InfluxServer
) -> None:
    database = influx_server.address().bucket.partition("/")[0]
    stub.url = influx_server.url
    with Fed(school, stub, tmp_path, kind="influxdb1", bucket=database) as fed:
        play(
            fed,
            lambda: to_ns(sound_in_influx(influx_server, database, "lesson-1")),
            list,
        )


def to_ns(times: list[object]) -> list[int]:
    """InfluxQL answers with texts."""
    return [round(datetime.fromisoformat(str(at)).timestamp()) * SECOND_NS for at in times]


@pytest.fixture
def influx(influx_server: InfluxServer) -> ReplicaSettings:
    database = influx_server.address().bucket.partition("/")[0]
    return ReplicaSettings(
        name="real", kind="influxdb1", url=influx_server.url, bucket=database, what="lessons"
    )


@pytest.mark.influxdb18
def test_the_words_of_influxdb(influx: ReplicaSettings) -> None:
    clock = SystemClock()
    with closing(open_engine(influx, clock)) as engine:
        engine.write(b"room,lesson=a laeq_1s=1 1760000000000000000")
        with pytest.raises(PointsRefusedError, match="field type conflict"):
            engine.write(b'room,lesson=a laeq_1s="loud" 1760000001000000000')
        with pytest.raises(PointsRefusedError, match="unable to parse"):
            engine.write(b"room")
        difference_s = engine.clock_difference_s()
        assert difference_s is not None
        assert abs(difference_s) < 60
    wrong = influx.model_copy(update={"bucket": "nowhere"})
    with (
        closing(open_engine(wrong, clock)) as engine,
        pytest.raises(EngineError, match=r"check `url`.*database not found"),
    ):
        engine.write(b"room,lesson=a laeq_1s=1 1760000000000000000")
    second = influx.model_copy(update={"kind": "influxdb2"})
    with (
        closing(open_engine(second, clock)) as engine,
        pytest.raises(EngineError, match=r"^real: "),
    ):
        engine.delete({"lesson": "a"})  # InfluxDB 1.8 has no such call
