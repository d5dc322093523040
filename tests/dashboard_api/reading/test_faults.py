"""What the pages' databases may answer instead of lessons, and what a person reads then."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from contract.clock import SECOND_NS, ManualClock
from contract.errors import ConfigurationError, StoreError, UsageError
from contract.language import speaking
from dashboard_api.language import LANGUAGES
from dashboard_api.reading import SOURCES
from dashboard_api.reading.faults import unreachable
from dashboard_api.reading.opening import PAUSE_NS, AfterPause
from dashboard_api.reading.series import Series, SeriesSource, Wanted
from dashboard_api.reading.settings import TOKEN, ReadsSettings
from dashboard_api.settings import checked_dashboard
from ingest.stores.records import ScoredLesson
from roomtone.demo.broker import free_port
from tests.engines import Influx2Server, NamedInflux

WANTED = Wanted(
    measurement="room", fields=("seats",), where={"site": ['hi"gh\\'], "room": ["${r}"]},
    from_utc_ns=1_780_000_000 * SECOND_NS, to_utc_ns=1_780_003_000 * SECOND_NS,
)  # fmt: skip
HALF_HTML = b"<html><head><title>502 Bad\n Gateway</title></head><body><h1>nginx"


class Engine(ThreadingHTTPServer):
    """A database that gives one answer to everything."""

    status, body, asked = 200, b"", 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.headers: list[str] = []
        self.forms: list[bytes] = []


class _Answer(BaseHTTPRequestHandler):
    server: Engine

    def do_POST(self) -> None:
        self.server.forms.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.server.headers.append(self.headers.get("Authorization", ""))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def settings_of(kind: str, url: str) -> ReadsSettings:
    return ReadsSettings.checked({"kind": kind, "url": url, "bucket": "b", "org": "o"}, where="x")


@pytest.fixture(params=sorted(SOURCES))
def source(request: pytest.FixtureRequest, engine: Engine) -> Iterator[SeriesSource]:
    settings = settings_of(request.param, f"http://127.0.0.1:{engine.server_port}")
    made = SOURCES[request.param](settings, SecretStr("s3cret"))
    yield made
    made.close()


ANSWERS = (
    (401, b'{"code":"unauthorized","message":"unauthorized access"}', "does not accept this dashboard's token (401: unauthorized access)"),
    (403, b"forbidden", "does not accept this dashboard's token (403: forbidden)"),
    (404, b'{"code":"not found","message":"could not find bucket \\"b\\""}', 'has no such address or bucket (404: could not find bucket "b")'),
    (404, b"", "has no such address or bucket (404: 404)"),
    (422, b'{"status":"error","errorType":"422","error":"too many points"}', "answers with an error (422: too many points)"),
    (502, HALF_HTML, "answers with an error (502: 502 Bad Gateway)"),
    (503, b"\xff\xfe not text", "answers with an error (503: "),
    (200, HALF_HTML, "gave an answer that can't be read (502 Bad Gateway)"),
    (200, b'{"metric":{"__name__":"room_seats"},"values":[1', "gave an answer that can't be read"),
    (200, b'{"metric":{"__name__":"room_seats"},"values":["a"],"timestamps":[1]}', "gave an answer that can't be read"),
    (200, b"[1,2]", "gave an answer that can't be read"),
)  # fmt: skip


@pytest.mark.parametrize(("status", "body", "said"), ANSWERS)
def test_a_bad_answer_is_a_sentence_in_the_databases_own_words(
    source: SeriesSource, engine: Engine, status: int, body: bytes, said: str
) -> None:
    engine.status, engine.body = status, body
    for ask in (source.series, source.lessons):
        with pytest.raises(StoreError) as caught:
            ask(WANTED)
        assert said in str(caught.value)
        assert "s3cret" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_an_empty_answer_is_no_lesson(source: SeriesSource, engine: Engine) -> None:
    assert source.series(WANTED) == []
    assert all("s3cret" in each for each in engine.headers)
    engine.body = b'{"status":"success","data":{"result":[]}}'
    if "Victoria" in type(source).__name__:
        assert source.lessons(WANTED) == []


def test_an_error_within_a_good_answer_of_flux_is_said(engine: Engine) -> None:
    settings = settings_of("influxdb2", f"http://127.0.0.1:{engine.server_port}")
    made = SOURCES["influxdb2"](settings, SecretStr("s3cret"))
    engine.body = b"error,reference\r\nfailed to initialize execute state: no bucket,897\r\n"
    with pytest.raises(StoreError, match="execute state: no bucket"):
        made.series(WANTED)
    made.close()


@pytest.mark.influxdb2
@pytest.mark.parametrize(
    ("wrong", "said"),
    (
        ({"token": "another"}, "does not accept this dashboard's token.*unauthorized access"),
        ({"bucket": "nowhere"}, "has no such address or bucket.*nowhere"),
        ({"org": "nobody"}, 'organization name "nobody" not found'),
        ({"path": "/nothing"}, "has no such address or bucket|can't be read"),
    ),
)
def test_influxdb_2_says_what_is_wrong(
    influx2: Influx2Server | NamedInflux, wrong: dict[str, str], said: str
) -> None:
    there = influx2.address()
    settings = ReadsSettings.checked(
        {"kind": "influxdb2", "url": there.url + wrong.get("path", ""),
         "org": wrong.get("org", there.org), "bucket": wrong.get("bucket", there.bucket)},
        where="x",
    )  # fmt: skip
    made = SOURCES["influxdb2"](settings, SecretStr(wrong.get("token", there.token)))
    for ask in (made.series, made.lessons):
        with pytest.raises(StoreError, match=said):
            ask(WANTED)
    made.close()


@pytest.mark.influxdb2
def test_a_token_that_may_read_one_bucket_of_influxdb_2_is_enough(
    influx2: Influx2Server | NamedInflux,
) -> None:
    there, other = influx2.address(), influx2.address()
    token = SecretStr(influx2.token(there, "read"))
    for bucket, is_allowed in ((there.bucket, True), (other.bucket, False)):
        settings = ReadsSettings(kind="influxdb2", url=there.url, org=there.org, bucket=bucket)
        made = SOURCES["influxdb2"](settings, token)
        if is_allowed:
            assert made.series(WANTED) == made.lessons(WANTED) == []
        else:
            with pytest.raises(
                StoreError, match=r"no such address or bucket.*could not find bucket"
            ):
                made.series(WANTED)
        made.close()


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_no_answer_is_said_in_the_readers_language(kind: str) -> None:
    made = SOURCES[kind](settings_of(kind, f"http://127.0.0.1:{free_port()}"), SecretStr("t"))
    with pytest.raises(StoreError, match="can't be reached"):
        made.series(WANTED)
    with speaking(LANGUAGES["es"]), pytest.raises(StoreError, match="No se puede acceder"):
        made.lessons(WANTED)
    made.close()


def test_names_can_not_leave_their_quotes(engine: Engine) -> None:
    address = f"http://127.0.0.1:{engine.server_port}"
    for kind in SOURCES:
        made = SOURCES[kind](settings_of(kind, address), SecretStr("t"))
        made.series(WANTED)
        made.close()
    flux, victoria = engine.forms
    assert rb"hi\\\"gh\\\\" in flux.replace(rb"\\\\", rb"\\\\")
    assert b"\\\\${r}" in flux
    assert b"hi%5C%22gh%5C%5C" in victoria


class Failing:
    """A source that fails as often as it is asked."""

    asked = 0
    fails = True

    def series(self, wanted: Wanted) -> list[Series]:
        del wanted
        self.asked += 1
        if self.fails:
            raise unreachable("https://db.school.example", "It is down")
        return []

    def lessons(self, wanted: Wanted) -> list[ScoredLesson]:
        self.series(wanted)
        return []

    def close(self) -> None:
        self.asked = -1


def test_a_source_that_failed_is_asked_again_only_after_a_pause() -> None:
    failing, clock = Failing(), ManualClock(now_ns=0, utc_at_boot_ns=0)
    paused = AfterPause(failing, clock)
    for _ in range(3):
        with pytest.raises(StoreError, match="It is down"):
            paused.series(WANTED)
    with speaking(LANGUAGES["es"]), pytest.raises(StoreError, match="No se puede acceder"):
        paused.series(WANTED)  # whoever read of it first
    assert failing.asked == 1
    clock.advance(PAUSE_NS)
    failing.fails = False
    assert paused.lessons(WANTED) == paused.series(WANTED) == []
    assert failing.asked == 3
    paused.close()
    assert failing.asked == -1


@pytest.mark.parametrize(
    ("table", "fault"),
    (
        ({"kind": "victoriametrics"}, "dashboard.reads.url"),
        ({"kind": "victoriametrics", "url": "http://db.school.example:8428"}, "https://"),
        ({"kind": "victoriametrics", "url": "https://me:pass@db.school.example"}, "no password"),
        ({"kind": "victoriametrics", "url": "https://db.school.example:99999"}, "https://"),
        ({"kind": "influxdb2", "url": "https://db.school.example"}, "dashboard.reads.bucket"),
        ({"kind": "influxdb3", "url": "https://db.school.example"}, "dashboard.reads.kind"),
        ({"address": "x"}, "dashboard.reads.address"),
    ),
)
def test_wrong_settings_are_said(table, fault: str, tmp_path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        checked_dashboard({"reads": table}, tmp_path / "server.toml")
    assert fault in str(caught.value)


def test_a_token_is_read_from_its_file_or_the_environment(tmp_path, monkeypatch) -> None:
    table = {"kind": "influxdb2", "url": "http://127.0.0.1:8086", "bucket": "b"}
    monkeypatch.delenv(TOKEN, raising=False)
    with pytest.raises(ConfigurationError, match=TOKEN):
        ReadsSettings.model_validate(table).token()
    monkeypatch.setenv(TOKEN, " abc\n")
    assert ReadsSettings.model_validate(table).token().get_secret_value() == "abc"
    file = tmp_path / "token"
    file.write_text("def\n")
    of_file = ReadsSettings.model_validate(table | {"token_file": str(file)})
    assert of_file.token().get_secret_value() == "def"
    file.write_text("two\nlines")
    with pytest.raises(ConfigurationError) as caught:
        of_file.token()
    assert "lines" not in str(caught.value)
    file.unlink()
    with pytest.raises(UsageError, match="token"):
        of_file.token()
    with pytest.raises(ConfigurationError, match="ca_file"):
        ReadsSettings.model_validate(table | {"ca_file": str(file)}).tls_context()
    without = ReadsSettings(kind="victoriametrics", url="http://127.0.0.1:8428")
    monkeypatch.delenv(TOKEN)
    assert without.token().get_secret_value() == ""


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "influxdb_client.client.influxdb_client", None)
    monkeypatch.delitem(sys.modules, "dashboard_api.reading.flux", raising=False)
    with pytest.raises(ConfigurationError, match="influxdb-client"):
        SOURCES["influxdb2"](settings_of("influxdb2", "http://127.0.0.1:8086"), SecretStr("t"))
