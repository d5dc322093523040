"""The lesson's video in parts, so that a player can seek."""

from __future__ import annotations

from dataclasses import replace

import pytest


@pytest.fixture
def film(stores, filled, tmp_path):
    path = tmp_path / "lesson.webm"
    path.write_bytes(bytes(range(256)) * 40)
    stores.lessons.put(replace(filled.lesson, video=str(path)))
    return path


def test_a_range_request_gets_that_range(client, film):
    answer = client.get("/lessons/sample/video", headers={"range": "bytes=100-199"})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == "bytes 100-199/10240"
    assert answer.headers["content-type"] == "video/webm"
    assert answer.content == film.read_bytes()[100:200]


def test_the_end_and_the_whole_file_can_be_requested(client, film):
    tail = client.get("/lessons/sample/video", headers={"range": "bytes=-10"})
    assert tail.content == film.read_bytes()[-10:]
    whole = client.get("/lessons/sample/video")
    assert whole.status_code == 200
    assert whole.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in whole.headers
    assert len(whole.content) == 10_240
    assert client.request("HEAD", "/lessons/sample/video").headers["content-length"] == "10240"


def test_a_range_beyond_the_end_is_refused(client, film):
    answer = client.get("/lessons/sample/video", headers={"range": "bytes=20000-"})
    assert answer.status_code == 416


def test_a_lesson_without_video_and_a_missing_file_say_so(client, film, filled, stores):
    film.unlink()
    assert "moved or deleted" in client.get("/lessons/sample/video").json()["detail"]
    stores.lessons.put(filled.lesson)
    assert "no video" in client.get("/lessons/sample/video").json()["detail"]


def test_only_a_video_is_served(client, stores, filled, tmp_path):
    secret = tmp_path / "server.toml"
    secret.write_text("password")
    stores.lessons.put(replace(filled.lesson, video=str(secret)))
    assert client.get("/lessons/sample/video").status_code == 404
