"""A disk that is not mounted, or full, costs no video, and no video holds up the others."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from contract.errors import StoreError
from school.video.files import VideoFiles
from tests.dashboard_api.video.conftest import FILM, names, only
from tests.videos import add_video


@pytest.mark.parametrize("state", ("uploading", "converting", "ready"))
@pytest.mark.parametrize("step", ("the round", "the sweep", "the work"))
def test_the_keys_disk_may_go_and_come_back(background, uploads, stores, state, step) -> None:
    video = add_video(stores.videos, uploads.files, "sample", FILM, state=state)
    directory = uploads.files.keys.directory
    away = directory.rename(directory.with_name("away"))
    directory.mkdir()  # where it was mounted
    if step == "the work":
        background.work()
    elif step == "the round":
        with pytest.raises(StoreError, match="no key file"):
            background.tidy()
    else:  # it went after the round had looked
        with pytest.raises(StoreError, match="no key file"):
            background.tidying._sweep(stores, uploads.files, set(), uploads.files.names())
    assert only(stores).file == video.file
    assert uploads.files.names() == {video.file}
    directory.rmdir()
    away.rename(directory)
    background.tidy()
    assert names(uploads) == {video.file}


@pytest.mark.parametrize("state", ("checking", "converting"))
def test_a_file_that_is_not_there_may_be_copied_back(
    background, uploads, stores, media, state
) -> None:
    video = add_video(stores.videos, uploads.files, "sample", FILM, state=state)
    path = uploads.files.path(video.file)
    away = path.rename(path.with_name("away"))
    background.work()
    assert only(stores).state == state
    assert uploads.files.keys.names() == [video.file]
    away.rename(path)
    background.again()
    background.work()
    assert only(stores).state == "ready"


def test_a_conversion_whose_key_went_is_not_the_video_s(
    background, uploads, stores, media, monkeypatch
) -> None:
    media.plays = False
    uploads.patch(uploads.begin(), 0, FILM)
    begin = type(uploads.files).begin

    def begin_and_lose(files: VideoFiles, name: str) -> None:
        begin(files, name)
        files.keys.destroy(name)

    monkeypatch.setattr(type(uploads.files), "begin", begin_and_lose)
    background.work()
    assert only(stores).state == "converting"
    assert uploads.files.source(only(stores).file).size == len(FILM)


@pytest.mark.parametrize(
    "fault", (StoreError("no"), OSError(errno.EIO, "no"), RuntimeError("no"), ValueError("no"))
)
def test_a_video_that_can_t_be_prepared_holds_up_no_other(
    background, uploads, stores, media, filled, fault: Exception
) -> None:
    stores.lessons.put(replace(filled.lesson, id="other", room="other"))
    add_video(stores.videos, uploads.files, "sample", FILM, state="checking")
    add_video(stores.videos, uploads.files, "other", FILM, state="checking", utc_ns=2)
    media.fails, media.fails_for = fault, 1
    background.work()
    assert only(stores).state == "checking"
    assert stores.videos.ready("other") is not None
    background.work()  # it waits for its turn
    assert only(stores).state == "checking"
    background.again()
    background.work()
    assert only(stores).state == "ready"


@pytest.mark.parametrize("fault", ("missing", "one is under way", "too long ago"))
def test_the_path_of_a_plain_file_is_kept_until_it_is_taken_in(
    background, uploads, stores, filled, media, tmp_path, caplog, fault: str
) -> None:
    plain = tmp_path / "lesson.mp4"
    if fault != "missing":
        plain.write_bytes(FILM)
    stores.lessons.put(replace(filled.lesson, video=str(plain)))
    if fault == "one is under way":
        add_video(stores.videos, uploads.files, "sample", FILM, state="checking")
    tidying = background.tidying
    if fault == "too long ago":
        tidying._service = replace(uploads.service, days=-1_000)
    for _ in range(2):
        uploads.pages._runner.run(tidying._take_in_older())
    assert stores.lessons.get("sample").video == str(plain)
    assert len([each for each in caplog.records if str(plain) in each.getMessage()]) == 1
    plain.write_bytes(FILM)
    background.work()
    background.tidy()
    assert stores.lessons.get("sample").video is None
