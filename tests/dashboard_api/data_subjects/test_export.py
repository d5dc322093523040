"""A person downloads all that is held about them, over HTTP."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.data_subjects import export
from dashboard_api.data_subjects.zip_stream import ZipStream
from dashboard_api.web.store_thread import Stores
from school.lessons.records import Lesson
from school.people.data_subjects.held_tables import HELD
from school.sharing.cut import Span
from tests.dashboard_api.conftest import START_NS, Pages
from tests.signed_in import BY, COACH, TEACHER, add_person, cookie


def archive_of(answer: httpx.Response) -> zipfile.ZipFile:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith('attachment; filename="roomtone-20')
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def read(archive: zipfile.ZipFile, name: str) -> Any:
    return json.loads(archive.read(name))


def lesson_folder(archive: zipfile.ZipFile, lesson: str) -> str:
    (found,) = {
        name.rpartition("/")[0]
        for name in archive.namelist()
        if name.startswith("lessons/") and name.rpartition("/")[0].endswith(f"-{lesson}")
    }
    return found


def test_it_has_everything_that_the_list_of_tables_names(client, filled, stores) -> None:
    stores.sharing.teacher.exclude("sample", Span(0, 60), "fire_drill", "drill", BY)
    archive = archive_of(client.post("/account/export"))
    account, sign_in = read(archive, "account.json"), read(archive, "sign-in.json")
    assert account["person"][0]["sign_in_name"] == TEACHER
    assert account["person"][0]["has_second_factor"] is True
    assert {each["name"] for each in account["names_in_timetables"]} == {"Ms Ortega", "Ada", "t"}
    assert sign_in["sessions"][0]["browser"] == "a test"
    assert sign_in["sessions"][0]["created"].startswith("2025-11-18T12:05:00+01:00")
    folder = lesson_folder(archive, "sample")
    of_lesson = read(archive, f"{folder}/lesson.json")
    assert of_lesson["lesson"][0]["title"] == "Fractions, part 2"
    assert of_lesson["left_out"][0]["note"] == "drill"
    assert "They were ready quickly today" in of_lesson["moments"][0]["note"]
    known = {name for held in HELD for name in held.parts}
    exported = {*account, *sign_in, *read(archive, "sharing.json"), *of_lesson}
    assert exported == known
    for held in HELD:
        for file in held.files:
            names = archive.namelist()
            assert file in names or f"{folder}/{file}" in names, file
    text = archive.read("README.txt").decode()
    assert f"about {TEACHER}" in text
    for name in archive.namelist():
        assert name.rpartition("/")[2] in text, f"README.txt does not say what {name} is"


def test_readings_are_those_of_the_page(client, filled) -> None:
    archive = archive_of(client.post("/account/export"))
    folder = lesson_folder(archive, "sample")
    page = client.get("/api/lessons/sample/timeline?level_s=1").json()
    assert read(archive, f"{folder}/readings.json") == page
    assert any(value is not None for value in page["noise"]["mean"])
    moments = client.get("/api/lessons/sample/moments").json()
    assert read(archive, f"{folder}/moments-on-the-page.json") == moments


def test_it_is_recorded_for_the_person_and_for_each_lesson(client, filled, stores) -> None:
    archive = archive_of(client.post("/account/export"))
    assert stores.audit.of_person(TEACHER, 2)[1].sentence == (
        f"{TEACHER.capitalize()} exported all that is held about themselves"
    )
    assert (
        stores.audit.of_lesson("sample", 1)[0].sentence
        == f"{TEACHER.capitalize()} exported lesson sample"
    )
    by_you = read(archive, "audit-by-you.json")
    assert by_you[0]["action"] == "exported_held"
    folder = lesson_folder(archive, "sample")
    assert read(archive, f"{folder}/audit.json")[0]["action"] == "exported"


def test_a_coach_gets_shares_and_nothing_of_the_lesson(client, coach, filled, stores) -> None:
    archive = archive_of(coach.post("/account/export"))
    (share,) = read(archive, "sharing.json")["shared_with_you"]
    assert (share["lesson"], share["by"]) == ("sample", TEACHER)
    assert not [name for name in archive.namelist() if name.startswith("lessons/")]
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"Fractions" not in everything
    about = read(archive, "audit-about-you.json")
    assert any("shared lesson sample" in each["sentence"] for each in about)
    stores.sharing.teacher.hide("sample", BY)
    archive = archive_of(coach.post("/account/export"))
    assert read(archive, "sharing.json")["shared_with_you"] == []


def test_what_is_shared_by_one_is_listed_with_its_parts(client, filled, stores) -> None:
    add_person(stores.people, COACH, "coach")
    stores.sharing.share("sample", COACH, BY, until_utc_ns=START_NS * 2, spans=[Span(60, 120)])
    sharing = read(archive_of(client.post("/account/export")), "sharing.json")
    assert sharing["shared_by_you"][0]["with"] == COACH
    assert (sharing["parts_shared_by_you"][0]["start_s"],) == (60,)


def test_own_lessons_are_in_it_without_the_role(client, filled, stores) -> None:
    """Taking a role away does not take away what is held."""
    stores.people.set_roles(TEACHER, ["coach"], BY)
    with client.browser(cookie(stores.people, START_NS + 3600 * SECOND_NS)) as pages:
        assert pages.get("/lessons/sample").status_code == 404
        assert lesson_folder(archive_of(pages.post("/account/export")), "sample")


def test_names_of_files_can_lead_nowhere_else(client, stores) -> None:
    name = "../../etc/passwd\\x"
    stores.lessons.put(
        Lesson(
            id=name, room="r", teacher="Ada", title="t", starts_utc_ns=START_NS,
            ends_utc_ns=START_NS + 60 * SECOND_NS, source="button",
        )
    )  # fmt: skip
    archive = archive_of(client.post("/account/export"))
    assert all(".." not in Path(each).parts and "\\" not in each for each in archive.namelist())
    assert len([each for each in archive.namelist() if each.endswith("lesson.json")]) == 1


@pytest.fixture
def many(client, stores) -> int:
    for i in range(30):
        stores.lessons.put(
            Lesson(
                id=f"l-{i:02}", room=f"r-{i}", teacher="Ada", title="t",
                starts_utc_ns=START_NS + i * 60 * SECOND_NS,
                ends_utc_ns=START_NS + (i + 1) * 60 * SECOND_NS, source="button",
            )
        )  # fmt: skip
    return 30


def test_a_session_that_ends_meanwhile_ends_the_archive(client, many, stores, monkeypatch) -> None:
    made = export._lesson
    lessons: list[str] = []

    def counted(*given: Any) -> Any:
        lessons.append(given[3])
        if len(lessons) == 5:
            stores.people.set_password(TEACHER, "$argon2id$x", BY)
        return made(*given)

    monkeypatch.setattr(export, "_lesson", counted)
    answer = client.post("/account/export")
    assert len(lessons) == 5
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(answer.content))
    assert len(client.app.state.exports) == 0


def test_one_at_a_time(client, filled) -> None:
    places = client.app.state.exports
    with places.held(TEACHER):
        answer = client.post("/account/export")
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    assert len(archive_of(client.post("/account/export")).namelist()) > 5


def test_no_archive_is_in_memory_as_a_whole(sample_lesson, stores: Stores) -> None:
    """Each piece is made when the one before it is sent, and is as small as one lesson's file."""
    for i in range(3):
        sample_lesson.write(
            stores.periods, stores.scores, stores.lessons,
            sample_lesson.Sample(start_utc_ns=START_NS + i * 7200 * SECOND_NS, lesson=f"s-{i}",
                                 run=i + 1, teacher="Ada"),
        )  # fmt: skip
    person = stores.people.person(TEACHER)
    assert person is not None
    pieces = export.export_pieces(
        stores, person, BY, now_utc_ns=START_NS + 90_000 * SECOND_NS, zone=None
    )
    sizes: dict[str, int] = {}
    for name, piece in pieces:
        done = [each.lesson for each in stores.audit.latest(9) if each.action == "exported"]
        if name.startswith("lessons/00001"):
            assert done == ["s-0"]
        sizes[name] = max(sizes.get(name, 0), len(piece))
    assert len([name for name in sizes if name.endswith("readings.json")]) == 3
    assert max(sizes.values()) < 1_000_000


def test_a_stream_of_pieces_is_an_archive() -> None:
    stream = ZipStream(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))
    sent = b"".join(stream.write(*each) for each in (("a", b"1"), ("a", b"2"), ("b/c", b"3")))
    with zipfile.ZipFile(io.BytesIO(sent + stream.close())) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "a": b"12", "b/c": b"3",
        }  # fmt: skip
        assert archive.infolist()[0].external_attr >> 16 == 0o600


def test_who_needs_a_second_factor_first_sets_it_up(stores, clock: ManualClock) -> None:
    stores.people.add("Root", "root", ["administrator"], BY, person_id="root")
    app = create_app(lambda: stores, clock=clock)
    with Pages(app, cookie(stores.people, clock.utc_ns(), "root")) as pages:
        assert pages.post("/account/export").status_code == 403
