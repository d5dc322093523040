"""A disk that is not mounted, or full, costs no video."""

from __future__ import annotations

from contextlib import suppress

import pytest

from contract.errors import StoreError
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
        with suppress(StoreError):  # it is tried again later
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
