"""Uploads by tus, over the routes: they begin, go on, and are refused where they should be."""

from __future__ import annotations

import asyncio
import base64
import errno
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from contract.clock import SECOND_NS
from dashboard_api.video import upload_routes
from school.audit.actor import Actor
from school.video.keeping import NotTakenError
from school.video.sealing import SEGMENT_BYTES
from school.video.settings import VideoSettings
from tests.dashboard_api.video.conftest import FILM, UPLOADS, Uploads, tus
from tests.videos import BY, add_video


def sentences(stores: Any) -> list[str]:
    return [each.sentence for each in stores.audit.of_lesson("sample", 20)]


def test_what_is_uploaded_is_kept_encrypted_and_handed_to_be_checked(uploads, stores) -> None:
    where = uploads.begin()
    answer = uploads.patch(where, 0, FILM)
    assert answer.status_code == 204
    assert answer.headers["upload-offset"] == str(len(FILM))
    assert answer.headers["tus-resumable"] == "1.0.0"
    (video,) = stores.videos.of_lesson("sample")
    assert (video.state, video.added_by) == ("checking", "the-teacher")
    assert uploads.service.work.is_set()
    source = uploads.files.source(video.file)
    assert source.read_at(0, source.size) == FILM
    kept = b"".join(each.read_bytes() for each in uploads.files.directory.iterdir())
    assert FILM[1_000:1_032] not in kept
    assert sentences(stores)[:2] == [
        "The-teacher added the video of lesson sample",
        "The-teacher confirmed who may be filmed in lesson sample",
    ]


def test_it_goes_on_at_the_last_byte_that_is_durable(uploads) -> None:
    where, cut = uploads.begin(), SEGMENT_BYTES + 12_345
    assert uploads.patch(where, 0, FILM[:cut]).status_code == 204
    assert uploads.offset(where) == cut
    answer = uploads.patch(where, 0, FILM)
    assert answer.status_code == 409
    assert f"has {cut} bytes" in answer.json()["detail"]
    assert uploads.patch(where, cut, FILM[cut:]).status_code == 204
    assert uploads.offset(where) == len(FILM)


def test_a_connection_that_breaks_loses_nothing_that_came(uploads) -> None:
    where = uploads.begin()

    async def broken() -> AsyncIterator[bytes]:
        yield FILM[:1_500_000]
        raise ConnectionError

    assert uploads.patch(where, 0, broken()).status_code == 503
    assert uploads.offset(where) == 1_500_000


def test_what_an_upload_may_be_can_be_asked(uploads) -> None:
    answer = uploads.pages.request("OPTIONS", UPLOADS)
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert answer.headers["tus-extension"] == "creation,termination,expiration"
    assert answer.headers["tus-max-size"] == "4000000000"


def test_an_upload_says_when_it_ends(uploads) -> None:
    assert uploads.create().headers["upload-expires"] == "Tue, 25 Nov 2025 11:05:00 GMT"


def test_it_can_be_given_up(uploads, stores) -> None:
    where = uploads.begin()
    uploads.patch(where, 0, FILM[:2_000_000])
    assert uploads.pages.request("DELETE", where, headers=tus()).status_code == 204
    assert uploads.pages.request("HEAD", where, headers=tus()).status_code == 404
    assert stores.videos.of_lesson("sample") == []
    assert list(uploads.files.directory.iterdir()) == []
    assert uploads.files.keys.names() == []
    assert sentences(stores)[0].endswith("for good, because they asked for it")


def test_another_version_of_tus_is_refused(uploads) -> None:
    headers = tus(Upload_Length="10") | {"Tus-Resumable": "0.2.2"}
    answer = uploads.pages.post(UPLOADS, headers=headers)
    assert answer.status_code == 412
    assert answer.headers["tus-version"] == "1.0.0"


