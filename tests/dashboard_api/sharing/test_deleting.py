"""A teacher deletes a lesson: through the purge, on real stores, with its signed record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.command import open_stores
from ingest.purge.log import PurgeLog
from ingest.purge.requests import PurgeFolder
from ingest.stores import open_period_store, open_score_writer
from school import open_school
from school.audit.actor import Actor
from school.debrief.records import StepText
from school.moments.records import Moment, Reply, Verdict
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie, open_test_school


@pytest.fixture
def school_dir(tmp_path: Path, sample_lesson) -> Path:
    """A data directory with the sample lesson, which is over and shared with a coach."""
    directory = tmp_path / "data"
    with (
        closing(open_test_school(directory)) as school,
        closing(open_period_store(directory)) as periods,
        closing(open_score_writer(directory)) as scores,
    ):
        sample = sample_lesson.Sample(start_utc_ns=START_NS)
        sample_lesson.write(periods, scores, school.lessons, sample)
        add_person(school.people, COACH, "coach")
        school.lessons.put_moment(
            Moment(
                id="c", lesson="sample", start_s=1, end_s=2, note="said", author=COACH, role="coach"
            )
        )
        school.sharing.share("sample", COACH, BY, until_utc_ns=START_NS + 86_400 * SECOND_NS)
    return directory


@pytest.fixture
def pages(school_dir: Path) -> Iterator[Pages]:
    clock = ManualClock(now_ns=0, utc_at_boot_ns=START_NS + 3600 * SECOND_NS)
    app = create_app(lambda: open_stores(school_dir), clock=clock, data_dir=school_dir)
    with closing(open_school(school_dir)) as school:
        cookies = cookie(school.people, clock.utc_ns())
    with ExitStack() as stack:
        stack.callback(app.state.deletions.stop)
        yield stack.enter_context(Pages(app, cookies))


def test_deleting_is_a_purge_with_its_record(pages: Pages, school_dir: Path) -> None:
    page = pages.get("/lessons/sample/delete").text
    assert "1 moment that people marked, 1 of them by others" in page
    assert COACH in page
    pages.app.state.deletions.start()
    assert pages.post("/lessons/sample/delete").headers["location"] == "/"
    assert pages.get("/api/lessons").json() == []
    assert pages.app.state.deletions.wait_until_idle(30)
    assert pages.get("/lessons/sample").status_code == 404
    (record,) = PurgeLog(school_dir).verified()
    assert record.request.lesson == "sample"
    assert record.removed["lessons and moments"] == 2
    assert PurgeFolder(school_dir).waiting() == []
    with closing(open_stores(school_dir)) as stores:
        assert stores.lessons.get("sample") is None
        assert stores.lessons.moments("sample") == []
        assert stores.scores.epochs("sample") == []
        done = [entry.action for entry in stores.audit.of_lesson("sample", 9)]
        assert done[:2] == ["purged", "deleted"]
        assert len(stores.sharing.teacher.notices(COACH)) == 1


def test_everyone_whose_words_go_is_told(pages: Pages, school_dir: Path) -> None:
    """A coach whose share has ended, who only answered, replied or proposed; not who deletes or is silent."""
    said = Moment(
        id="e", lesson="sample", start_s=1, end_s=2, note="", author="ended", role="coach"
    )
    with closing(open_stores(school_dir)) as stores:
        for name in ("ended", "answered", "silent", "replied", "proposed"):
            add_person(stores.people, name, "coach")
        stores.lessons.put_moment(said)
        stores.lessons.put_moment(replace(said, id="t", author=TEACHER, role="teacher"))
        stores.lessons.put_moment(replace(said, id="u", author=""))
        stores.lessons.put_moment(replace(said, id="g", author="gone"))
        stores.lessons.put_verdict(
            Verdict(
                lesson="sample", moment="x", by="answered", role="coach", is_confirmed=True,
                kind="lively", zone="room", start_s=1, end_s=2,
            )
        )  # fmt: skip
        reply = Reply(
            id="r", lesson="sample", moment="t", author="replied", role="coach", text="Why?",
            written_utc_ns=START_NS,
        )  # fmt: skip
        assert stores.lessons.add_reply(reply)
        by = Actor(name="proposed", utc_ns=START_NS, person="proposed")
        stores.sharing.steps.write("sample", StepText(what="Begin at once"), by)
    page = pages.get("/lessons/sample/delete").text
    assert "all replies to them" in page
    assert "your guess, your reflection, and each next step that was proposed" in page
    assert "5 moments that people marked, 4 of them by others" in page
    assert f"These people get a notice: answered, ended, proposed, replied, {COACH}" in page
    assert pages.post("/lessons/sample/delete").status_code == 303
    with closing(open_stores(school_dir)) as stores:
        notices = {
            name: len(stores.sharing.teacher.notices(name))
            for name in ("ended", "answered", "replied", "proposed", "silent", COACH, TEACHER)
        }
    assert [name for name, count in notices.items() if count] == [
        "ended", "answered", "replied", "proposed", COACH,
    ]  # fmt: skip
    assert sum(notices.values()) == 5


def test_what_a_stopped_program_left_is_finished_at_the_next_start(
    pages: Pages, school_dir: Path
) -> None:
    assert pages.post("/lessons/sample/delete").status_code == 303
    assert len(PurgeFolder(school_dir).waiting()) == 1
    assert pages.get("/api/lessons").json() == []
    pages.app.state.deletions.start()
    assert pages.app.state.deletions.wait_until_idle(30)
    assert len(PurgeLog(school_dir).verified()) == 1


def test_a_lesson_that_is_on_or_shares_its_room_is_not_deleted(
    pages: Pages, school_dir: Path
) -> None:
    with closing(open_stores(school_dir)) as stores:
        sample = stores.lessons.get("sample")
        assert sample is not None
        stores.lessons.put(replace(sample, id="beside", teacher="Mx Other"))
    assert pages.post("/lessons/sample/delete").headers["location"] == "/lessons/sample/delete"
    page = pages.get("/lessons/sample/delete").text
    assert "Another lesson was on in the same room" in page
    assert "for good</button>" not in page
    with closing(open_stores(school_dir)) as stores:
        stores.lessons.put(replace(sample, ends_utc_ns=START_NS + 7200 * SECOND_NS))
    assert "The lesson is not over yet" in pages.get("/lessons/sample/delete").text
    assert PurgeFolder(school_dir).waiting() == []
