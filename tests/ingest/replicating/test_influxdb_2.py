"""A real InfluxDB 2: what a replica writes there, replaces and removes, and what it says to what is wrong."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient

from contract.clock import SystemClock
from contract.errors import RoomtoneError, StoreError
from ingest.purge.run import PurgeRun
from ingest.replicas.engines import open_engine
from ingest.replicas.engines.answers import EngineError, PointsRefusedError
from ingest.replicas.line_protocol import line
from ingest.replicas.part import ReplicasPart
from ingest.replicas.settings import ReplicaSettings
from ingest.settings import ServerSettings
from tests.engines import Address, Influx2Server, NamedInflux
from tests.ingest.replicas.stub_engine import StubEngine
from tests.ingest.replicating.fed import SECOND_NS, Fed, seconds_of
from tests.ingest.replicating.process import a_lesson, records, request, running, until
from tests.ingest.replicating.test_real_engines import play
from tests.ingest.school import LENGTH, School

pytestmark = [pytest.mark.slow, pytest.mark.influxdb2]

AT_NS = 1_760_000_000 * SECOND_NS


class Bucket:
    """What is in a bucket, and the settings of a replica that fills it."""

    def __init__(self, address: Address, folder: Path) -> None:
        self.address = address
        self.token_file = folder / "token"
        self.token_file.write_text(address.token)

    def replica(self, **other: object) -> ReplicaSettings:
        address = self.address
        table = {
            "name": "real", "kind": "influxdb2", "url": address.url, "org": address.org,
            "bucket": address.bucket, "token_file": self.token_file, "what": "lessons",
            "timeout_s": 60,
        }  # fmt: skip
        return ReplicaSettings.checked({**table, **other}, where="test")

    def times(self, measurement: str, field: str) -> list[int]:
        """When the points of a field are, in nanoseconds, which datetime has not."""
        rows = self._rows(
            f'|> filter(fn: (r) => r._measurement == "{measurement}" and r._field == "{field}")'
            ' |> group() |> keep(columns: ["_time"]) |> map(fn: (r) => ({_value: int(v: r._time)}))'
        )
        return sorted(int(str(each)) for each in rows)

    def measurements(self, tag: str = "lesson") -> set[tuple[str, object]]:
        """Of each measurement the texts that a tag has."""
        columns = f'columns: ["_measurement", "{tag}"]'
        query = f"|> keep({columns}) |> group({columns}) |> limit(n: 1)"
        with self._client() as client:
            tables = client.query_api().query(self._from(query))
        return {
            (record.get_measurement(), record.values.get(tag))
            for table in tables
            for record in table.records
        }

    def _rows(self, query: str) -> list[object]:
        with self._client() as client:
            tables = client.query_api().query(self._from(query))
        return [record.get_value() for table in tables for record in table.records]

    def _from(self, query: str) -> str:
        span = "range(start: 1970-01-02T00:00:00Z, stop: 2200-01-01T00:00:00Z)"
        return f'from(bucket: "{self.address.bucket}") |> {span} {query}'

    def _client(self) -> InfluxDBClient:
        address = self.address
        return InfluxDBClient(url=address.url, token=address.token, org=address.org, timeout=60_000)


@pytest.fixture
def bucket(influx2: Influx2Server | NamedInflux, tmp_path: Path) -> Bucket:
    return Bucket(influx2.address(), tmp_path)


def fed_from(
    school: School, bucket: Bucket, stub: StubEngine, folder: Path, *, with_seats: bool = False
) -> Fed:
    address = bucket.address
    stub.url = address.url
    return Fed(
        school, stub, folder, kind="influxdb2", org=address.org, bucket=address.bucket,
        token_file=bucket.token_file, with_seats=with_seats,
    )  # fmt: skip


def test_a_lesson(bucket: Bucket, stub: StubEngine, tmp_path: Path) -> None:
    with fed_from(School(), bucket, stub, tmp_path) as fed:
        play(fed, lambda: bucket.times("room", "laeq_1s"), list)
    assert bucket.measurements() == set()


def test_seats_go_before_the_rest(bucket: Bucket, stub: StubEngine, tmp_path: Path) -> None:
    """As when `seat_days` are over: what comes before and after them in the alphabet stays."""
    school = School()
    with fed_from(school, bucket, stub, tmp_path, with_seats=True) as fed:
        school.live(range(LENGTH))
        fed.settle()
        assert len(bucket.times("seat", "motion_rms")) == LENGTH * 12
        before = bucket.measurements()
        assert fed.outlet.delete({"lesson": "lesson-1"}, "seat")
        assert bucket.times("room", "laeq_1s") == seconds_of(school)
    assert before - bucket.measurements() == {("seat", "lesson-1")}


NAMES = (
    "a",
    'a" OR "1"="1',
    "a' OR lesson='b",
    "b,site=x",
    "b=c d",
    "${a}",
    "\\d \\w",
    "ключ 1",
    "ü",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_deleted_and_no_other(name: str, bucket: Bucket) -> None:
    written = [
        line(measurement, {"lesson": each, "site": "north"}, {"laeq_1s": 1.0}, AT_NS)
        for measurement in ("alert", "room", "zone")
        for each in (name, "b", "other")
    ]
    with closing(open_engine(bucket.replica(), SystemClock())) as engine:
        engine.write("\n".join(filter(None, written)).encode())
        before = bucket.measurements()
        assert len(before) == 9
        engine.delete({"lesson": name}, "room")
        gone = {("room", name)}
        assert bucket.measurements() == before - gone
        engine.delete({"lesson": name})
    assert {each for _, each in bucket.measurements()} == {"b", "other"}


def test_some_points_that_it_refuses_hold_no_other_up(
    bucket: Bucket, stub: StubEngine, tmp_path: Path
) -> None:
    with fed_from(School(), bucket, stub, tmp_path) as fed:
        points = [f"room,lesson=a laeq_1s={at} {AT_NS + at}" for at in range(40)]
        for at in (17, 30):
            points[at] = f'room,lesson=a laeq_1s="loud" {AT_NS + at}'
        fed.outlet.send(points[:1])
        fed.outlet.send(points)
        assert fed.figures.aside == 2
        assert "lab refuses points" in fed.figures.refusal
    assert len(bucket.times("room", "laeq_1s")) == 38


LINE = f"room,lesson=a laeq_1s=1 {AT_NS}".encode()
WRONG = {
    "token": ({}, "wrong", "it refuses the token.*“unauthorized access: unauthorized”"),
    "bucket": ({"bucket": "nowhere"}, "", 'check `url`.*bucket \\\\?"nowhere\\\\?" not found'),
    "organisation": ({"org": "nobody"}, "", "check `url`.*organization.* not found"),
    "path": ({"url": "/nothing"}, "", "check `url`"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_setting_is_a_sentence(what: str, bucket: Bucket) -> None:
    other, token, words = WRONG[what]
    if token:
        bucket.token_file.write_text(token)
    if "url" in other:
        other = {"url": bucket.address.url + str(other["url"])}
    with closing(open_engine(bucket.replica(**other), SystemClock())) as engine:
        for call in (lambda: engine.write(LINE), lambda: engine.delete({"lesson": "a"})):
            with pytest.raises(EngineError, match=words) as caught:
                call()
            assert "\n" not in str(caught.value)


def test_what_it_says_to_wrong_points(bucket: Bucket) -> None:
    with closing(open_engine(bucket.replica(), SystemClock())) as engine:
        engine.write(LINE)
        for wrong, words in (
            (b'room,lesson=a laeq_1s="loud" 1760000001000000000', "field type conflict"),
            (b"room", "unable to parse"),
        ):
            with pytest.raises(PointsRefusedError, match=words):
                engine.write(wrong)
        difference_s = engine.clock_difference_s()
        assert difference_s is not None
        assert abs(difference_s) < 60


def test_points_that_are_too_old_are_kept_aside(
    influx2: Influx2Server | NamedInflux, stub: StubEngine, tmp_path: Path
) -> None:
    bucket = Bucket(influx2.address(retention_s=3_600), tmp_path)
    now_ns = SystemClock().utc_ns()
    with fed_from(School(), bucket, stub, tmp_path) as fed:
        fed.outlet.send([f"room,lesson=a laeq_1s=1 {at}" for at in (AT_NS, now_ns, AT_NS + 1)])
        assert fed.figures.aside == 2
        assert "outside retention policy" in fed.figures.refusal
    assert bucket.times("room", "laeq_1s") == [now_ns]


def test_a_token_that_may_write_one_bucket_is_enough(
    influx2: Influx2Server | NamedInflux, bucket: Bucket
) -> None:
    refused = "may not do this there.*insufficient permissions"
    bucket.token_file.write_text(influx2.token(bucket.address, "read"))
    with closing(open_engine(bucket.replica(), SystemClock())) as engine:
        for call in (lambda: engine.write(LINE), lambda: engine.delete({"lesson": "a"})):
            with pytest.raises(EngineError, match=refused):
                call()
    bucket.token_file.write_text(influx2.token(bucket.address, "write"))
    with closing(open_engine(bucket.replica(), SystemClock())) as engine:
        engine.write(LINE)
        assert bucket.times("room", "laeq_1s") == [AT_NS]
        engine.delete({"lesson": "a"})
        assert bucket.times("room", "laeq_1s") == []
    other = bucket.replica(bucket=influx2.address().bucket)
    with (
        closing(open_engine(other, SystemClock())) as engine,
        pytest.raises(EngineError, match=refused),
    ):
        engine.write(LINE)


def test_another_kind_is_a_sentence(bucket: Bucket) -> None:
    for kind in ("influxdb1", "victoriametrics"):
        other = bucket.replica(kind=kind)
        with (
            closing(open_engine(other, SystemClock())) as engine,
            pytest.raises(RoomtoneError, match=r"^real"),
        ):
            engine.delete({"lesson": "a"})


def settings(data: Path, bucket: Bucket) -> ServerSettings:
    both = [
        bucket.replica(name="lessons").model_dump(),
        bucket.replica(name="health", what="health").model_dump(),
    ]
    return ServerSettings.checked(
        {"site": "school", "data_dir": data, "replicas": both,
         "replicate": {"poll_s": 0.02, "max_wait_s": 0.05, "health_port": 0},
         "retention": {"seat_days": 36_500, "room_days": 36_500, "score_days": 36_500}},
        where="test",
    )  # fmt: skip


def has_all(bucket: Bucket) -> bool:
    return (
        len(bucket.times("room", "laeq_1s")) == LENGTH
        and {"zone", "alert", "health"} <= {name for name, _ in bucket.measurements()}
    )  # fmt: skip


def test_a_purge_waits_for_its_answer_and_records_it(bucket: Bucket, tmp_path: Path) -> None:
    data = a_lesson(tmp_path / "data")
    with running(settings(data, bucket)):
        until(lambda: has_all(bucket))
        PurgeRun(data_dir=data, clock=SystemClock(), say=lambda _: None).run(request(data))
        assert {name for name, _ in bucket.measurements()} == {"health"}
    (record,) = records(data)
    assert record["removed"]["lessons in the replica lessons"] == 1


def test_a_purge_that_is_refused_is_finished_later(bucket: Bucket, tmp_path: Path) -> None:
    data, clock = a_lesson(tmp_path / "data"), SystemClock()
    server = settings(data, bucket)
    with running(server):
        until(lambda: has_all(bucket))
    part = ReplicasPart(
        data_dir=data, replicas=server.replicas, settings=server.replicate, clock=clock
    )
    purge = PurgeRun(data_dir=data, clock=clock, say=lambda _: None, replicas=part)
    bucket.token_file.write_text("another")
    with pytest.raises(StoreError, match=r"refuses the token.*still in the replica lessons"):
        purge.run(request(data))
    assert not (data / "purge-log.jsonl").exists()
    assert has_all(bucket)
    bucket.token_file.write_text(bucket.address.token)
    purge.run(request(data))
    assert {name for name, _ in bucket.measurements()} == {"health"}
    (record,) = records(data)
    assert record["removed"]["lessons in the replica lessons"] == 1


def test_a_whole_room_takes_its_health_along(bucket: Bucket, tmp_path: Path) -> None:
    data = a_lesson(tmp_path / "data")
    with running(settings(data, bucket)):
        until(lambda: has_all(bucket))
        asked = request(data, lesson=None)
        PurgeRun(data_dir=data, clock=SystemClock(), say=lambda _: None).run(asked)
        assert bucket.measurements("room") == set()
    (record,) = records(data)
    assert record["removed"]["rooms in the replica health"] == 1