@pytest.mark.parametrize("length", ("", "-1", "1.5", "9" * 20, "١"))
def test_a_length_that_is_none_is_refused(uploads, length: str) -> None:
    headers = [(b"Tus-Resumable", b"1.0.0"), (b"Upload-Length", length.encode())]
    assert uploads.pages.post(UPLOADS, headers=headers).status_code == 400


def test_nothing_begins_before_the_wording_of_today_is_confirmed(uploads, stores) -> None:
    for consent in ("", "0" * 32):
        answer = uploads.create(consent=consent)
        assert answer.status_code == 409
        assert "confirmed first" in answer.json()["detail"]
    assert stores.videos.of_lesson("sample") == []


def test_a_file_that_is_no_video_is_refused_with_its_first_megabyte(uploads, stores) -> None:
    size = 4_000_000_000
    where = uploads.begin(size)
    sent = 0

    async def zeros() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1 << 20
            yield bytes(1 << 20)

    answer = uploads.patch(where, 0, zeros())
    assert answer.status_code == 415
    assert "is no video" in answer.json()["detail"]
    assert sent <= 40 << 20  # what is on its way is read, so that the browser reads the answer
    state = uploads.state()
    assert (state["state"], state["refusal"][:22]) == ("refused", "This file is no video ")
    assert list(uploads.files.directory.iterdir()) == []
    assert uploads.files.keys.names() == []


def test_a_small_file_that_is_no_video_is_refused_too(uploads) -> None:
    where = uploads.begin(20)
    assert uploads.patch(where, 0, b"%PDF-1.7 and nothing").status_code == 415


def test_a_file_that_lies_about_its_length_is_not_kept_longer(uploads) -> None:
    where = uploads.begin(1_000)
    assert uploads.patch(where, 0, FILM[:1_001]).status_code == 413

    async def without_length() -> AsyncIterator[bytes]:
        yield FILM[:600]
        yield FILM[600:1_400]

    answer = uploads.patch(where, 0, without_length())
    assert answer.status_code == 413
    assert "longer than it said" in answer.json()["detail"]


def test_a_file_that_is_shorter_than_it_said_is_never_checked(uploads) -> None:
    where = uploads.begin(len(FILM) + 10)
    assert uploads.patch(where, 0, FILM).status_code == 204
    assert uploads.state()["state"] == "uploading"


def test_a_file_that_is_too_large_or_empty_is_refused_before_it_begins(uploads) -> None:
    answer = uploads.create(4_000_000_001)
    assert answer.status_code == 413
    assert "larger than 4 GB" in answer.json()["detail"]
    assert uploads.create(0).status_code == 409


def test_what_does_not_fit_the_disk_is_refused_before_it_begins(
    uploads, monkeypatch, clock, stores
) -> None:
    monkeypatch.setattr(type(uploads.files), "free_bytes", lambda _: len(FILM) + 10_000)
    answer = uploads.create(len(FILM) + 20_000)
    assert answer.status_code == 507
    assert "has no room for this video" in answer.json()["detail"]
    assert uploads.create().status_code == 201


def test_an_upload_gives_way_only_to_one_that_has_room(uploads, monkeypatch) -> None:
    where = uploads.begin()
    uploads.patch(where, 0, FILM[:2_000_000])
    monkeypatch.setattr(type(uploads.files), "free_bytes", lambda _: len(FILM) - 1_990_000)
    assert uploads.create(len(FILM) + 20_000).status_code == 507
    assert uploads.offset(where) == 2_000_000
    assert uploads.create(len(FILM)).status_code == 201
    assert uploads.pages.request("HEAD", where, headers=tus()).status_code == 404


