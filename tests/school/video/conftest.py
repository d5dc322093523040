"""Sealed videos in two directories of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from school.video.files import VideoFiles
from school.video.keys import VideoKeys


@pytest.fixture
def files(tmp_path: Path) -> VideoFiles:
    made = VideoFiles(tmp_path / "videos", VideoKeys(tmp_path / "keys"))
    made.prepare(1)
    return made
