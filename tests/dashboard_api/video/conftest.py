"""Pages that keep videos, and a film small enough for every test."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from contract.clock import SECOND_NS
from dashboard_api.app import create_app
from dashboard_api.video.service import VideoService
from dashboard_api.video.tidying import Tidying
from dashboard_api.video.worker import VideoWorker
from school.video.files import VideoFiles
from school.video.media import tasks
from school.video.media.records import Probe
from school.video.records import Video
from school.video.settings import VideoSettings
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, COACH, add_person, cookie

UPLOADS = "/api/lessons/sample/video/uploads"
FILM = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 12_000
"""It begins like an MP4, and is longer than two segments."""
CONVERTED = b"\0\0\0\x18ftypisom" + b"converted" * 200_000


def tus(**headers: str) -> dict[str, str]:
    return {"Tus-Resumable": "1.0.0"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }


@dataclass
class Uploads:
    """A browser that uploads to the sample lesson."""

    pages: Pages
    service: VideoService

    @property
    def files(self) -> VideoFiles:
        assert self.service.files is not None
        return self.service.files

    def create(self, size: int = len(FILM), **metadata: str) -> httpx.Response:
        pairs = {"consent": self.service.consent} | metadata
        text = ",".join(
            f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items()
        )
        headers = tus(Upload_Length=str(size), Upload_Metadata=text)
        return self.pages.post(UPLOADS, headers=headers)

    def begin(self, size: int = len(FILM)) -> str:
        answer = self.create(size)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"])

    def patch(self, where: str, offset: int, body: Any) -> httpx.Response:
        headers = tus(Upload_Offset=str(offset), Content_Type="application/offset+octet-stream")
        return self.pages.request("PATCH", where, headers=headers, content=body)

    def offset(self, where: str) -> int:
        answer = self.pages.request("HEAD", where, headers=tus())
        assert answer.status_code == 200, answer.status_code
        return int(answer.headers["upload-offset"])

    def state(self) -> dict[str, Any]:
        return dict(self.pages.get("/api/lessons/sample/video").json())


@pytest.fixture
def settings(tmp_path: Path) -> VideoSettings:
    return VideoSettings(
        directory=tmp_path / "videos", key_directory=tmp_path / "keys", reserve_gb=0
    )


@pytest.fixture
def client(stores, clock, settings) -> Iterator[Pages]:
    app = create_app(lambda: stores, clock=clock, zone=ZoneInfo("Europe/Berlin"), video=settings)
    files = app.state.videos.files
    files.prepare(clock.utc_ns())
    with Pages(app, cookie(stores.people, clock.utc_ns())) as pages:
        yield pages


@pytest.fixture
def uploads(client, filled) -> Uploads:
    return Uploads(client, client.app.state.videos)


@pytest.fixture
def shared_until(client, stores, clock, filled) -> Iterator[tuple[Pages, int]]:
    """The browser of a coach with whom the lesson is shared for an hour."""
    add_person(stores.people, COACH, "coach")
    until = clock.utc_ns() + 3_600 * SECOND_NS
    stores.sharing.share("sample", COACH, BY, until_utc_ns=until)
    with client.browser(cookie(stores.people, clock.utc_ns(), COACH)) as pages:
        yield pages, until


@dataclass
class Media:
    """What the child process would find."""

    plays: bool = True
    fails: Exception | None = None
    fails_for: int = 1_000
    meanwhile: Callable[[], object] = lambda: None

    def probe(self, source: Any) -> Probe:
        assert source.read_at(4, 4) == b"ftyp"
        self.fails_for -= 1
        if self.fails is not None and self.fails_for >= 0:
            raise self.fails
        return Probe(
            container="mov", duration_s=80.5, video_codec="hevc", audio_codec="aac", width=1920,
            height=1080, plays_in_browsers=self.plays, recorded_utc_ns=None,
        )  # fmt: skip

    def convert(self, source: Any, sink: Any, progress: Callable[[float], None]) -> None:
        assert source.read_at(0, source.size) == FILM
        sink.write(CONVERTED)
        progress(0.5)
        self.meanwhile()


@pytest.fixture
def media(monkeypatch: pytest.MonkeyPatch) -> Media:
    made = Media()
    monkeypatch.setattr(tasks, "probe", made.probe)
    monkeypatch.setattr(tasks, "convert", made.convert)
    return made


@dataclass
class Background:
    uploads: Uploads
    worker: VideoWorker

    def work(self) -> None:
        self.uploads.pages._runner.run(self.worker.work(self.uploads.files))

    def again(self) -> None:
        """Let the time go by after which what failed is tried again."""
        self.worker = VideoWorker(self.uploads.service, self.uploads.pages.app.state.store_thread)

    @property
    def tidying(self) -> Tidying:
        return Tidying(self.uploads.service, self.uploads.pages.app.state.store_thread)

    def tidy(self) -> None:
        store = self.uploads.pages.app.state.store_thread
        tidying = self.tidying
        store.people_clock.now_ns += 3_601 * SECOND_NS
        self.uploads.pages._runner.run(tidying.run(self.uploads.files))


@pytest.fixture
def background(uploads: Uploads, media: Media) -> Background:
    return Background(uploads, VideoWorker(uploads.service, uploads.pages.app.state.store_thread))


def only(stores: Any) -> Video:
    (video,) = stores.videos.of_lesson("sample")
    assert isinstance(video, Video)
    return video


def names(uploads: Uploads) -> set[str]:
    """Of all files and of all keys, which are the same."""
    assert uploads.files.names() == set(uploads.files.keys.names())
    return uploads.files.names()