def test_uploads_under_way_have_their_room_already(uploads, monkeypatch, stores, filled) -> None:
    stores.lessons.put(replace(filled.lesson, id="other", room="other"))
    where = uploads.begin()
    uploads.patch(where, 0, FILM[:2_000_000])
    rest = len(FILM) - 2_000_000
    other = "/api/lessons/other/video/uploads"
    headers = tus(Upload_Length="1000000", Upload_Metadata=f"consent {_b64(uploads)}")
    monkeypatch.setattr(type(uploads.files), "free_bytes", lambda _: rest + 900_000)
    assert uploads.pages.post(other, headers=headers).status_code == 507
    monkeypatch.setattr(type(uploads.files), "free_bytes", lambda _: rest + 1_100_000)
    assert uploads.pages.post(other, headers=headers).status_code == 201


def _b64(uploads: Uploads) -> str:
    return base64.b64encode(uploads.service.consent.encode()).decode()


def test_a_disk_that_fills_up_keeps_what_is_there(uploads, monkeypatch) -> None:
    where = uploads.begin()
    uploads.patch(where, 0, FILM[: SEGMENT_BYTES + 5])
    real, is_full = os.pwrite, True

    def pwrite(handle: int, content: Any, offset: int) -> int:
        if is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, content, offset)

    monkeypatch.setattr(os, "pwrite", pwrite)
    answer = uploads.patch(where, SEGMENT_BYTES + 5, FILM[SEGMENT_BYTES + 5 :])
    assert answer.status_code == 507
    assert "What has been uploaded is kept" in answer.json()["detail"]
    is_full = False
    here = uploads.offset(where)
    assert here == SEGMENT_BYTES + 5
    assert uploads.patch(where, here, FILM[here:]).status_code == 204
    assert uploads.state()["state"] == "checking"


def test_a_second_try_takes_the_place_of_an_unfinished_one(uploads, stores) -> None:
    first = uploads.begin()
    uploads.patch(first, 0, FILM[:2_000_000])
    second = uploads.begin()
    assert uploads.pages.request("HEAD", first, headers=tus()).status_code == 404
    assert uploads.offset(second) == 0
    assert len(stores.videos.of_lesson("sample")) == 1
    assert len(uploads.files.keys.names()) == 1


def test_none_begins_while_one_is_prepared(uploads) -> None:
    uploads.patch(uploads.begin(), 0, FILM)
    answer = uploads.create()
    assert answer.status_code == 409
    assert "is being prepared" in answer.json()["detail"]


def test_an_upload_knows_the_file_again_without_its_name(uploads) -> None:
    uploads.create(fingerprint="ab" * 32)
    upload = uploads.state()["upload"]
    assert upload["fingerprint"] == "ab" * 32
    assert upload["size"] == len(FILM)
    assert uploads.offset(upload["address"]) == 0
    uploads.create(fingerprint="holiday with Ada.mp4")
    assert uploads.state()["upload"]["fingerprint"] == ""


def test_a_lesson_to_come_and_one_long_ago_take_no_video(uploads, clock, filled) -> None:
    lesson = filled.lesson
    clock.utc_at_boot_ns = lesson.starts_utc_ns - SECOND_NS
    answer = uploads.create()
    assert "has not started" in answer.json()["detail"]
    clock.utc_at_boot_ns = lesson.ends_utc_ns + 31 * 86_400 * SECOND_NS


def test_another_lesson_is_no_way_to_an_upload(uploads, stores, filled) -> None:
    stores.lessons.put(replace(filled.lesson, id="other", room="other"))
    where = uploads.begin().replace("/sample/", "/other/")
    assert uploads.pages.request("HEAD", where, headers=tus()).status_code == 404


def test_a_coach_can_not_change_the_video(shared_until, uploads, stores) -> None:
    coach, _ = shared_until
    where = uploads.begin()
    as_coach = Uploads(coach, uploads.service)
    assert as_coach.create().status_code == 404
    assert as_coach.patch(where, 0, FILM).status_code == 404
    assert coach.request("DELETE", "/api/lessons/sample/video").status_code == 404
    assert len(stores.videos.of_lesson("sample")) == 1


