"""Every kind of database: what is written and deleted, and a clear sentence for all that goes wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import ConfigurationError, RoomtoneError
from ingest.replicas.engines import ENGINES, open_engine
from ingest.replicas.engines.answers import EngineError, PointsRefusedError, TooLargeError
from ingest.replicas.engines.protocol import Engine
from ingest.replicas.settings import ReplicaSettings
from tests.ingest.replicas.stub_engine import Answer, StubEngine

LINES = b"room,lesson=a\\ 1,site=north laeq_1s=54.3 1000\nzone,lesson=b,zone=x off_task=0.5 2000"
KINDS = tuple(ENGINES)
DELETING = tuple(kind for kind in KINDS if kind != "influxdb3")


def settings(stub: StubEngine, kind: str, **other: object) -> ReplicaSettings:
    return ReplicaSettings.checked(
        {"name": "lab", "kind": kind, "url": stub.url, "what": "lessons", "timeout_s": 2, **other},
        where="test",
    )


@pytest.fixture(params=KINDS)
def engine(request: pytest.FixtureRequest, stub: StubEngine) -> Iterator[Engine]:
    with closing(open_engine(settings(stub, request.param), ManualClock())) as engine:
        yield engine


def test_points_are_written_and_twice_is_once(engine: Engine, stub: StubEngine) -> None:
    engine.write(LINES)
    engine.write(LINES)
    assert stub.of("room", lesson="a 1") == {1000: {"laeq_1s": 54.3}}
    assert stub.of("zone") == {2000: {"off_task": 0.5}}
    assert stub.requests[0] == stub.requests[1]
    assert stub.requests[0][1]["precision"] == ["ns"]


@pytest.mark.parametrize("kind", DELETING)
def test_a_tag_is_deleted(kind: str, stub: StubEngine) -> None:
    with closing(open_engine(settings(stub, kind), ManualClock())) as engine:
        engine.write(LINES + b"\nseat,lesson=b,seat=4 motion_rms=1 2000")
        engine.delete({"lesson": "a 1"})
        assert stub.lessons() == {"b"}
        engine.delete({"lesson": "b"}, "seat")
        assert [key[0] for key in stub.points] == ["zone"]


def test_what_cannot_delete_says_so(stub: StubEngine) -> None:
    with closing(open_engine(settings(stub, "influxdb3"), ManualClock())) as engine:
        assert engine.keeps is not None
        with pytest.raises(EngineError, match="no call to delete points"):
            engine.delete({"lesson": "a"})
        assert not stub.requests


@pytest.mark.parametrize("kind", DELETING)
def test_a_name_cannot_leave_its_quotes(kind: str, stub: StubEngine) -> None:
    with closing(open_engine(settings(stub, kind), ManualClock())) as engine:
        engine.write(LINES)
        for name in ("""a" OR "1"="1""", """x' OR lesson='b""", """b",site="x"""):
            engine.delete({"lesson": name})
    assert stub.lessons() == {"a 1", "b"}


HTML = "<html><head><style>p{}</style></head><body><h1>Sign in</h1><p>to go"
BAD = {
    "a wrong token": (Answer(401, '{"code":"unauthorized","message":"unauthorized access"}'),
                      EngineError, "refuses the token.*“unauthorized access: unauthorized”"),
    "a token without the right": (Answer(403, '{"message":"insufficient permissions"}'),
                                  EngineError, "may not do this.*insufficient permissions"),
    "a wrong bucket": (Answer(404, '{"code":"not found","message":"bucket \\"x\\" not found"}'),
                       EngineError, 'check `url`.*bucket "x" not found'),
    "a wrong database": (Answer(404, '{"error":"database not found: \\"x\\""}'),
                         EngineError, 'database not found: "x"'),
    "a wrong version": (Answer(405, "method not allowed", "text/plain"), EngineError,
                        "not for that.*method not allowed"),
    "a full disk": (Answer(500, '{"error":"engine: write /wal: no space left on device"}'),
                    EngineError, "no space left on device"),
    "only reading": (Answer(503, "cannot add rows since the storage is in read-only mode", "text/plain"),
                     EngineError, "read-only mode"),
    "no more room": (Answer(507, ""), EngineError, "its disk is full"),
    "a schema conflict": (Answer(422, '{"message":"field type conflict: input field \\"f\\""}'),
                          PointsRefusedError, "refuses points.*field type conflict"),
    "a partial write": (Answer(400, '{"error":"partial write: points beyond retention dropped=1"}'),
                        PointsRefusedError, "partial write"),
    "a partial write of version 3": (
        Answer(400, '{"error":"partial write of line protocol occurred","data":[{"original_line":'
               '"x","line_number":1,"error_message":"invalid column type"}]}'),
        PointsRefusedError, "occurred: invalid column type"),
    "too much at once": (Answer(413, "request entity too large", "text/plain"), TooLargeError,
                         "no request of that size"),
    "half a page": (Answer(200, HTML, "text/html"), EngineError,
                    "web page answered.*status 200.*“Sign in to go”"),
    "half a page as JSON": (Answer(502, "\n <!DOCTYPE html><b>Bad Gateway</b"), EngineError,
                            "web page answered"),
    "a page that refuses": (Answer(400, HTML, "text/html"), EngineError, "web page answered"),
    "nothing to say": (Answer(400, ""), EngineError, "status 400"),
    "an answer that is cut off": (Answer(500, "half", cut=True), EngineError, "can't be reached"),
    "bytes that are no text": (Answer(500, "\udcff\udcfe"), EngineError, "no database"),
    "a redirection": (Answer(302, "", headers={"Location": "/login"}), EngineError, "status"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_answers_become_a_sentence(name: str, engine: Engine, stub: StubEngine) -> None:
    answer, kind, words = BAD[name]
    stub.fault = lambda path, _: answer if path.endswith("write") else Answer(404, "")
    with pytest.raises(RoomtoneError, match=words) as caught:
        engine.write(LINES)
    assert type(caught.value) is kind
    sentence = str(caught.value)
    assert sentence.startswith("lab")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 500
    stub.fault = lambda *_: None
    engine.write(LINES)
    assert stub.points


def test_the_wait_that_is_asked_for_is_kept(engine: Engine, stub: StubEngine) -> None:
    stub.fault = lambda *_: Answer(429, '{"message":"slow down"}', headers={"Retry-After": "17"})
    with pytest.raises(EngineError, match="asks to wait") as caught:
        engine.write(LINES)
    assert caught.value.wait_s == 17


@pytest.mark.parametrize("kind", KINDS)
def test_an_address_where_nothing_listens(kind: str, stub: StubEngine) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with closing(open_engine(settings(stub, kind, url=address), ManualClock())) as engine:
        with pytest.raises(EngineError, match=r"^lab can't be reached: .*refused") as caught:
            engine.write(LINES)
        assert "0x" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_an_address_that_never_answers(kind: str, stub: StubEngine) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        there = settings(stub, kind, url=address, timeout_s=0.05)
        with (
            closing(open_engine(there, ManualClock())) as engine,
            pytest.raises(EngineError, match=r"^lab can't be reached: it did not answer within"),
        ):
            engine.write(LINES)


@pytest.mark.parametrize(
    ("kind", "token", "header"),
    (
        ("influxdb2", "abc==", "Token abc=="),
        ("influxdb2", "user:pass", "Token user:pass"),
        ("influxdb3", "abc", "Token abc"),
        ("influxdb1", "user:pass", "Basic dXNlcjpwYXNz"),
        ("victoriametrics", "abc", "Bearer abc"),
        ("victoriametrics", "user:pass", "Basic dXNlcjpwYXNz"),
    ),
)
def test_the_token_comes_from_a_file(
    kind: str, token: str, header: str, stub: StubEngine, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text(f"{token}\n")
    with closing(open_engine(settings(stub, kind, token_file=path), ManualClock())) as engine:
        engine.write(LINES)
    assert stub.tokens == [header]


def test_the_token_may_come_from_the_environment(
    stub: StubEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOMTONE_REPLICA_TOKEN_LAB", "from-outside")
    with closing(open_engine(settings(stub, "influxdb2"), ManualClock())) as engine:
        engine.write(LINES)
    assert stub.tokens == ["Token from-outside"]


@pytest.mark.parametrize("text", ("", "two\nlines", "ключ"))
def test_a_token_that_is_none_is_refused(text: str, stub: StubEngine, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="token alone, one line"):
        open_engine(settings(stub, "influxdb2", token_file=path), ManualClock())


def test_where_a_bucket_and_a_cluster_are(stub: StubEngine) -> None:
    clock = ManualClock()
    with closing(open_engine(settings(stub, "influxdb1", bucket="db/week"), clock)) as engine:
        engine.write(LINES)
    path, query = stub.requests[-1]
    assert (path, query["db"], query["rp"]) == ("/write", ["db"], ["week"])
    insert, delete = f"{stub.url}/insert/0/influx", f"{stub.url}/delete/0/prometheus"
    cluster = settings(stub, "victoriametrics", url=insert, delete_url=delete)
    with closing(open_engine(cluster, clock)) as engine:
        engine.write(LINES)
        engine.delete({"lesson": "b"})
    assert [path for path, _ in stub.requests[-2:]] == [
        "/insert/0/influx/api/v2/write",
        "/delete/0/prometheus/api/v1/admin/tsdb/delete_series",
    ]


def test_influxdb_1_says_what_it_did_not_delete(stub: StubEngine) -> None:
    body = '{"results":[{"statement_id":0,"error":"shard is disabled"}]}'
    stub.fault = lambda *_: Answer(200, body)
    with (
        closing(open_engine(settings(stub, "influxdb1"), ManualClock())) as engine,
        pytest.raises(EngineError, match=r"did not delete.*shard is disabled"),
    ):
        engine.delete({"lesson": "b"})


@pytest.mark.parametrize("off_s", (-7_200.0, 0.0, 7_200.0))
def test_its_clock_is_seen(off_s: float, engine: Engine, stub: StubEngine) -> None:
    assert engine.clock_difference_s() is None
    stub.date = ManualClock().utc_ns() / 1e9 + off_s
    engine.write(LINES)
    assert engine.clock_difference_s() == pytest.approx(off_s, abs=1)


@pytest.mark.parametrize(
    "change",
    (
        {"url": "127.0.0.1:8086"}, {"url": "ftp://x"}, {"url": "http://u:p@x"}, {"url": "http://"},
        {"url": "http://x?db=1"}, {"kind": "prometheus"}, {"what": "all"}, {"what": "seats"},
        {"what": "health", "with_seats": True}, {"delete_url": "x"}, {"bucket": ""}, {"token": "x"},
    ),
)  # fmt: skip
def test_wrong_settings_are_refused(change: dict[str, object], stub: StubEngine) -> None:
    with pytest.raises(ConfigurationError):
        ReplicaSettings.checked(
            {**settings(stub, "influxdb2").model_dump(), **change}, where="server.toml"
        )
