"""The video of the district's lesson: it fits to what the kit sent, and the teacher sends it as a browser does."""

from __future__ import annotations

import base64
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from roomtone.demo.district.filming.camera import FilmedClass, camera_of, write_film
from roomtone.demo.district.filming.session import Session
from roomtone.demo.district.filming.showing import Filming, StoppedError
from roomtone.demo.district.world import Heard
from roomtone.demo.programs import ProgramError
from school.video.alignment.line_up import line_up
from simulators.lesson_video.camera import recorded_levels


def heard(lively_s, seed=1):
    """A room that is a little louder or less from second to second."""
    rng = np.random.default_rng(seed)
    return Heard(levels=60.0 + rng.normal(0.0, 1.5, 2_400), lively_s=lively_s)


@pytest.mark.parametrize("lively_s", (850, 1_645))
def test_the_sound_shows_where_the_lesson_is(lively_s):
    """The earliest and the latest moment that a lesson of the district can have."""
    room = heard(lively_s)
    camera = camera_of(room)
    found = line_up(room.levels, recorded_levels(FilmedClass(room, 1), camera, 1), 0.1)
    assert found.verdict == "accepted"
    (only,) = found.segments
    assert only.segment.offset_s == pytest.approx(camera.offset_s(), abs=0.5)
    assert camera.starts_at_s + camera.length_s > lively_s + 90


def test_making_it_ends_when_nobody_waits(tmp_path):
    filming = Filming(None, None, None, tmp_path, print)
    filming.is_stopped.set()
    with pytest.raises(StoppedError):
        write_film(heard(850), 1, tmp_path / "film.mp4", filming._require_wanted)


def test_without_the_library_one_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "simulators.lesson_video.film", raising=False)
    monkeypatch.setitem(sys.modules, "av", None)
    world = SimpleNamespace(
        heard={"maths": heard(850)}, put=SimpleNamespace(latest="maths"), seed=1
    )
    said: list[str] = []
    assert not Filming(world, None, None, tmp_path, said.append).run()
    (sentence,) = said
    assert "there is no clip: av is not installed; `pip install roomtone[server]`" in sentence
    assert list(tmp_path.iterdir()) == []


class _Server(BaseHTTPRequestHandler):
    """Keeps what comes, and takes all but what is for `/refused`."""

    def do_POST(self):
        self._keep(201 if self.path != "/refused" else 422)

    def do_PATCH(self):
        self._keep(204)

    def _keep(self, status):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((self.command, self.path, self.headers, body))
        self.send_response(status)
        self.send_header("location", "/uploads/1")  # as uvicorn writes names
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Server) as made:
        made.came = []
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_a_form_and_a_file_come_as_from_a_browser(server, tmp_path):
    origin = f"http://127.0.0.1:{server.server_port}"
    session = Session(origin, "session=a")
    session.post("/form", [("meant", "a b"), ("meant", "c")])
    file = tmp_path / "film.mp4"
    file.write_bytes(b"film")
    session.upload("/uploads", file, "hash")
    (form, begun, sent) = server.came
    assert form[:2] == ("POST", "/form")
    assert form[3] == b"meant=a+b&meant=c"
    assert form[2]["Origin"] == origin
    assert form[2]["Cookie"] == "session=a"
    confirmed = base64.b64encode(b"hash").decode()
    assert begun[2]["Upload-metadata"] == f"consent {confirmed}"
    assert begun[2]["Upload-length"] == "4"
    assert sent[:2] == ("PATCH", "/uploads/1")
    assert sent[3] == b"film"


def test_what_is_refused_is_an_error(server):
    session = Session(f"http://127.0.0.1:{server.server_port}", "")
    with pytest.raises(ProgramError, match="POST /refused was refused"):
        session.post("/refused", [])
