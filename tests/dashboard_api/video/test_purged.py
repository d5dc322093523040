"""Whoever deletes a lesson on its page deletes its video; so does someone who leaves with their lessons."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import SECOND_NS, SystemClock
from dashboard_api.command import open_stores
from dashboard_api.sharing.deletion import Deletions, deletion_plan
from dashboard_api.web.viewer import Viewer
from ingest.stores import open_period_store, open_score_writer
from school import School, open_school
from school.lessons.records import Lesson
from school.video.files import VideoFiles
from school.video.keys import VideoKeys
from tests.dashboard_api.server import until
from tests.signed_in import BY, TEACHER, open_test_school
from tests.videos import add_video


@pytest.fixture
def files(tmp_path: Path) -> VideoFiles:
    return VideoFiles(tmp_path / "videos", VideoKeys(tmp_path / "keys"))


@pytest.fixture
def directory(tmp_path: Path, files: VideoFiles) -> Path:
    """A data directory with a lesson that is over, and its video."""
    folder = tmp_path / "data"
    now = SystemClock().utc_ns()
    with closing(open_test_school(folder)) as school:
        school.lessons.put(
            Lesson(
                id="maths", room="r", teacher="Ada", title="", starts_utc_ns=now - 7_200 * SECOND_NS,
                ends_utc_ns=now - 3_600 * SECOND_NS, source="timetable",
            )
        )  # fmt: skip
        add_video(school.videos, files, "maths", b"film" * 1_000)
    open_period_store(folder).close()
    open_score_writer(folder).close()
    return folder


def run(directory: Path, files: VideoFiles) -> None:
    deletions = Deletions(directory, SystemClock(), videos=files)
    deletions.start()
    assert deletions.wait_until_idle(60)
    deletions.stop()


def lessons(school: School) -> list[str]:
    return [each.id for each in school.lessons.lessons()]


def test_deleting_a_lesson_deletes_its_video(directory: Path, files: VideoFiles) -> None:
    stores = open_stores(directory)
    person = stores.people.person(TEACHER)
    lesson = stores.lesson("maths")
    assert person is not None
    assert lesson is not None
    now = SystemClock().utc_ns()
    viewer = Viewer(person=person, session=None, action=None, utc_ns=now, people_utc_ns=now)
    deletions = Deletions(directory, SystemClock(), videos=files)
    deletions.ask(stores, viewer, lesson, deletion_plan(stores, lesson, now))
    stores.close()
    run(directory, files)
    assert files.names() == set() == set(files.keys.names())
    with closing(open_school(directory)) as school:
        assert lessons(school) == []


def test_someone_who_leaves_with_their_lessons_leaves_no_video(
    directory: Path, files: VideoFiles
) -> None:
    with closing(open_school(directory)) as school:
        school.people.set_roles(TEACHER, ["teacher"], BY)
        school.people.leaving.leave(
            TEACHER, BY, utc_ns=SystemClock().utc_ns(), deletes_lessons=True
        )
    run(directory, files)
    until(lambda: files.names() == set())
    assert files.keys.names() == []


def test_someone_who_leaves_without_them_leaves_them(directory: Path, files: VideoFiles) -> None:
    with closing(open_school(directory)) as school:
        school.people.set_roles(TEACHER, ["teacher"], BY)
        school.people.leaving.leave(
            TEACHER, BY, utc_ns=SystemClock().utc_ns(), deletes_lessons=False
        )
    run(directory, files)
    assert len(files.names()) == 1
