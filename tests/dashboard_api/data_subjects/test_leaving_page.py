"""An administrator removes the name of someone who leaves, on the pages and real stores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.command import open_stores
from ingest.purge.log import PurgeLog
from ingest.purge.requests import PersonLeft, PurgeRequest
from ingest.stores import open_period_store, open_score_writer
from school import open_school
from school.people.passwords import hash_password
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, COACH, add_person, cookie, open_test_school

LEAVER, ROOT = "leaver", "root"
NAME = "Lea Ver-Nachname"
NOW_NS = START_NS + 3600 * SECOND_NS
HASHED = hash_password("tuba glacier mitten 94")


@pytest.fixture
def school_dir(tmp_path: Path, sample_lesson) -> Path:
    """A data directory in which someone who leaves has shared a lesson, which is over."""
    directory = tmp_path / "data"
    with (
        closing(open_test_school(directory)) as school,
        closing(open_period_store(directory)) as periods,
        closing(open_score_writer(directory)) as scores,
    ):
        for person in (ROOT, COACH):
            add_person(school.people, person, "administrator" if person == ROOT else "coach")
        school.people.set_password(ROOT, HASHED, BY)
        school.people.add(NAME, "lea@school.example", ["teacher"], BY, person_id=LEAVER)
        school.sharing.tie_name("Ms Ver", LEAVER, BY)
        sample = sample_lesson.Sample(start_utc_ns=START_NS, teacher="Ms Ver")
        sample_lesson.write(periods, scores, school.lessons, sample)
        school.sharing.share("sample", COACH, BY, until_utc_ns=START_NS + 86_400 * SECOND_NS)
    return directory


@pytest.fixture
def pages(school_dir: Path) -> Iterator[Pages]:
    clock = ManualClock(now_ns=0, utc_at_boot_ns=NOW_NS)
    app = create_app(lambda: open_stores(school_dir), clock=clock, data_dir=school_dir)
    with ExitStack() as stack:
        stack.callback(app.state.deletions.stop)
        yield stack.enter_context(Pages(app, session(school_dir, ROOT)))


def session(school_dir: Path, person: str) -> dict[str, str]:
    with closing(open_school(school_dir)) as school:
        return cookie(school.people, NOW_NS, person)


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_the_page_says_what_will_happen_first(pages: Pages, school_dir: Path) -> None:
    assert f"/people/{LEAVER}/leaving" in pages.get("/people").text
    with closing(open_school(school_dir)) as school:
        school.people.start_session(LEAVER, "b", NOW_NS)
    text = text_of(pages.get(f"/people/{LEAVER}/leaving"))
    for words in (
        f"the name {NAME}", "and the roles, 1 session", "1 share of their lessons, open offers, requests to observe",
        "requests to observe, next steps, guesses, reflections",
        "teacher’s name Ms Ver", "1 lesson of theirs", "reads “a person who left”",
        "Also delete their lesson", "no program can find it there", "in backups made before",
    ):  # fmt: skip
        assert words in text, words
    assert not re.search(r"\b0 ", text)
    assert NAME in pages.get("/people").text


def test_their_name_goes_and_their_lessons_stay_opened_to_nobody(
    pages: Pages, school_dir: Path
) -> None:
    theirs = session(school_dir, LEAVER)
    with pages.browser(theirs) as browser:
        assert browser.get("/lessons/sample").status_code == 200
        assert pages.post(f"/people/{LEAVER}/leaving", data={}).headers["location"] == "/people"
        assert browser.get("/lessons/sample").status_code == 401
    assert NAME not in pages.get("/people").text
    assert pages.get(f"/people/{LEAVER}/leaving").status_code == 404
    assert pages.post(f"/people/{LEAVER}/roles", data={"roles": "coach"}).status_code == 404
    assert pages.post(f"/people/{LEAVER}/invitation").status_code == 404
    with pages.browser(session(school_dir, COACH)) as coach:
        assert coach.get("/lessons/sample").status_code == 404
    entries = text_of(pages.get("/audit"))
    assert "Root removed the name of a person who left" in entries
    assert NAME not in entries
    with closing(open_stores(school_dir)) as stores:
        assert stores.lessons.get("sample") is not None
        assert stores.scores.epochs("sample")
        (held,) = stores.sharing.held_between(0, NOW_NS, NOW_NS)
        assert held.teacher == LEAVER  # so that they go on to be counted as one teacher


def test_it_stands_in_the_record_of_purges(pages: Pages, school_dir: Path) -> None:
    pages.post(f"/people/{LEAVER}/leaving", data={})
    assert PurgeLog(school_dir).verified() == []
    pages.app.state.deletions.start()
    assert pages.app.state.deletions.wait_until_idle(30)
    (record,) = PurgeLog(school_dir).verified()
    assert record.request == PersonLeft(id=LEAVER, left_utc_ns=NOW_NS, deletes_lessons=False)
    assert NAME not in (school_dir / "purge-log.jsonl").read_text(encoding="utf-8")
    pages.app.state.deletions.wake()
    assert pages.app.state.deletions.wait_until_idle(30)
    assert len(PurgeLog(school_dir).verified()) == 1


def test_with_their_lessons(pages: Pages, school_dir: Path) -> None:
    pages.app.state.deletions.start()
    answer = pages.post(f"/people/{LEAVER}/leaving", data={"deletes_lessons": "yes"})
    assert answer.status_code == 303
    assert pages.app.state.deletions.wait_until_idle(60)
    left, purged = [each.request for each in PurgeLog(school_dir).verified()]
    assert isinstance(left, PersonLeft)
    assert isinstance(purged, PurgeRequest)
    assert purged.lesson == "sample"
    with closing(open_stores(school_dir)) as stores:
        assert stores.lessons.get("sample") is None
        assert stores.scores.epochs("sample") == []
        assert [each.by_name for each in stores.sharing.teacher.notices(COACH)] == [
            "a person who left"
        ]


def test_a_lesson_that_shares_its_room_with_anothers_is_not_deleted(
    pages: Pages, school_dir: Path
) -> None:
    with closing(open_stores(school_dir)) as stores:
        sample = stores.lessons.get("sample")
        assert sample is not None
        stores.lessons.put(replace(sample, id="beside", teacher="Mx Other"))
    pages.app.state.deletions.start()
    pages.post(f"/people/{LEAVER}/leaving", data={"deletes_lessons": "yes"})
    assert pages.app.state.deletions.wait_until_idle(60)
    with closing(open_stores(school_dir)) as stores:
        assert stores.lessons.get("sample") is not None
        assert stores.sharing.reach("sample", COACH, NOW_NS) == "any"
    assert [type(each.request) for each in PurgeLog(school_dir).verified()] == [PersonLeft]


def test_nobody_removes_their_own_name_or_the_last_administrators(
    pages: Pages, school_dir: Path
) -> None:
    page = pages.get(f"/people/{ROOT}/leaving")
    assert "can't remove your own name" in text_of(page)
    assert "for good</button>" not in page.text
    assert pages.post(f"/people/{ROOT}/leaving", data={}).status_code == 422
    assert f"/people/{ROOT}/leaving" not in pages.get("/people").text
    with closing(open_school(school_dir)) as school:
        add_person(school.people, "second", "administrator")
    with pages.browser(session(school_dir, "second")) as second:
        answer = second.post(f"/people/{ROOT}/leaving", data={})
        assert answer.status_code == 422
        assert "last administrator" in text_of(answer)


def test_without_a_data_directory_no_lesson_can_be_deleted(school_dir: Path) -> None:
    clock = ManualClock(now_ns=0, utc_at_boot_ns=NOW_NS)
    app = create_app(lambda: open_stores(school_dir), clock=clock)
    with Pages(app, session(school_dir, ROOT)) as pages:
        answer = pages.post(f"/people/{LEAVER}/leaving", data={"deletes_lessons": "yes"})
        assert answer.status_code == 422
        assert NAME in pages.get("/people").text
