"""A lesson's video in ranges, decrypted as it goes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clock import SECOND_NS
from dashboard_api.video.byte_range import Span, UnsatisfiableError, span_of
from dashboard_api.video.ranges import parts
from school.sharing.cut import Span as LessonSpan
from tests.dashboard_api.video.conftest import FILM
from tests.signed_in import BY, COACH
from tests.videos import add_video

ADDRESS = "/lessons/sample/video"


@pytest.fixture
def film(stores, uploads) -> str:
    return add_video(stores.videos, uploads.files, "sample", FILM).file


def asked(pages: Any, text: str, **headers: str) -> Any:
    return pages.get(ADDRESS, headers={"range": text, **headers})


def test_a_range_request_gets_that_range(client, film) -> None:
    answer = asked(client, "bytes=100-199")
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes 100-199/{len(FILM)}"
    assert answer.headers["content-type"] == "video/webm"
    assert answer.headers["content-length"] == "100"
    assert answer.content == FILM[100:200]


def test_a_range_over_several_segments_is_whole(client, film) -> None:
    answer = asked(client, "bytes=1048000-2400000")
    assert answer.content == FILM[1_048_000:2_400_001]


def test_the_end_and_the_whole_file_can_be_requested(client, film) -> None:
    assert asked(client, "bytes=-10").content == FILM[-10:]
    assert asked(client, "bytes=3000000-").content == FILM[3_000_000:]
    whole = client.get(ADDRESS, headers={"accept-encoding": "gzip"})
    assert whole.status_code == 200
    assert whole.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in whole.headers
    assert whole.content == FILM
    head = client.request("HEAD", ADDRESS)
    assert head.headers["content-length"] == str(len(FILM))
    assert head.content == b""


def test_no_cache_keeps_a_copy(client, film) -> None:
    answer = asked(client, "bytes=0-1")
    assert answer.headers["cache-control"] == "private, no-store"


def test_a_range_of_another_version_gets_the_whole_file(client, film) -> None:
    tag = asked(client, "bytes=0-1").headers["etag"]
    assert asked(client, "bytes=0-1", **{"if-range": tag}).status_code == 206
    assert asked(client, "bytes=0-1", **{"if-range": '"of another file"'}).status_code == 200


def test_a_range_beyond_the_end_is_refused(client, film) -> None:
    answer = asked(client, "bytes=90000000-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"


def test_a_lesson_without_a_video_says_so(client, uploads) -> None:
    assert "no video" in client.get(ADDRESS).json()["detail"]


def test_a_video_that_is_not_ready_is_not_served(client, stores, uploads) -> None:
    add_video(stores.videos, uploads.files, "sample", FILM, state="checking")
    assert client.get(ADDRESS).status_code == 404


def test_a_damaged_video_is_not_served(client, film, uploads) -> None:
    path = uploads.files.path(film)
    sealed = bytearray(path.read_bytes())
    sealed[-1] ^= 1
    path.write_bytes(sealed)
    answer = client.get(ADDRESS)
    assert answer.status_code == 503
    assert "is damaged" in answer.json()["detail"]


def test_a_deleted_video_is_not_served_though_its_file_is_there(client, film, uploads) -> None:
    assert client.get(ADDRESS).status_code == 200
    uploads.files.keys.destroy(film)
    assert "was deleted" in client.get(ADDRESS).json()["detail"]


def test_a_share_that_ends_ends_the_ranges(client, shared_until, film, clock) -> None:
    coach, until = shared_until
    assert asked(coach, "bytes=0-9").status_code == 206
    clock.utc_at_boot_ns = until + SECOND_NS
    assert asked(coach, "bytes=10-19").status_code == 404


def test_of_a_part_nobody_gets_the_video(client, shared_until, stores, film) -> None:
    coach, until = shared_until
    parts = (LessonSpan(0, 60),)
    stores.sharing.share("sample", COACH, BY, until_utc_ns=until, spans=parts)
    answer = asked(coach, "bytes=0-9")
    assert answer.status_code == 404
    assert "only parts of this lesson" in answer.json()["detail"]


def test_looking_is_in_the_audit_log(client, film, stores) -> None:
    asked(client, "bytes=0-9")
    asked(client, "bytes=10-19")
    said = [each.sentence for each in stores.audit.of_lesson("sample", 10)]
    assert said.count("The-teacher looked at the video of lesson sample") == 1


def test_a_long_answer_breaks_off_when_the_right_ends(uploads, film, monkeypatch) -> None:
    """One request may last as long as the video is watched."""
    monkeypatch.setattr("dashboard_api.video.ranges._LOOK_EACH_S", 0.0)
    answers = iter((True, False))

    async def is_allowed() -> bool:
        return next(answers)

    async def read() -> list[bytes]:
        source = uploads.files.source(film)
        return [part async for part in parts(source, Span(0, len(FILM)), is_allowed)]

    assert len(asyncio.run(read())) == 1


@given(
    start=st.integers(0, 40), end=st.integers(0, 60), size=st.integers(1, 50),
    shape=st.sampled_from(("{start}-{end}", "{start}-", "-{end}")),
)  # fmt: skip
def test_a_span_is_what_the_header_asks_for(start: int, end: int, size: int, shape: str) -> None:
    plain = bytes(range(size))
    try:
        span = span_of(f"bytes={shape.format(start=start, end=end)}", size)
    except UnsatisfiableError:
        assert start >= size or (shape.startswith("-") and end == 0)
        return
    if span is None:
        assert end < start
        assert shape == "{start}-{end}"
        return
    wanted = {
        "{start}-{end}": plain[start : end + 1], "{start}-": plain[start:],
        "-{end}": plain[-end:] if end else b"",
    }[shape]  # fmt: skip
    assert plain[span.start : span.end] == wanted


@pytest.mark.parametrize("header", ("", "bytes=", "bytes=-", "bytes=1-2,4-5", "items=1-2", "bytes=a-b",
                                    "bytes=9-1", "bytes=" + "9" * 40 + "-"))  # fmt: skip
def test_what_is_no_single_range_gets_the_whole_file(header: str) -> None:
    assert span_of(header, 10) is None