def test_a_change_from_another_website_is_refused(client, uploads) -> None:
    where = uploads.begin()
    headers = tus(Upload_Offset="0", Content_Type="application/offset+octet-stream")
    headers["Sec-Fetch-Site"] = "cross-site"
    answer = client.request("PATCH", where, headers=headers, content=FILM)
    assert answer.status_code == 403
    assert uploads.offset(where) == 0


def test_a_server_without_videos_says_whom_to_ask(client, uploads, stores) -> None:
    client.app.state.videos = replace(uploads.service, settings=VideoSettings())
    answer = uploads.create()
    assert answer.status_code == 409
    assert "Ask the person who runs it" in answer.json()["detail"]
    assert uploads.state()["state"] == "off"


def test_deleting_destroys_the_key_first_and_leaves_an_entry(uploads, stores, client) -> None:
    video = add_video(stores.videos, uploads.files, "sample", FILM)
    assert client.get("/lessons/sample/video").status_code == 200
    before = uploads.files.path(video.file).read_bytes()
    assert client.request("DELETE", "/api/lessons/sample/video").status_code == 204
    assert client.get("/lessons/sample/video").status_code == 404
    assert stores.videos.of_lesson("sample") == []
    assert not uploads.files.keys.path(video.file).exists()
    assert sentences(stores)[0] == (
        "The-teacher removed the video of lesson sample for good, because they asked for it"
    )
    uploads.files.path(video.file).write_bytes(before)  # an old copy brings nothing back
    assert client.get("/lessons/sample/video").status_code == 404


def test_the_state_says_until_when_a_video_is_kept(uploads, stores) -> None:
    assert uploads.state()["kept_until"] is None
    add_video(stores.videos, uploads.files, "sample", FILM)
    state = uploads.state()
    assert (state["state"], state["is_ready"]) == ("ready", True)
    assert state["kept_until"] == "18 December 2025"


def test_the_sentences_end_as_sentences() -> None:
    for text in (upload_routes.GONE, upload_routes.OTHER_WORDS, upload_routes.FULL_NOW):
        assert text.endswith(".")


@pytest.mark.parametrize("is_whole", (True, False))
def test_an_upload_that_is_removed_while_it_comes_is_gone(uploads, stores, is_whole: bool) -> None:
    """By another program, which takes no turn."""
    where = uploads.begin()

    async def removed() -> AsyncIterator[bytes]:
        yield FILM[:2_000_000]
        (video,) = stores.videos.of_lesson("sample")
        stores.videos.remove(video, BY, "by_hand")
        yield FILM[2_000_000 : None if is_whole else 2_500_000]

    answer = uploads.patch(where, 0, removed())
    assert answer.status_code == 404
    assert answer.json()["detail"] == upload_routes.GONE


def test_a_second_try_waits_until_the_first_is_not_written_any_more(uploads) -> None:
    where, turns = uploads.begin(), uploads.service.turns
    first = where.rsplit("/", 1)[1]

    async def hold() -> None:
        async with turns.take(first) as turn:
            held.set()
            await turn.wanted

    held = asyncio.Event()

    async def begin() -> asyncio.Task[None]:
        holding = asyncio.create_task(hold())
        await held.wait()
        return holding

    runner = uploads.pages._runner
    holding = runner.run(begin())
    names = uploads.files.keys.names()
    assert uploads.create().status_code == 201
    assert holding.done()
    assert len(names) == 1
    assert uploads.files.keys.names() != names


def test_a_file_whose_video_is_deleted_while_it_is_read_is_not_taken(
    uploads, stores, filled, tmp_path
) -> None:
    path = tmp_path / "lesson.mp4"
    path.write_bytes(FILM)
    keeper = uploads.service.keeper(stores)

    def delete(_: int) -> None:
        for video in stores.videos.of_lesson("sample"):
            stores.videos.remove(video, BY, "by_hand")

    by = Actor(name="a test", utc_ns=filled.lesson.ends_utc_ns)
    with pytest.raises(NotTakenError, match="while it was read"):
        keeper.take_in(filled.lesson, path, by, say=delete)
